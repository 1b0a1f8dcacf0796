"""Generated code behind a sandbox: the runner of verification, and what is said without one."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from websockets.sync.client import connect

from harness.errors import EXIT_SETUP, SetupError
from harness.verify.backend import BackendProcess
from harness.verify.confined import ACCEPT_RISK, ConfinedRunner, runner
from harness.verify.postgres import PostgresServer
from harness.verify.runner import Command, LocalRunner, clean_environment, stop_group
from harness.verify.verify import migrated_template

pytestmark = pytest.mark.sandbox

ECHO = """
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"]})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
"""


def run(line: str, cwd: Path, *, reads: tuple[Path, ...] = (), **env: str) -> tuple[int, str]:
    with TemporaryFile() as output:
        process = ConfinedRunner().start(
            Command(["sh", "-c", line], cwd, clean_environment(**env), output=output, reads=reads)
        )
        code = process.wait(20)
        output.seek(0)
        return code, output.read().decode()


def test_its_directory_can_be_read_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "file").write_text("content\n")
    (tmp_path / "secret").write_text("secret")
    code, said = run("cat file ../secret; touch new", tmp_path / "backend")
    assert code != 0
    assert said.startswith("content\n")
    assert "secret\n" not in said.splitlines()
    assert not (tmp_path / "backend" / "new").exists()


def test_what_else_it_reads_is_named(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "seed.json").write_text("{}\n")
    line = f"cat {tmp_path}/seed.json"
    assert run(line, tmp_path / "backend")[0] != 0
    named = run(line, tmp_path / "backend", reads=(tmp_path / "seed.json",))
    assert named == (0, "{}\n")


def test_nothing_of_the_harness_is_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-the-harness")
    code, said = run("env; cat /proc/*/environ 2>/dev/null; true", tmp_path, NAMED="yes")
    assert code == 0
    assert "NAMED=yes" in said
    assert "key-of-the-harness" not in said


def test_no_descriptor_of_the_sandbox_stays_open_here(tmp_path: Path) -> None:
    before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    assert run("true", tmp_path) == (0, "")
    assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before


def test_stopping_it_ends_what_it_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = "setsid sleep 1000 & sleep 1000"
        process = ConfinedRunner().start(
            Command(["sh", "-c", line], tmp_path, {}, pass_fds=(listener.fileno(),))
        )
        address = listener.getsockname()
    stop_group(process)
    assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    with socket.create_server(address):
        pass  # nobody holds the inherited socket any more


def test_a_backend_serves_from_inside(postgres: PostgresServer, notes: Path) -> None:
    postgres.create_database("confined", migrated_template(notes, postgres))
    url = postgres.url("confined")
    with BackendProcess(notes, url, runner=ConfinedRunner()) as backend:
        backend.wait_ready()
        assert backend.running


def test_a_websocket_is_served_from_inside(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text(ECHO)
    with BackendProcess(tmp_path, "postgresql://db", runner=ConfinedRunner()) as backend:
        backend.wait_ready()
        address = backend.base_url.replace("http", "ws", 1)
        with connect(address, proxy=None) as client:
            client.send("heard")
            assert client.recv(timeout=10) == "heard"


def test_the_protection_is_used_where_it_works() -> None:
    assert isinstance(runner(), ConfinedRunner)


def test_without_protection_the_reason_the_remedy_and_the_flag_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as raised:
        runner()
    assert raised.value.exit_code == EXIT_SETUP == 5
    assert "uid map: Permission denied" in raised.value.problem
    assert raised.value.do.split(" Or accept ")[0]
    assert ACCEPT_RISK == "--no-sandbox-i-accept-the-risk"
    assert ACCEPT_RISK in raised.value.do
    assert isinstance(runner(accept_risk=True), LocalRunner)


def test_the_risk_that_was_accepted_is_real(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    code = "open('../outside', 'w').close()"
    process = runner(accept_risk=True).start(
        Command([sys.executable, "-c", code], tmp_path / "backend", {}, subprocess.DEVNULL)
    )
    assert process.wait(20) == 0
    assert (tmp_path / "outside").exists()
