"""Bounds: of a command, and of everything in a sandbox together."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from security.sandbox import Limits, Sandbox, SandboxSpec

pytestmark = pytest.mark.sandbox
_MIB = 1 << 20

_EATS = """
import time
kept = bytearray({size})
print("has it", flush=True)
time.sleep(20)
"""
_BOMBS = {
    "of a shell": ":(){ :|:& };: ; sleep 20",
    "of processes that end at once": "while :; do (:&); done & while :; do (:&); done",
    "of sessions": "python3 -c 'import os\nwhile True: os.fork() or os.setsid()'",
    "of processes that nobody collects": (
        "python3 -c 'import os\nwhile True:\n if not os.fork(): os._exit(0)'"
    ),
    "of threads": (
        "python3 -c 'import threading, time\nthreading.stack_size(65536)\n"
        "while True: threading.Thread(target=time.sleep, args=(99,)).start()'"
    ),
}
_FULL_DISK = """
import sys
from pathlib import Path
from security.sandbox import Limits, Sandbox, SandboxSpec
with Sandbox(SandboxSpec(root=Path(sys.argv[1]))) as sandbox:
    many = "for i in $(seq 1000); do head -c 1000000 /dev/zero > file$i || exit; done; sleep 9"
    print(sandbox.run(many, timeout_s=20).exceeded, sandbox.run("sleep 0.2; rm file*").exit_code)
"""


def opened(root: Path, **limits: int) -> Sandbox:
    return Sandbox(SandboxSpec(root=root, limits=Limits(**limits)))


@pytest.mark.parametrize("bomb", _BOMBS.values(), ids=_BOMBS.keys())
def test_a_fork_bomb_is_ended_and_the_sandbox_goes_on(bomb: str, tmp_path: Path) -> None:
    with opened(tmp_path, processes=64) as sandbox:
        result = sandbox.run(bomb, timeout_s=3)
        assert sandbox.run("echo still here", timeout_s=3).stdout == "still here\n"
        assert _others(sandbox) == 0
    assert result.exit_code
    assert result.seconds < 8


def test_many_processes_are_named_as_the_reason(tmp_path: Path) -> None:
    with opened(tmp_path, processes=20) as sandbox:
        result = sandbox.run("for i in $(seq 22); do sleep 30 & done; wait", timeout_s=10)
        assert (result.exit_code, result.exceeded) == (137, "processes")
        assert (
            sandbox.run("for i in $(seq 15); do sleep 0.2 & done; wait; echo ok").stdout == "ok\n"
        )


def test_the_address_space_of_a_process_is_bounded(tmp_path: Path) -> None:
    with opened(tmp_path, memory_bytes=256 * _MIB) as sandbox:
        result = sandbox.run(["python3", "-c", _EATS.format(size=512 * _MIB)], timeout_s=10)
    assert "MemoryError" in result.stderr
    assert "has it" not in result.stdout


def test_the_memory_of_all_processes_together_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "eats.py").write_text(_EATS.format(size=100 * _MIB))
    with opened(tmp_path, memory_bytes=256 * _MIB) as sandbox:
        line = "for i in 1 2 3 4; do setsid python3 eats.py & done; wait"
        result = sandbox.run(line, timeout_s=10)
        assert (result.exit_code, result.exceeded) == (137, "memory")
        assert sandbox.run("echo still here").stdout == "still here\n"
        assert _others(sandbox) == 0


def test_a_file_is_bounded(tmp_path: Path) -> None:
    with opened(tmp_path, file_bytes=_MIB) as sandbox:
        result = sandbox.run("head -c 2000000 /dev/zero > big")
        assert result.exit_code == 128 + 25
        sandbox.run(["truncate", "-s", "10G", "big"])
        sandbox.run(["fallocate", "-l", "10G", "big"])
    assert (tmp_path / "big").stat().st_size == _MIB


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "$HOME"])  # noqa: S108
def test_scratch_places_are_bounded_together(place: str, tmp_path: Path) -> None:
    with opened(tmp_path, temporary_bytes=8 * _MIB, file_bytes=4 * _MIB) as sandbox:
        line = f"for i in 1 2 3; do head -c 4000000 /dev/zero > {place}/$i || exit 9; done"
        result = sandbox.run(line)
        assert result.exit_code == 9
        assert "No space left" in result.stderr
        assert sandbox.run(f"rm {place}/*; echo again > {place}/4").exit_code == 0


def test_a_disk_is_not_filled_to_the_brim(tmp_path: Path) -> None:
    line = 'mount -t tmpfs -o size=64m none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", line, "sh", str(tmp_path), sys.executable, _FULL_DISK],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("disk 0\n", "")


def test_output_is_cut_and_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, output_bytes=1000) as sandbox:
        flood = sandbox.run("yes | head -c 50000000; echo error >&2")
        assert (len(flood.stdout), flood.stderr, flood.truncated) == (1000, "error\n", True)
        exact = sandbox.run("head -c 1000 /dev/zero | tr '\\0' x")
        assert (exact.stdout, exact.truncated) == ("x" * 1000, False)
        errors = sandbox.run("yes | head -c 5000 >&2")
        assert (len(errors.stderr), errors.truncated) == (1000, True)


def test_output_without_end_ends_at_the_timeout(tmp_path: Path) -> None:
    with opened(tmp_path, output_bytes=1000) as sandbox:
        result = sandbox.run("yes", timeout_s=1)
    assert (result.timed_out, result.truncated, len(result.stdout)) == (True, True, 1000)


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        assert sandbox.run("printf 'a\\377b'").stdout == "a\ufffdb"


def test_descriptors_are_bounded(tmp_path: Path) -> None:
    with opened(tmp_path, open_files=50) as sandbox:
        code = "kept = [open('/dev/null') for _ in range(60)]"
        assert "Too many open files" in sandbox.run(["python3", "-c", code]).stderr


def test_no_core_is_dumped(tmp_path: Path) -> None:
    with opened(tmp_path) as sandbox:
        assert sandbox.run("ulimit -c; kill -SEGV $$").stdout == "0\n"
    assert list(tmp_path.iterdir()) == []


def _others(sandbox: Sandbox) -> int:
    """Count what runs besides the exec server and the command that counts."""
    mark = uuid.uuid4().hex
    line = f": {mark}; for one in /proc/[0-9]*; do echo $one; done"
    return len(sandbox.run(line).stdout.split()) - 2
