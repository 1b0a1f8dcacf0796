"""The shell of a session, with the real guard, the real sandbox and a real database."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import SetupError
from harness.sessions.shell import GuardedShell, Shells
from harness.verify.postgres import PostgresServer
from security import Decision
from security.policy import shipped

pytestmark = pytest.mark.sandbox

_SERVER = "import http.server\nhttp.server.test(http.server.SimpleHTTPRequestHandler, port=8000)\n"
_WAIT = """
import socket, time
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", 8000)).close()
        break
    except OSError:
        time.sleep(0.05)
"""
_QUERY = """
import asyncio, os
import asyncpg
async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"].replace("+asyncpg", ""))
    print(await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'"))
    await connection.execute("create table kept ()")
asyncio.run(main())
"""


@dataclass
class Decisions:
    """A recorder that keeps what the guard decided."""

    made: list[tuple[str, bool, str]] = field(default_factory=list)

    def tool(self, name: str, detail: str) -> None: ...

    def decided(self, command: str, decision: Decision) -> None:
        self.made.append((command, decision.allowed, decision.line))

    def spent(self, tokens: int, usd: float) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        yield started


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A backend's repository; its session works in a work tree beside it."""
    backend = tmp_path / "backend"
    (backend / "tests" / "acceptance").mkdir(parents=True)
    (backend / "feature_list.json").write_text("[]\n")
    (backend / "tests" / "acceptance" / "test_spec.py").write_text("frozen = True\n")
    git = ["git", "-C", str(backend), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *command], check=True)
    work = ["worktree", "add", "-q", "-b", "session", str(tmp_path / "session")]
    subprocess.run([*git, *work], check=True)
    return backend


@pytest.fixture
def record() -> Decisions:
    return Decisions()


@pytest.fixture
def shell(
    repository: Path, server: PostgresServer, record: Decisions, folder: Path
) -> Iterator[GuardedShell]:
    shells = Shells(shipped(), repository, server)
    with shells(folder, record) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "session"


def test_a_refused_command_is_not_run_and_is_recorded(
    shell: GuardedShell, record: Decisions, folder: Path
) -> None:
    ran = shell.run("curl http://192.0.2.1/ -o new; touch new")
    assert ran.exit_code is None
    assert not ran.ok
    assert ran.output.startswith("refused: ")
    assert not (folder / "new").exists()
    ((command, allowed, line),) = record.made
    assert (command, allowed) == ("curl http://192.0.2.1/ -o new; touch new", False)
    assert ran.output == f"refused: {line}"


def test_an_allowed_one_is_run_and_recorded(
    shell: GuardedShell, record: Decisions, folder: Path
) -> None:
    ran = shell.run("mkdir app && touch app/main.py && ls app")
    assert (ran.exit_code, ran.output) == (0, "main.py")
    assert (folder / "app" / "main.py").exists()
    assert [allowed for _, allowed, _ in record.made] == [True]


def test_exit_codes_and_both_outputs_come_back(shell: GuardedShell) -> None:
    ran = shell.run("python3 -c 'import sys; print(1); print(2, file=sys.stderr); sys.exit(3)'")
    assert (ran.exit_code, ran.output) == (3, "1\n2")


def test_a_server_lasts_until_the_session_ends(shell: GuardedShell, folder: Path) -> None:
    (folder / "serve.py").write_text(_SERVER)
    (folder / "page").write_text("hello\n")
    assert shell.run("python3 serve.py >server.log 2>&1 &").exit_code == 0
    (folder / "wait.py").write_text(_WAIT)
    assert shell.run("python3 wait.py && curl -s http://127.0.0.1:8000/page").output == "hello"
    shell.close()
    assert shell.run("curl -s http://127.0.0.1:8000/page").exit_code == 7


def test_a_timeout_is_told(shell: GuardedShell) -> None:
    ran = shell.run("sleep 60", timeout_s=0.5)
    assert not ran.ok
    assert "ended after" in ran.output


@pytest.mark.parametrize(
    "code",
    [
        "open('feature_list.json', 'w').write('[1]')",
        "import os; os.remove('feature_list.json')",
        "import os; os.replace('new', 'feature_list.json')",
        "open('tests/acceptance/test_spec.py', 'w').close()",
        "open('tests/acceptance/test_new.py', 'w').close()",
        "import os; os.rename('tests', 'moved')",
        "import os; os.rename('tests/acceptance', 'moved')",
        "import shutil; shutil.rmtree('tests')",
    ],
)
def test_what_the_harness_judges_by_cannot_be_written(
    code: str, shell: GuardedShell, folder: Path
) -> None:
    (folder / "new").touch()
    (folder / "script.py").write_text(code)
    for line in (f'python -c "{code}"', "python script.py"):
        assert not shell.run(line).ok
    assert (folder / "feature_list.json").read_text() == "[]\n"
    kept = folder / "tests" / "acceptance"
    assert [(path.name, path.read_text()) for path in kept.iterdir()] == [
        ("test_spec.py", "frozen = True\n")
    ]


def test_each_session_has_an_empty_database(
    shell: GuardedShell, repository: Path, server: PostgresServer, folder: Path
) -> None:
    (folder / "query.py").write_text(_QUERY)
    first = shell.run("python query.py")
    assert (first.exit_code, first.output) == (0, "0")
    assert shell.run("python query.py").output.startswith("1\n")
    shell.close()
    with Shells(shipped(), repository, server)(folder, Decisions()) as other:
        assert other.run("python query.py").output == "0"


def test_git_can_be_read(shell: GuardedShell, folder: Path) -> None:
    (folder / "new.py").touch()
    (folder / "feature_list.json").write_text("[2]\n")
    ran = shell.run("git status --short && git log --oneline && git diff --stat")
    assert ran.ok, ran.output
    assert "?? new.py" in ran.output
    assert "First" in ran.output
    assert "feature_list.json | 2 +-" in ran.output


def test_the_repository_cannot_be_written(
    shell: GuardedShell, repository: Path, folder: Path
) -> None:
    target = repository / ".git" / "hooks" / "post-commit"
    (folder / "script.py").write_text(f"open({str(target)!r}, 'w').write('x')")
    assert not shell.run("python script.py").ok
    assert not target.exists()


def test_a_sandbox_that_broke_is_replaced(shell: GuardedShell, folder: Path) -> None:
    assert shell.run("ls").ok
    assert shell._session is not None
    shell._session.close()
    assert shell.run("ls").ok


def test_without_a_sandbox_nothing_is_run(
    repository: Path,
    server: PostgresServer,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with (
        Shells(shipped(), repository, server)(folder, Decisions()) as shell,
        pytest.raises(SetupError, match="cannot be sandboxed"),
    ):
        shell.run("touch new.py")
    assert not (folder / "new.py").exists()
    accepted = Shells(shipped(), repository, server, accept_risk=True)
    with accepted(folder, Decisions()) as shell:
        assert shell.run("touch new.py").ok
        assert shell.run("touch ../new.py").exit_code is None
    assert (folder / "new.py").exists()
