"""What the disk says: going down from a folder name by name, and following nothing."""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from security.paths.decision import Access
from security.paths.names import HIDDEN
from security.refusal import Refused, shown

Identity = tuple[int, int]
_OPENAT2 = 437
_RESOLVE = 0x01 | 0x02 | 0x04 | 0x08  # no other mount, no magic links, no links, nothing above
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_PLAIN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WHY = {
    errno.ELOOP: ("link", "is a link"),
    errno.ENOTDIR: ("not-a-folder", "is not a folder"),
    errno.EXDEV: ("mount", "is on another file system"),
    errno.ENAMETOOLONG: ("too-long", "is too long"),
}


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


@cache
def has_openat2() -> bool:
    """Whether the kernel offers openat2, and nothing around us forbids it."""
    if not sys.platform.startswith("linux"):
        return False
    top = os.open("/", _FOLDER)
    try:
        os.close(_openat2(".", _FOLDER | os.O_CLOEXEC, top))
    except OSError:
        return False
    finally:
        os.close(top)
    return True


@cache
def _syscall() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    call.restype = ctypes.c_long
    return call


def _openat2(name: str, flags: int, folder: int) -> int:
    how = _How(flags, 0, _RESOLVE)
    place = ctypes.addressof(how)
    found = _syscall()(_OPENAT2, folder, os.fsencode(name), place, ctypes.sizeof(how))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return found


def opened(name: str, flags: int, folder: int) -> int:
    """Open one name in a folder, following no link and crossing no mount."""
    if has_openat2():
        return _openat2(name, flags | _PLAIN, folder)
    return os.open(name, flags | _PLAIN, dir_fd=folder)


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder and a descriptor that stays on it, whatever becomes of its name.

    `held` are folders below it that are known by identity: moving them does not free them.
    """

    path: Path
    descriptor: int
    identity: Identity
    held: dict[Identity, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path) -> "Ground":
        """Return the ground at a path; raise ValueError where there is no such folder."""
        try:
            real = path.resolve(strict=True)
            descriptor = os.open(real, _FOLDER | _PLAIN)
        except (OSError, RuntimeError) as error:  # the latter of a loop of links
            raise ValueError(f"{path} is no folder ({error}); make it first") from None
        return cls(real, descriptor, identity(os.fstat(descriptor)))

    def check_here(self) -> None:
        """Refuse when another folder has taken the place of this one."""
        try:
            same = identity(self.path.stat()) == self.identity
        except OSError:
            same = False
        if not same:
            raise Refused("moved", "the folder is not where it was", "ask for a new session")

    @contextmanager
    def descend(
        self, parts: Sequence[str], access: Access, *, create: bool = False
    ) -> Iterator[tuple[int, int]]:
        """Go down; yield the descriptor of the deepest folder that is there, and its depth."""
        current, depth = os.dup(self.descriptor), 0
        try:
            for name in parts:
                below = self._step(current, name, create=create)
                if below is None:
                    break
                os.close(current)
                current, depth = below, depth + 1
                self._check_held(current, name, access)
            yield current, depth
        finally:
            os.close(current)

    def _step(self, folder: int, name: str, *, create: bool) -> int | None:
        if create and look(folder, name) is None:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
        try:
            below = opened(name, _FOLDER, folder)
        except FileNotFoundError:
            if create:
                raise missing(name) from None
            return None
        except OSError as error:
            raise refusal(error, name, folder) from None
        if os.fstat(below).st_dev != self.identity[0]:
            os.close(below)
            raise refusal(OSError(errno.EXDEV, ""), name, folder)
        return below

    def _check_held(self, folder: int, name: str, access: Access) -> None:
        entry = self.held.get(identity(os.fstat(folder)))
        if entry in HIDDEN or (entry is not None and access is Access.WRITE):
            reason = f"{shown(name)} is {entry}, which is the harness's own"
            raise Refused("protected", reason, "leave it as it is")

    def check_file(self, folder: int, name: str, found: os.stat_result) -> None:
        """Refuse what is not a file of its own: a folder, link, device, pipe, second name."""
        what = shown(name)
        if stat.S_ISLNK(found.st_mode):
            raise refusal(OSError(errno.ELOOP, ""), name, folder)
        if stat.S_ISDIR(found.st_mode):
            raise Refused("folder", f"{what} is a folder", "name a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise Refused("special", f"{what} is a device, pipe or socket", "use a plain file")
        if found.st_dev != self.identity[0]:
            raise refusal(OSError(errno.EXDEV, ""), name, folder)
        if found.st_nlink > 1:
            advice = "copy it to a new name and use that"
            raise Refused("hard-link", f"{what} may also be a file elsewhere (hard link)", advice)

    def check_mount(self, folder: int, name: str) -> None:
        """Refuse a file that is mounted over; looks at it without opening it."""
        if has_openat2():
            try:
                os.close(_openat2(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, folder))
            except OSError as error:
                raise refusal(error, name, folder) from None

    def open_file(self, folder: int, name: str) -> int:
        """Open a file to read, checked before (opening a device has effects) and after."""
        found = look(folder, name)
        if found is None:
            raise missing(name)
        self.check_file(folder, name, found)
        try:
            descriptor = opened(name, os.O_RDONLY, folder)
        except OSError as error:
            raise refusal(error, name, folder) from None
        try:
            self.check_file(folder, name, os.fstat(descriptor))
        except Refused:
            os.close(descriptor)
            raise
        return descriptor


def missing(name: str) -> Refused:
    return Refused("missing", f"there is no {shown(name)}", "list its folder")


def identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def look(folder: int, name: str) -> os.stat_result | None:
    """Return what is there under a name, the link itself where it is one."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def refusal(error: OSError, name: str, folder: int) -> Refused:
    """Return the refusal that an error of the system amounts to."""
    code = error.errno or 0
    with suppress(OSError):
        found = look(folder, name)
        if found is not None and stat.S_ISLNK(found.st_mode):
            code = errno.ELOOP
    rule, reason = _WHY.get(code, ("unreachable", f"cannot be reached ({os.strerror(code)})"))
    advice = "name the real file, inside the project" if rule == "link" else "use another place"
    return Refused(rule, f"{shown(name)} {reason}", advice)
