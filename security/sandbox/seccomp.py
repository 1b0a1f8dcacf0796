"""System calls that the namespaces do not contain: a short list, as a classic BPF program.

Sockets of other families (AF_VSOCK reaches the host of a virtual machine), kernel keyrings,
io_uring (it would open sockets unseen), kernel interfaces with a record of holes, the making of
setuid files, which would belong to whoever started the harness, and the limits and the scheduling
of process 1, which is the exec server.
"""

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_SERVER, _PRIO_USER = 1, 2
_SET_ID = 0o6000
_CREATES = 0o100 | 0o20000000
"""O_CREAT and the own bit of O_TMPFILE: only then the mode counts."""
_YOUNG = (425, 426, 427, 437)
"""io_uring_* and openat2 (its mode is out of a filter's sight); the same on every machine."""

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Machine:
    audit: int
    socket: int
    refused: tuple[int, ...]
    """add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd, syslog."""
    modes: tuple[tuple[int, int], ...]
    """Call and the argument that is the mode: chmod and mknod in all their forms, creat."""
    opens: tuple[tuple[int, int], ...]
    """Call and the argument that is its flags; the mode follows it."""
    manages: tuple[int, ...]
    """prlimit64, sched_setscheduler, _setparam, _setattr, _setaffinity: a process comes first."""
    set_priority: int


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        socket=41,
        refused=(248, 249, 250, 298, 321, 323, 103),
        modes=((90, 1), (91, 1), (268, 2), (452, 2), (133, 1), (259, 2), (85, 1)),
        opens=((2, 1), (257, 2)),
        manages=(302, 144, 142, 314, 203),
        set_priority=141,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        socket=198,
        refused=(217, 218, 219, 241, 280, 282, 116),
        modes=((52, 1), (53, 2), (452, 2), (33, 2)),
        opens=((56, 2),),
        manages=(261, 119, 118, 274, 122),
        set_priority=140,
    ),
}


def program(machine: str | None = None) -> bytes:
    """Return the filter for a machine, this one by default; nothing for one that is not known."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    return b"".join(struct.pack("=HBBI", *one) for one in _filter(known))


def _filter(machine: _Machine) -> list[Instruction]:
    refuse = _fail(errno.ENOSYS)
    listing = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, machine.audit),
        refuse,
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, _X32),
        refuse,
    ]
    for call in (*machine.refused, *_YOUNG):
        listing += [(_IF_EQUAL, 0, 1, call), refuse]
    listing += _when(machine.socket, _families())
    for call, mode in machine.modes:
        listing += _when(call, _no_set_id(mode))
    for call, flags in machine.opens:
        body = _no_set_id(flags + 1)
        listing += _when(call, [_argument(flags), (_IF_BITS, 0, len(body), _CREATES), *body])
    for call in machine.manages:
        listing += _when(call, _unless(0, _SERVER))
    listing += _when(machine.set_priority, [*_unless(0, _PRIO_USER), *_unless(1, _SERVER)])
    return [*listing, (_RETURN, 0, 0, _ALLOW)]


def _when(call: int, body: list[Instruction]) -> list[Instruction]:
    return [(_LOAD, 0, 0, _NUMBER), (_IF_EQUAL, 0, len(body), call), *body]


def _families() -> list[Instruction]:
    allowed = (_UNIX, _INET, _INET6, _NETLINK)
    checks = [(_IF_EQUAL, len(allowed) - place, 0, one) for place, one in enumerate(allowed)]
    return [_argument(0), *checks, _fail(errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]


def _no_set_id(mode: int) -> list[Instruction]:
    return [_argument(mode), (_IF_BITS, 0, 1, _SET_ID), _fail(errno.EPERM)]


def _unless(place: int, value: int) -> list[Instruction]:
    return [_argument(place), (_IF_EQUAL, 0, 1, value), _fail(errno.EPERM)]


def _argument(place: int) -> Instruction:
    """Load the low half, which is all that the kernel looks at for an int."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * place)


def _fail(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)
