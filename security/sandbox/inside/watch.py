"""Bounds for everything in the sandbox together, which no rlimit can give."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress

from .processes import below

PERIOD_S = 0.05
_SLOW_PERIOD_S = 0.25
"""Outside a process namespace all processes of the machine are looked through."""


class Watch:
    """Say which bound is exceeded: the sums of what runs, and what must stay free for others."""

    def __init__(self, bounds: Mapping[str, int], place: str) -> None:
        self._most_processes = bounds["processes"]
        self._most_memory = bounds["memory"]
        self._place = place
        self._free_memory = _floor(bounds["free_memory"], _available())
        self._last_disk = self._disk()
        self._free_disk = _floor(bounds["free_disk"], self._last_disk)
        self.period_s = PERIOD_S if os.getpid() == 1 else _SLOW_PERIOD_S
        self._next = 0.0

    def exceeded(self) -> str | None:
        """Return processes, memory or disk; None between two looks and when all is well."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + self.period_s
        running = below(os.getpid())
        if sum(one.threads for one in running) > self._most_processes:
            return "processes"
        if sum(one.memory for one in running) > self._most_memory:
            return "memory"
        if 0 <= _available() < self._free_memory:
            return "memory"
        return "disk" if self._fills_disk() else None

    def _fills_disk(self) -> bool:
        """Whether too little is left and it is getting less: what makes room goes on."""
        before, self._last_disk = self._last_disk, self._disk()
        return 0 <= self._last_disk < min(before, self._free_disk)

    def _disk(self) -> int:
        with suppress(OSError):
            status = os.statvfs(self._place)
            return status.f_bavail * status.f_frsize
        return -1


def _floor(wanted: int, available: int) -> int:
    """What was scarce before the sandbox started is not its fault."""
    return min(wanted, available // 2) if available >= 0 else 0


def _available() -> int:
    """Return the bytes of memory that the machine has left; -1 where that is not told."""
    with suppress(OSError, ValueError, IndexError), open("/proc/meminfo", "rb") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) << 10
    return -1
