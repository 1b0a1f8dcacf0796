"""The system call filter: tried in the sandbox, and run through by hand for every machine."""

import errno
import platform
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxSpec
from security.sandbox.seccomp import program

pytestmark = pytest.mark.sandbox

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = {
    "x86_64": {"socket": 41, "keyctl": 250, "fchmodat": 268, "openat": 257, "prlimit64": 302},
    "aarch64": {"socket": 198, "keyctl": 219, "fchmodat": 53, "openat": 56, "prlimit64": 261},
}
IO_URING_SETUP, OPENAT2, READ = 425, 437, {"x86_64": 0, "aarch64": 63}
O_CREAT, O_TMPFILE, SET_USER_ID = 0o100, 0o20200000, 0o4755
X32 = 0x40000000
_CALL = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
arguments = [ctypes.c_long(int(one)) for one in sys.argv[1:]]
print(ctypes.get_errno() if libc.syscall(*arguments) < 0 else 0)
"""


def decide(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """Run the filter as the kernel does; return the error that the call ends with."""
    code = list(struct.iter_unpack("=HBBI", program(machine)))
    values = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, audit or AUDIT[machine], 0, *values)
    place = loaded = 0
    while True:
        kind, yes, no, value = code[place]
        place += 1
        if kind == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif kind == 0x06:
            return 0 if value == ALLOW else value - ERRNO
        else:
            true = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[kind]
            place += yes if true else no


@pytest.mark.parametrize("machine", AUDIT)
def test_what_the_filter_decides(machine: str) -> None:
    call = NUMBERS[machine]
    assert decide(machine, READ[machine]) == 0
    families = {family: decide(machine, call["socket"], family, 1) for family in range(46)}
    assert [family for family, error in families.items() if error == 0] == [1, 2, 10, 16]
    assert families[40] == errno.EAFNOSUPPORT
    for number in (call["keyctl"], IO_URING_SETUP, OPENAT2):
        assert decide(machine, number) == errno.ENOSYS
    assert decide(machine, call["fchmodat"], 3, 0, 0o755) == 0
    assert decide(machine, call["fchmodat"], 3, 0, SET_USER_ID) == errno.EPERM
    assert decide(machine, call["openat"], 3, 0, 0, SET_USER_ID) == 0
    for flags in (O_CREAT, O_TMPFILE):
        assert decide(machine, call["openat"], 3, 0, flags, 0o644) == 0
        assert decide(machine, call["openat"], 3, 0, flags, SET_USER_ID) == errno.EPERM
    assert decide(machine, call["prlimit64"], 0) == 0
    assert decide(machine, call["prlimit64"], 1) == errno.EPERM


@pytest.mark.parametrize("machine", AUDIT)
def test_another_numbering_of_calls_is_refused(machine: str) -> None:
    i386 = 0x40000003
    assert decide(machine, READ[machine], audit=i386) == errno.ENOSYS
    assert decide(machine, READ[machine] | X32) == errno.ENOSYS


def test_the_upper_half_of_an_argument_changes_nothing() -> None:
    """The kernel takes an int for the family: the rest of the register is not looked at."""
    assert decide("x86_64", 41, 40 | 1 << 32) == errno.EAFNOSUPPORT
    assert decide("x86_64", 41, 1 | 1 << 32) == 0


def test_every_jump_stays_in_the_program() -> None:
    for machine in AUDIT:
        code = list(struct.iter_unpack("=HBBI", program(machine)))
        assert len(code) < 4096
        for place, (kind, yes, no, _) in enumerate(code):
            assert kind in (0x20, 0x15, 0x35, 0x45, 0x06)
            assert place + 1 + max(yes, no) < len(code) or kind == 0x06


def test_a_machine_that_is_not_known_goes_without_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program("riscv64") == b""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        assert sandbox.run("grep ^Seccomp: /proc/self/status").stdout == "Seccomp:\t0\n"
        assert sandbox.run("touch /usr/new").exit_code != 0


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(SandboxSpec(root=tmp_path_factory.mktemp("root"))) as opened:
        yield opened


def test_the_kernel_decides_alike(sandbox: Sandbox) -> None:
    machine = platform.machine()
    call = NUMBERS[machine]
    for arguments in (
        (call["socket"], 40, 1, 0),
        (call["socket"], 17, 3, 0),
        (call["keyctl"], 0, 0, 0),
        (IO_URING_SETUP, 8, 0),
        (OPENAT2, 0, 0, 0, 0),
        (call["prlimit64"], 1, 7, 0, 0),
    ):
        said = sandbox.run(["python3", "-c", _CALL, *map(str, arguments)]).stdout
        assert int(said) == decide(machine, *arguments) != 0, arguments


@pytest.mark.parametrize(
    "line",
    [
        "touch own && chmod u+s own",
        "touch own && chmod 2755 own",
        "mkdir shared && chmod g+s shared",
        "install -m 4755 /bin/true own",
        "cp /bin/true own && python3 -c 'import os; os.chmod(\"own\", 0o4755)'",
        "python3 -c 'import os; os.open(\"own\", os.O_CREAT, 0o4755)'",
        "python3 -c 'import os; os.mknod(\"own\", 0o104755)'",
    ],
)
def test_no_file_gets_the_rights_of_its_owner(line: str, sandbox: Sandbox) -> None:
    assert sandbox.run(line).exit_code != 0
    root: Path = sandbox.spec.root
    assert [one for one in root.iterdir() if one.stat().st_mode & 0o6000] == []


def test_ordinary_work_goes_on(sandbox: Sandbox) -> None:
    line = "umask 022; touch f && chmod 755 f && mkdir -m 1777 d && install -m 600 f g && ls -ld d"
    done = sandbox.run(line)
    assert (done.exit_code, done.stdout[:10]) == (0, "drwxrwxrwt")
