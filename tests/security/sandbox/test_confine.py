"""One program, confined: it reads its folder, keeps what it inherits, and has no network."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.verify.postgres import PostgresServer, socket_directories
from security.sandbox import Limits, SandboxSpec
from security.sandbox.confine import confined
from tests.security.sandbox.running import new_mark, wait_for

pytestmark = pytest.mark.sandbox

_SERVE = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
peer, _ = listener.accept()
peer.sendall(b"from inside")
peer.close()
"""
_QUERY = """
import asyncio, sys
import asyncpg
async def main():
    connection = await asyncpg.connect(sys.argv[1].replace("+asyncpg", ""))
    print(await connection.fetchval("select 6 * 7"))
asyncio.run(main())
"""


def start(
    argv: Sequence[str], spec: SandboxSpec, *inherited: int, **environment: str
) -> subprocess.Popen[str]:
    inside = confined(argv, spec)
    try:
        return subprocess.Popen(
            inside.argv,
            env={"PATH": os.environ["PATH"], **environment, **inside.environment},
            pass_fds=(*inherited, *inside.descriptors),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        for descriptor in inside.descriptors:
            os.close(descriptor)


def output(argv: Sequence[str], spec: SandboxSpec) -> str:
    return start(argv, spec).communicate(timeout=20)[0]


@pytest.mark.parametrize(
    "line",
    [
        "echo changed > file",
        "touch new",
        "rm file",
        "mv file moved",
        "touch /usr/new || touch /new",
        "mount -o remount,bind,rw . && touch new",
        "unshare -Ur true",
        "cat ../outside",
        "cat /etc/shadow",
        "cat /proc/1/environ /proc/1/mem",
        "kill -9 1; kill -STOP 1; kill -9 -1; touch new",
        "chmod 777 .",
    ],
)
def test_nothing_can_be_changed_or_seen(line: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("content\n")
    (tmp_path / "outside").write_text("secret")
    process = start(["sh", "-c", line], SandboxSpec(root=root))
    said = process.communicate(timeout=20)[0]
    assert process.returncode != 0, said
    assert "secret" not in said
    assert [(one.name, one.read_text()) for one in root.iterdir()] == [("file", "content\n")]


def test_it_reads_its_folder_and_has_scratch_places(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content\n")
    line = "cat file; pwd; cd; pwd; touch a /tmp/b $TMPDIR/c && echo $HOME"
    said = output(["sh", "-c", line], SandboxSpec(root=tmp_path))
    assert said.split() == ["content", str(tmp_path), "/home/builder", "/home/builder"]


def test_the_environment_is_the_callers(tmp_path: Path) -> None:
    said = start(["env"], SandboxSpec(root=tmp_path), NAMED="yes").communicate(timeout=20)[0]
    assert "NAMED=yes\n" in said
    assert "HOME=/home/builder\n" in said


def test_a_socket_that_is_inherited_is_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        process = start(
            [sys.executable, "-c", _SERVE, str(number)], SandboxSpec(root=tmp_path), number
        )
        with socket.create_connection(listener.getsockname()) as client:
            client.settimeout(10)
            assert client.recv(100) == b"from inside"
        assert process.communicate(timeout=10) == ("", None)


def test_there_is_no_other_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for address in (("127.0.0.1", port), ("192.0.2.1", 80)):
            code = f"import socket; socket.create_connection({address!r}, 2)"
            assert "Error" in output([sys.executable, "-c", code], SandboxSpec(root=tmp_path))
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_database_is_reached_by_its_socket(tmp_path: Path) -> None:
    with PostgresServer() as server:
        server.create_database("confined")
        url = server.url("confined")
        spec = SandboxSpec(root=tmp_path, databases=socket_directories(url))
        argv = [sys.executable, "-c", _QUERY, url]
        assert output(argv, spec) == "42\n"
        assert "Error" in output(argv, SandboxSpec(root=tmp_path))


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    process = start(["sh", "-c", "exit 7"], SandboxSpec(root=tmp_path))
    process.communicate(timeout=20)
    assert process.returncode == 7


def test_limits_hold(tmp_path: Path) -> None:
    limits = Limits(
        memory_bytes=256 << 20, file_bytes=1 << 20, temporary_bytes=4 << 20, open_files=50
    )
    spec = SandboxSpec(root=tmp_path, limits=limits)
    assert "MemoryError" in output([sys.executable, "-c", "bytearray(512 << 20)"], spec)
    big = "(head -c 2000000 /dev/zero > /tmp/big) 2>/dev/null; stat -c %s /tmp/big"
    assert output(["sh", "-c", big], spec).splitlines()[-1] == str(1 << 20)
    code = "kept = [open('/dev/null') for _ in range(60)]"
    assert "Too many open files" in output([sys.executable, "-c", code], spec)
    parts = "for i in 1 2 3 4 5; do head -c 1000000 /dev/zero > /tmp/$i || echo full; done"
    assert "full" in output(["sh", "-c", parts], spec)


@pytest.mark.parametrize(
    "bomb",
    [
        "while True: os.fork() or os.setsid()",
        "while True:\n if not os.fork(): os._exit(0)",
        "while True:\n if not os.fork():\n  os.fork()\n  os._exit(0)",
    ],
)
def test_a_fork_bomb_ends_it(bomb: str, tmp_path: Path) -> None:
    spec = SandboxSpec(root=tmp_path, limits=Limits(processes=64))
    process = start([sys.executable, "-c", f"import os\n{bomb}"], spec)
    try:
        said = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    watched = process.returncode == 137 and "too much processes" in said
    assert watched or "Resource temporarily unavailable" in said, "by the kernel: not for root"


def test_the_memory_of_all_processes_together_is_bounded(tmp_path: Path) -> None:
    spec = SandboxSpec(root=tmp_path, limits=Limits(memory_bytes=256 << 20))
    eats = "import os, time; os.fork(); os.fork(); kept = bytearray(100 << 20); time.sleep(20)"
    process = start([sys.executable, "-c", eats], spec)
    said = process.communicate(timeout=15)[0]
    assert (process.returncode, said) == (137, "everything was ended: too much memory\n")


def test_nothing_stays_when_it_ends(tmp_path: Path) -> None:
    mark = new_mark()
    line = f"(setsid sleep {mark} >/dev/null 2>&1 &); sleep {mark} >/dev/null 2>&1 & exit 3"
    process = start(["sh", "-c", line], SandboxSpec(root=tmp_path))
    process.communicate(timeout=10)
    assert process.returncode == 3
    assert wait_for(mark, 0) == 0


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    process = start(["no-such-program"], SandboxSpec(root=tmp_path))
    assert "no-such-program" in process.communicate(timeout=10)[0]
    assert process.returncode == 127


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_everything_ends_with_its_starter(number: signal.Signals, tmp_path: Path) -> None:
    mark = new_mark()
    line = f"setsid sleep {mark} & (setsid sleep {mark} &) ; echo started; sleep {mark}"
    process = start(["sh", "-c", line], SandboxSpec(root=tmp_path))
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "started\n"
        process.send_signal(number)
        process.wait(10)
    assert wait_for(mark, 0) == 0
