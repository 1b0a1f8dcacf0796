"""Putting a file in place of another: whole or not at all, and never through a link."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress

from security.paths.ground import Ground, look
from security.refusal import Refused, shown

MOST_BYTES = 32 * 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def put(ground: Ground, folder: int, name: str, data: bytes) -> None:
    """Write a file under a name in a folder, in place of the one that is there."""
    found = look(folder, name)
    if found is not None:
        ground.check_file(folder, name, found)
    _put(folder, name, data, found)


def change(ground: Ground, folder: int, name: str, into: Callable[[bytes], bytes]) -> None:
    """Replace a file by what it becomes; refuse when another writer came between."""
    with os.fdopen(ground.open_file(folder, name), "rb") as file:
        before = os.fstat(file.fileno())
        old = file.read(MOST_BYTES + 1)
    check_size(old, name)
    new = into(old)
    check_size(new, name)
    now = look(folder, name)
    if now is None or _state(now) != _state(before):
        raise Refused("changed", f"{shown(name)} has changed meanwhile", "read it again")
    _put(folder, name, new, before)


def check_size(data: bytes, name: str) -> None:
    if len(data) > MOST_BYTES:
        raise Refused("too-large", f"{shown(name)} is over {MOST_BYTES >> 20} MiB", "use less")


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _put(folder: int, name: str, data: bytes, old: os.stat_result | None) -> None:
    new = f".{secrets.token_hex(12)}.tmp"
    descriptor = os.open(new, _NEW, 0o666 if old is None else 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if old is not None:
                _take_over(descriptor, old)
            os.fsync(descriptor)
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise
    os.fsync(folder)


def _take_over(descriptor: int, old: os.stat_result) -> None:
    """Give the new file the owner and the permissions of the old one."""
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o777)
