"""Landlock by system call: from now on, this process and its children touch these paths only."""

import ctypes
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

# The same numbers on every architecture: calls younger than 2019 are numbered alike.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_DEVICE = _READ | _WRITE_FILE | _TRUNCATE | _IOCTL
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_SCOPES = 0b11
"""Abstract unix sockets and signals stay within the domain."""
_SINCE = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL))
_SCOPED_ABI = 6


def abi() -> int:
    """Return the version of Landlock that the kernel has; 0 is none."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> int:
    """Confine this process and return the version that does it; 0 where the kernel has none.

    Directories can be listed everywhere; TCP is left to the network namespace.
    """
    version = abi()
    if not version:
        return 0
    handled = _handled(version)
    scoped = version >= _SCOPED_ABI
    attributes = struct.pack("QQQ", handled, 0, _SCOPES if scoped else 0)
    size = len(attributes) if scoped else 8
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    _allow(ruleset, "/", _READ_DIR)
    for rights, paths in ((_READ, readable), (handled, writable), (_DEVICE, devices)):
        for path in paths:
            with suppress(FileNotFoundError):
                _allow(ruleset, path, rights & handled)
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs cannot be set")
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version


def _handled(version: int) -> int:
    rights = (1 << 13) - 1
    for since, right in _SINCE:
        if version >= since:
            rights |= right
    return rights


def _allow(ruleset: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock, system call {number}: {os.strerror(code)}")
    return result
