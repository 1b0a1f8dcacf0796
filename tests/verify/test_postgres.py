import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from harness.verify import cluster
from harness.verify import postgres as postgres_module
from harness.verify.errors import DatabaseUnavailable
from harness.verify.postgres import PostgresServer


async def run(server: PostgresServer, database: str, statement: str) -> object:
    connection = await asyncpg.connect(server.url(database, "postgresql"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_databases_are_made_from_templates_and_dropped(postgres: PostgresServer) -> None:
    prepared = []
    for _ in range(2):
        postgres.ensure_template("first", prepared.append)
    assert prepared == [postgres.url("first_draft")]
    asyncio.run(run(postgres, "first", "CREATE TABLE t AS SELECT 5 AS n"))
    postgres.create_database("second", template="first")
    assert asyncio.run(run(postgres, "second", "SELECT n FROM t")) == 5
    postgres.drop_database("second")
    assert not postgres.admin.exists("second")


def test_a_template_that_cannot_be_prepared_is_not_kept(postgres: PostgresServer) -> None:
    def fail(_: str) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        postgres.ensure_template("broken", fail)
    assert postgres.admin.names("broken") == []


async def test_it_works_inside_of_an_event_loop(postgres: PostgresServer) -> None:
    postgres.create_database("inside")
    assert await run(postgres, "inside", "SELECT 1") == 1


def test_data_in_a_directory_is_kept(tmp_path: Path) -> None:
    for expected in (False, True):
        with PostgresServer(tmp_path, durable=True) as server:
            assert server.admin.exists("kept") is expected
            server.create_database("kept")
            assert asyncio.run(run(server, "kept", "SHOW fsync")) == "on"


def test_databases_of_an_interrupted_replay_are_dropped(tmp_path: Path) -> None:
    for name in ("replay_1", "schema_1"):
        with PostgresServer(tmp_path) as server:
            assert not server.admin.exists("replay_1")
            server.create_database(name)
    with PostgresServer(tmp_path) as server:
        assert server.admin.exists("schema_1")


def test_a_second_server_on_a_directory_goes_elsewhere_or_says_so(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as first:
        first.create_database("mine")
        with PostgresServer(tmp_path) as second:
            assert not second.admin.exists("mine")
        with pytest.raises(DatabaseUnavailable, match="in use"):
            PostgresServer(tmp_path, durable=True).start()


def test_broken_throw_away_data_is_made_anew(tmp_path: Path) -> None:
    with PostgresServer(tmp_path):
        pass
    (tmp_path / "data" / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable, match="does not start"):
        PostgresServer(tmp_path, durable=True).start()
    with PostgresServer(tmp_path) as server:
        server.create_database("again")


def test_it_ends_with_a_killed_harness_and_starts_again(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from harness.verify.postgres import PostgresServer\n"
        "server = PostgresServer(Path(sys.argv[1])); server.start()\n"
        "print('up', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"up\n"
        pid = int((tmp_path / "data" / "postmaster.pid").read_text().split()[0])
        harness.kill()
    with PostgresServer(tmp_path) as server:
        server.create_database("back")
    assert not is_running(pid)


def test_an_orphan_is_ended_before_the_next_start(tmp_path: Path) -> None:
    first = PostgresServer(tmp_path)
    first.start()
    assert first._process is not None
    assert first._lock is not None
    first._lock.close()
    with PostgresServer(tmp_path) as second:
        second.create_database("back")
        assert first._process.wait(5) is not None
    first._lock = None
    first._process = None
    first._temporary.clear()


def test_a_stale_pid_file_of_another_process_is_no_obstacle(tmp_path: Path) -> None:
    with PostgresServer(tmp_path):
        pass
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path / 'data'}\n")
    with PostgresServer(tmp_path) as server:
        server.create_database("there")


def test_database_url_takes_precedence(postgres: PostgresServer, tmp_path: Path) -> None:
    with PostgresServer(tmp_path, database_url=postgres.admin_url) as server:
        server.create_database("over_url")
        assert asyncio.run(run(server, "over_url", "SHOW synchronous_commit")) == "off"
        there = postgres.admin_url.partition(":")[2].replace("/postgres?", "/x?")
        assert server.url("x") == f"postgresql+asyncpg:{there}"
    assert postgres.admin.exists("over_url")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/pwned'",
        "COPY (SELECT 1) TO '/tmp/pwned'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/pwned')",
        "ALTER SYSTEM SET archive_command = 'touch /tmp/pwned'",
        "ALTER ROLE backend SUPERUSER",
        "SET ROLE postgres",
        "CREATE ROLE other SUPERUSER",
        "CREATE DATABASE other",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/pwned.so', 'f'",
    ],
)
def test_a_backend_may_only_use_its_database(postgres: PostgresServer, statement: str) -> None:
    if not postgres.admin.exists("confined"):
        postgres.create_database("confined")
    with pytest.raises(asyncpg.PostgresError, match=r"permission|must be superuser|only|denied"):
        asyncio.run(run(postgres, "confined", statement))


def test_a_session_opens_its_own_database_only(postgres: PostgresServer) -> None:
    url = postgres.session_database().replace("+asyncpg", "")
    postgres.create_database("of_a_verdict")

    async def made() -> object:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept (id int)")
        found = await connection.fetchval("SELECT count(*) FROM kept")
        await connection.close()
        return found

    assert asyncio.run(made()) == 0
    for user, database in (("session", "of_a_verdict"), ("session", "postgres")):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            asyncio.run(asyncpg.connect(url, user=user, database=database))
    for database in ("of_a_verdict", "session"):
        with pytest.raises(asyncpg.PostgresError, match="password"):
            asyncio.run(asyncpg.connect(url, user="backend", database=database, password="x"))


def test_the_superuser_needs_a_password_that_only_its_owner_can_read(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        open_url = f"postgresql://postgres:@/postgres?host={server.socket_directory}"
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asyncpg.connect(open_url))
        key = tmp_path / "data" / "superuser.password"
        assert key.stat().st_mode & 0o077 == 0


def test_a_directory_whose_superuser_is_open_is_set_aside(tmp_path: Path) -> None:
    with PostgresServer(tmp_path, durable=True) as server:
        server.create_database("old")
    (tmp_path / "data" / "superuser.password").unlink()
    with PostgresServer(tmp_path, durable=True) as server:
        assert not server.admin.exists("old")
    assert [path.name[:5] for path in tmp_path.glob("data-*")] == ["data-"]


def test_an_unreachable_server_is_a_clear_error() -> None:
    url = "postgresql://nobody@127.0.0.1:9/x"
    with pytest.raises(DatabaseUnavailable, match=r"DATABASE_URL"):
        PostgresServer(database_url=url).start()


def is_running(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if b"\nState:\tZ" in Path(f"/proc/{pid}/status").read_bytes():
            return False
        time.sleep(0.05)
    return True


def test_root_becomes_nobody_where_namespaces_are_not_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = [shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
    for module in (cluster, postgres_module):
        monkeypatch.setattr(module, "unprivileged", lambda: prefix if os.geteuid() == 0 else [])
    with PostgresServer(tmp_path) as server:
        server.create_database("there")
        assert server._process is not None
        user = Path(f"/proc/{server._process.pid}").stat().st_uid
        assert user == (65534 if os.geteuid() == 0 else os.geteuid())
