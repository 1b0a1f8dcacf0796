"""What code in the sandbox may try, and how to see from outside that it did not work.

Plain Python without pytest, so that other users can run it.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from security.sandbox import Limits, Sandbox, SandboxSpec
from security.sandbox.launch import Launch

SECRET = "bX7-the-secret-of-the-harness"
_PTRACE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE, PIDFD_OPEN, PIDFD_GETFD, VM_READV = 16, 0x4206, 434, 438, 310
print([libc.ptrace(one, 1, 0, 0) for one in (PTRACE_ATTACH, PTRACE_SEIZE)])
print([libc.syscall(PIDFD_GETFD, libc.syscall(PIDFD_OPEN, 1, 0), fd, 0) for fd in range(3, 12)])
"""
_DESCRIPTORS = """
import os, sys
found = []
for number in range(3, 1024):
    try:
        found.append(os.fstat(number))
    except OSError:
        pass
print(found)
sys.exit(not found)
"""
_PYTHON = """
import sys, sysconfig
for place in (sys.executable, sysconfig.__file__, sysconfig.get_path("purelib") + "/new"):
    try:
        open(place, "a")
    except OSError:
        pass
    else:
        sys.exit()
sys.exit(1)
"""
_CONNECT = """
import socket, sys
for family, address in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "\\0{name}")):
    with socket.socket(family) as one:
        one.settimeout(2)
        try:
            one.connect(address)
            print(one.recv(100))
        except OSError as error:
            print("no", error)
"""


@dataclass(frozen=True)
class Place:
    """A machine with something to lose: `outside` holds a secret and lies beside the project."""

    root: Path
    outside: Path
    port: int
    name: str

    @property
    def spec(self) -> SandboxSpec:
        small = 32 << 20
        return SandboxSpec(root=self.root, limits=Limits(file_bytes=small, temporary_bytes=small))

    @property
    def shared(self) -> dict[str, str]:
        return {
            "root": str(self.root),
            "outside": str(self.outside),
            "home": os.path.expanduser("~"),  # noqa: PTH111
            "ptrace": _PTRACE,
            "python": _PYTHON,
            "descriptors": _DESCRIPTORS,
            "connect": _CONNECT.format(port=self.port, name=self.name),
        }


@dataclass(frozen=True)
class Attack:
    name: str
    command: str
    fails: bool = False
    """Whether the command has to notice."""


