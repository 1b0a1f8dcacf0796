import os
from pathlib import Path

import pytest

from harness.verify.backend import BackendProcess, run_tool
from harness.verify.client import Client
from harness.verify.errors import BackendFailed
from harness.verify.postgres import PostgresServer
from harness.verify.runner import Command, LocalRunner
from harness.verify.verify import migrated_template

ECHO = """
import os
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = "\\n".join(sorted(os.environ)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A backend that answers with the names in its environment."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text(ECHO)
    return tmp_path


def test_nothing_of_the_harness_reaches_the_backend(
    echo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY_OF_THE_HARNESS", "x")
    with BackendProcess(echo, "postgresql://db") as backend:
        backend.wait_ready()
        with Client(backend.base_url) as client:
            names = client.send("GET", "/", (), b"").body.decode().split()
    allowed = {"DATABASE_URL", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}
    assert {name for name in names if not name.startswith("PYTHON")} <= allowed
    assert "DATABASE_URL" in names


def test_stop_ends_the_whole_group(echo: Path) -> None:
    (echo / "app" / "main.py").write_text(
        "import subprocess\nchild = subprocess.Popen(['sleep', '60'])\n"
        "open('child', 'w').write(str(child.pid))\n" + ECHO
    )
    with BackendProcess(echo, "postgresql://db") as backend:
        backend.wait_ready()
        child = int((echo / "child").read_text())
        os.kill(child, 0)
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_the_log_is_kept_and_quoted(echo: Path, tmp_path: Path) -> None:
    (echo / "app" / "main.py").write_text("raise RuntimeError('no such table')\n")
    log = tmp_path / "logs" / "backend.log"
    backend = BackendProcess(echo, "postgresql://db", log=log)
    with backend, pytest.raises(BackendFailed, match=r"(?s)ends while it starts.*no such table"):
        backend.wait_ready()
    assert "no such table" in log.read_text()


def test_a_port_in_use_is_a_clear_error(echo: Path) -> None:
    with BackendProcess(echo, "postgresql://db") as backend:
        port = int(backend.base_url.rpartition(":")[2])
        with pytest.raises(BackendFailed, match=f"port {port} cannot be used"):
            BackendProcess(echo, "postgresql://db", port=port).start()


def test_a_runner_can_be_slid_in(postgres: PostgresServer, notes: Path) -> None:
    class Watching(LocalRunner):
        seen: tuple[Path, ...] = ()

        def start(self, command: Command):  # type: ignore[no-untyped-def]  # noqa: ANN202
            Watching.seen = command.databases
            return super().start(command)

    postgres.create_database("ran", migrated_template(notes, postgres))
    with BackendProcess(notes, postgres.url("ran"), runner=Watching()) as backend:
        backend.wait_ready()
    assert Watching.seen == (postgres.socket_directory,)


def test_a_tool_that_fails_shows_its_last_lines(echo: Path) -> None:
    with pytest.raises(BackendFailed, match=r"(?s)exit code 3.*on fire"):
        run_tool(echo, "postgresql://db", ["sh", "-c", "echo on fire; exit 3"])
