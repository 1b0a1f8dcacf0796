"""What runs below this process, read from /proc; nothing where there is no /proc."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

_STATE, _PARENT, _SESSION, _THREADS = 0, 1, 3, 17
"""Fields of /proc/PID/stat, counted after the name."""
_SWEEPS, _PAUSE_S = 200, 0.002


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    session: int
    threads: int
    memory: int
    """Bytes that it does not share with a file or another process's mapping."""
    ended: bool


def below(ancestor: int) -> list[Process]:
    """Return the descendants of a process; orphans are among them when it is their reaper."""
    children: dict[int, list[Process]] = {}
    for one in _all():
        children.setdefault(one.parent, []).append(one)
    found: list[Process] = []
    waiting = [ancestor]
    while waiting:
        brood = children.pop(waiting.pop(), [])
        found += brood
        waiting += [one.pid for one in brood]
    return found


def kill_session(session: int) -> None:
    """Kill a session, with the groups that a shell or `timeout` made in it."""
    with suppress(OSError):
        os.killpg(session, signal.SIGKILL)
    me = os.getpid()
    _sweep(lambda: [one for one in below(me) if one.session == session])


def kill_all() -> None:
    """Kill everything that was started below this process, however it detached itself."""
    me = os.getpid()
    if me == 1:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    else:
        _sweep(lambda: below(me))


def _sweep(find: Callable[[], list[Process]]) -> None:
    for _ in range(_SWEEPS):
        alive = [one.pid for one in find() if not one.ended]
        if not alive:
            return
        for pid in alive:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _all() -> Iterator[Process]:
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib takes its time to import
    except OSError:
        return
    for name in names:
        if name.isdigit():
            with suppress(OSError):
                yield _read(int(name))


def _read(pid: int) -> Process:
    fields = _content(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    pages = _content(f"/proc/{pid}/statm").split()
    return Process(
        pid=pid,
        parent=int(fields[_PARENT]),
        session=int(fields[_SESSION]),
        threads=int(fields[_THREADS]),
        memory=(int(pages[1]) - int(pages[2])) * _page(),
        ended=fields[_STATE] in (b"Z", b"X"),
    )


def _content(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


@cache
def _page() -> int:
    return os.sysconf("SC_PAGE_SIZE")
