"""What commands see of the machine and of the harness: programs, and a made-up user."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxSpec

pytestmark = pytest.mark.sandbox

_LISTEN = """
import socket
with socket.create_server(("127.0.0.1", {port})) as server:
    with socket.create_connection(("127.0.0.1", {port})) as client:
        peer, _ = server.accept()
        peer.sendall(b"inside")
        print(client.recv(10).decode())
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSpec(root=tmp_path, environment={"NAMED": "yes"})) as opened:
        yield opened


def test_nothing_of_the_environment_comes_from_the_harness(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-the-harness")
    lines = sandbox.run(["env"]).stdout.splitlines()
    names = {line.partition("=")[0] for line in lines}
    own = {"PATH", "HOME", "TMPDIR", "USER", "LANG", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"}
    assert names == own | {"NAMED"}
    assert "NAMED=yes" in lines
    for_one = sandbox.run(["env"], env={"ONCE": "1"}).stdout
    assert "ONCE=1" in for_one
    assert "ONCE" not in sandbox.run(["env"]).stdout


def test_no_process_of_the_machine_is_seen(sandbox: Sandbox) -> None:
    assert sandbox.run("echo /proc/[0-9]*; exit").stdout.split()[0] == "/proc/1"
    seen = sandbox.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout
    assert "pytest" not in seen
    assert sandbox.run("cat /proc/1/environ").stdout == ""


def test_the_user_is_made_up(sandbox: Sandbox) -> None:
    lines = "id -un; id -u; hostname; echo ~; cat /etc/hostname; wc -l < /etc/passwd"
    expected = ["builder", "1000", "sandbox", "/home/builder", "sandbox", "2"]
    assert sandbox.run(lines).stdout.split() == expected


def test_nothing_is_left_of_the_capabilities(sandbox: Sandbox) -> None:
    status = sandbox.run("grep -e ^Cap -e ^NoNewPrivs -e ^Seccomp: /proc/self/status").stdout
    found = dict(line.split(":\t") for line in status.splitlines())
    assert {int(found[name], 16) for name in found if name.startswith("Cap")} == {0}
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")


def test_there_is_no_network_but_loopback(sandbox: Sandbox) -> None:
    assert sandbox.run("ls /sys/class/net; cat /proc/net/dev | grep -c :").stdout == "1\n"
    assert "inside" in sandbox.run(["python3", "-c", _LISTEN.format(port=8000)]).stdout
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert "unreachable" in sandbox.run(["python3", "-c", code]).stderr


def test_a_port_of_the_machine_is_another_port_inside(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        port = outside.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        assert "refused" in sandbox.run(["python3", "-c", code]).stderr
        assert sandbox.run(["python3", "-c", _LISTEN.format(port=port)]).stdout == "inside\n"
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()


def test_python_and_its_packages_work(sandbox: Sandbox) -> None:
    done = sandbox.run("python3 -c 'import fastapi, sqlalchemy, ssl, ctypes' && pytest --version")
    assert (done.exit_code, done.stderr) == (0, "")
    assert sandbox.run("python3 -c 'import sys; print(sys.prefix)'").stdout.strip()


def test_scratch_places_are_empty_and_of_this_session(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.run('touch ~/a $TMPDIR/a /dev/shm/a; echo ~/* "$TMPDIR"').exit_code == 0
    with Sandbox(SandboxSpec(root=tmp_path)) as other:
        assert other.run("find ~ /dev/shm -mindepth 1").stdout == ""
    assert not Path("/dev/shm/a").exists()  # noqa: S108
