"""PostgreSQL from inside: by its unix socket, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.verify.postgres import PostgresServer, socket_directories
from security.sandbox import Sandbox, SandboxSpec

pytestmark = pytest.mark.sandbox

_QUERY = """
import asyncio, os, sys
import asyncpg
async def main():
    connection = await asyncpg.connect(sys.argv[1].replace("+asyncpg", ""), timeout=5)
    print(await connection.fetchval(sys.argv[2]))
    await connection.close()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        started.create_database("inside")
        yield started


def query(sandbox: Sandbox, url: str, statement: str) -> tuple[str, str]:
    done = sandbox.run(["python3", "-c", _QUERY, url, statement], timeout_s=20)
    return done.stdout.strip(), done.stderr


def test_a_named_database_answers(server: PostgresServer, tmp_path: Path) -> None:
    url = server.url("inside")
    spec = SandboxSpec(root=tmp_path, databases=socket_directories(url))
    with Sandbox(spec) as sandbox:
        assert query(sandbox, url, "select 6 * 7")[0] == "42"
        assert query(sandbox, url, "select current_database()")[0] == "inside"


def test_one_that_is_not_named_does_not(server: PostgresServer, tmp_path: Path) -> None:
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        answer, trouble = query(sandbox, server.url("inside"), "select 6 * 7")
    assert answer == ""
    assert "FileNotFoundError" in trouble


def test_it_is_not_reached_over_the_network(server: PostgresServer, tmp_path: Path) -> None:
    spec = SandboxSpec(root=tmp_path, databases=socket_directories(server.url("inside")))
    with Sandbox(spec) as sandbox:
        answer, trouble = query(sandbox, "postgresql://backend@127.0.0.1/inside", "select 6 * 7")
    assert answer == ""
    assert "ConnectionRefused" in trouble or "OSError" in trouble


def test_its_socket_stays_where_it_is(server: PostgresServer, tmp_path: Path) -> None:
    url = server.url("inside")
    (place,) = socket_directories(url)
    with Sandbox(SandboxSpec(root=tmp_path, databases=(place,))) as sandbox:
        for line in (f"rm -f {place}/.s*", f"touch {place}/new", f"mv {place} {place}-moved"):
            assert sandbox.run(line).exit_code != 0, line
        assert query(sandbox, url, "select 1")[0] == "1"


def test_the_role_of_a_session_runs_no_program_on_the_server(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.url("inside")
    spec = SandboxSpec(root=tmp_path, databases=socket_directories(url))
    with Sandbox(spec) as sandbox:
        for statement in (
            "copy (select 1) to program 'touch /tmp/owned'",
            "select pg_read_file('/etc/passwd')",
            "create extension plpython3u",
            "set role postgres",
        ):
            answer, trouble = query(sandbox, url, statement)
            assert answer == "", statement
            assert "Error" in trouble, statement
