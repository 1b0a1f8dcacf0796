"""A session: what one command starts, the next one finds, and nothing survives the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxDied, SandboxSpec
from tests.security.sandbox.running import new_mark, running, wait_for

pytestmark = pytest.mark.sandbox

_SERVE = """
import http.server
http.server.HTTPServer(("127.0.0.1", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
_ASK = """
import sys, time, urllib.request
for _ in range(200):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8000/page").read().decode())
        break
    except OSError:
        time.sleep(0.05)
"""
_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for one in range(3):
            os.close(one)
        os.execvp("sleep", ["sleep", sys.argv[1]])
"""
_OPENER = """
import pathlib, sys, time
from security.sandbox import Sandbox, SandboxSpec
sandbox = Sandbox(SandboxSpec(root=pathlib.Path(sys.argv[1])))
sandbox.start()
sandbox.run(f"sleep {sys.argv[2]} & setsid sleep {sys.argv[2]} & (setsid sleep {sys.argv[2]} &)")
print("opened", flush=True)
sandbox.run(f"sleep {sys.argv[2]}")
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSpec(root=tmp_path)) as opened:
        yield opened


@pytest.fixture
def mark() -> str:
    """An argument of `sleep` by which its processes are found from outside."""
    return new_mark()


def test_a_server_started_in_one_command_answers_in_the_next(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "page").write_text("hello")
    (tmp_path / "serve.py").write_text(_SERVE)
    (tmp_path / "ask.py").write_text(_ASK)
    began = time.monotonic()
    assert sandbox.run("python3 serve.py 2>/dev/null &").exit_code == 0
    assert time.monotonic() - began < 5, "the command waited for its server"
    assert sandbox.run("python3 ask.py").stdout == "hello\n"


def test_every_process_ends_with_the_session(tmp_path: Path, mark: str) -> None:
    (tmp_path / "daemon.py").write_text(_DAEMON)
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        sandbox.run(f"sleep {mark} & nohup sleep {mark} & setsid -f sleep {mark}")
        sandbox.run(f"trap '' TERM HUP INT; sleep {mark} & disown")
        sandbox.run(["python3", "daemon.py", mark])
        assert wait_for(mark, 5) == 5
    assert running(mark) == 0


def test_every_process_ends_when_the_opener_is_killed(tmp_path: Path, mark: str) -> None:
    opener = subprocess.Popen(
        [sys.executable, "-c", _OPENER, str(tmp_path), mark],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert opener.stdout is not None
    with opener.stdout:
        assert opener.stdout.readline() == b"opened\n"
        assert wait_for(mark, 4) >= 4
        opener.kill()
        opener.wait()
    assert wait_for(mark, 0) == 0


def test_a_timeout_kills_the_whole_group_and_no_more(sandbox: Sandbox, mark: str) -> None:
    other = mark[:-1] + "x"
    sandbox.run(f"exec -a {other} sleep 1000 &")
    line = f"(trap '' TERM; sleep {mark}) & timeout 500 sleep {mark} & set -m; sleep {mark} & wait"
    result = sandbox.run(line, timeout_s=1)
    assert (result.timed_out, result.exit_code) == (True, 137)
    assert result.seconds < 5
    assert running(mark) == 0
    assert running(other) == 1


def test_a_command_runs_in_the_project(sandbox: Sandbox, tmp_path: Path) -> None:
    result = sandbox.run("pwd; echo to stderr >&2; echo kept > file; exit 3")
    assert (result.exit_code, result.stdout) == (3, f"{tmp_path}\n")
    assert (result.stderr, result.timed_out, result.truncated) == ("to stderr\n", False, False)
    assert (tmp_path / "file").read_text() == "kept\n"


def test_output_before_a_timeout_is_kept(sandbox: Sandbox) -> None:
    result = sandbox.run("echo before; sleep 1000", timeout_s=1)
    assert (result.stdout, result.timed_out) == ("before\n", True)


def test_commands_run_side_by_side(sandbox: Sandbox) -> None:
    waiting = threading.Thread(
        target=sandbox.run, args=("while ! [ -e go ]; do sleep 0.01; done; touch gone",)
    )
    waiting.start()
    sandbox.run("touch go")
    waiting.join(10)
    assert sandbox.run("ls").stdout == "go\ngone\n"


def test_what_a_server_prints_later_is_not_mixed_in(sandbox: Sandbox) -> None:
    first = sandbox.run("(sleep 0.2; echo late; touch late) & echo first")
    second = sandbox.run("while ! [ -e late ]; do sleep 0.02; done; echo second")
    assert (first.stdout, second.stdout) == ("first\n", "second\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 7", 7),
        ("kill -9 $$", 137),
        (["no-such-program"], 127),
        (["/etc/passwd"], 126),
        ("no-such-program", 127),
    ],
)
def test_exit_codes_are_those_of_a_shell(
    command: str | list[str], code: int, sandbox: Sandbox
) -> None:
    assert sandbox.run(command).exit_code == code


def test_a_command_starts_in_a_folder_that_exists(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    assert sandbox.run("pwd", Path("below")).stdout == f"{tmp_path}/below\n"
    missing = sandbox.run("pwd", Path("missing"))
    assert missing.exit_code == 127
    assert "missing" in missing.stderr


def test_one_argument_is_one_argument(sandbox: Sandbox) -> None:
    odd = "two words\n$HOME `id` \u00e9"
    assert sandbox.run(["printf", "%s|", odd, ""]).stdout == f"{odd}||"


def test_a_sandbox_that_is_killed_from_outside_says_so(tmp_path: Path, mark: str) -> None:
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        sandbox.run(f"sleep {mark} &")
        killer = threading.Timer(0.5, _kill_opened_by_this_process)
        killer.start()
        with pytest.raises(SandboxDied):
            sandbox.run("sleep 1000", timeout_s=20)
        killer.join()
        assert not sandbox.alive
        with pytest.raises(SandboxDied):
            sandbox.run("true")
    assert wait_for(mark, 0) == 0


def test_a_closed_sandbox_runs_nothing(tmp_path: Path) -> None:
    sandbox = Sandbox(SandboxSpec(root=tmp_path))
    with pytest.raises(SandboxDied, match="not open"):
        sandbox.run("touch file")
    with sandbox:
        pass
    sandbox.close()
    with pytest.raises(SandboxDied, match="closed"):
        sandbox.run("touch file")
    assert not (tmp_path / "file").exists()


def test_sessions_leave_no_descriptors_behind(tmp_path: Path) -> None:
    def cycle() -> None:
        with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
            sandbox.run("echo out; sleep 1000 &")

    cycle()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        cycle()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def _kill_opened_by_this_process() -> None:
    for pid in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for child in pid.read_text().split():
            if Path(f"/proc/{child}/comm").read_text() == "bwrap\n":
                os.kill(int(child), signal.SIGKILL)