ATTACKS = (
    Attack("write an absolute path", "echo x > {outside}/new", fails=True),
    Attack("overwrite a file", "echo x > {outside}/secret", fails=True),
    Attack("write through a symbolic link", "ln -sfn {outside} link; echo x > link/new", True),
    Attack("write through ..", "echo x > ../outside/new", fails=True),
    Attack(
        "move the parent of the project",
        "mv {root}/.. {root}/../../moved || mv {root} {root}-moved",
        fails=True,
    ),
    Attack("put something beside the project", "mkdir {root}/../beside", fails=True),
    Attack(
        "remount as writable",
        "mount -o remount,bind,rw / ; mount -o remount,bind,rw /usr;"
        " mount -o remount,rw /proc; touch /usr/new /new",
        fails=True,
    ),
    Attack("gain a user namespace", "unshare -Ur true || unshare -U true", fails=True),
    Attack("mount in a user namespace", "unshare -Urm mount -t tmpfs none /tmp", fails=True),
    Attack(
        "set a value of the kernel",
        "cp /proc/sys/kernel/core_pattern /tmp/c && cat /tmp/c > /proc/sys/kernel/core_pattern",
        fails=True,
    ),
    Attack("read a secret", "cat {outside}/secret", fails=True),
    Attack("read by the roots of others", "cat /proc/*/root{outside}/secret"),
    Attack("read by the directories of others", "cat /proc/*/cwd/../outside/secret"),
    Attack("read the harness's environment", "cat /proc/*/environ; env; cat /proc/1/mem"),
    Attack("read the passwords of the system", "cat /etc/shadow", fails=True),
    Attack("read the user's home", "cat {home}/.bashrc {home}/.profile {home}/.ssh/*", fails=True),
    Attack("trace the exec server", "python3 -c '{ptrace}' | grep -v -e '^.-1.*-1.$'", fails=True),
    Attack("read its memory", "cat /proc/1/mem /proc/1/environ /proc/1/fd/*", fails=True),
    Attack("kill the exec server", "kill -9 1; kill -STOP 1; kill -INT 1; kill -SEGV 1"),
    Attack("kill everything", "kill -9 -1"),
    Attack("starve the exec server", "prlimit --pid 1 --nofile=0:0 --as=1:1 --nproc=0:0", True),
    Attack("reach sockets of the machine", "python3 -c '{connect}'"),
    Attack(
        "reach the host of a virtual machine",
        "python3 -c 'import socket as s; s.socket(40, s.SOCK_STREAM)'",
        fails=True,
    ),
    Attack("make a setuid file", "cp /bin/true own && chmod u+s own", fails=True),
    Attack("make a device", "mknod disk b 8 0", fails=True),
    Attack("find devices", "ls /dev/vda /dev/sda /dev/mem /dev/kmsg /dev/kvm | grep .", fails=True),
    Attack("inherit a descriptor", "python3 -c '{descriptors}'", fails=True),
    Attack("change the running Python", "python3 -c '{python}'", fails=True),
    Attack("change the programs of the system", "touch /usr/bin/new /bin/sh", fails=True),
    Attack("write beside all that is mounted", "echo x > /new", fails=True),
    Attack("set the clock", "date -s 2001-01-01", fails=True),
    Attack("change the host's name", "hostname owned || echo owned > /etc/hostname", fails=True),
    Attack("fill the disk", "head -c 40000000 /dev/zero > big", fails=True),
    Attack("fill the memory of /tmp", "head -c 40000000 /dev/zero > /tmp/big", fails=True),
    Attack("raise its limits", "ulimit -f unlimited; ulimit -v unlimited; ulimit -c 1", True),
    Attack("spawn without end", ":(){{ :|:& }};: ; sleep 0.5"),
    Attack("leave its session", "(setsid sleep 1000 &) ; (setsid setsid sleep 1000 &)"),
)


class FirstLayerAlone(Sandbox):
    """The sandbox of a kernel that has no Landlock."""

    def _prepare(self, channel: int) -> Launch:
        return replace(super()._prepare(channel), landlock={})


@contextmanager
def place(base: Path) -> Iterator[Place]:
    """Lay out the machine: a project, a secret beside it, listeners that answer with it."""
    root, outside = base / "parent" / "project", base / "parent" / "outside"
    root.mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text(SECRET, encoding="ascii")
    os.environ["HARNESS_KEY"] = SECRET
    name = f"sandbox-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        for one in (tcp, abstract):
            threading.Thread(target=_answer, args=(one,), daemon=True).start()
        yield Place(root, outside, tcp.getsockname()[1], name)
    del os.environ["HARNESS_KEY"]


def trouble(attack: Attack, sandbox: Any, where: Place) -> str:
    """Try it; return what it achieved, nothing if all is well and the sandbox goes on."""
    before = _state(where)
    result = sandbox.run(attack.command.format(**where.shared), timeout_s=5)
    if SECRET in result.stdout + result.stderr:
        return f"the secret came out: {result}"
    if attack.fails and (result.exit_code == 0 or result.timed_out):
        return f"it succeeded: {result}"
    if _state(where) != before:
        return f"it changed the world: {_state(where)}, {result}"
    after = sandbox.run("echo still here", timeout_s=5)
    return "" if after.stdout == "still here\n" else f"the sandbox is of no use any more: {after}"


def _state(where: Place) -> list[str]:
    parent = where.root.parent
    names = [*parent.parent.iterdir(), *parent.iterdir(), *where.outside.iterdir()]
    contents = [str(one) for one in names] + [(where.outside / "secret").read_text("ascii")]
    set_id = [str(one) for one in where.root.iterdir() if one.lstat().st_mode & 0o6000]
    new = [name for name in ("/usr/new", "/new") if os.path.lexists(name)]
    return [*sorted(contents), *set_id, *new]


def _answer(listener: socket.socket) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.sendall(SECRET.encode())
