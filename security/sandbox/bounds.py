"""Limits as the programs inside take them: rlimits of a process, and bounds of all together."""

import os

from .spec import Limits


def of_each(limits: Limits) -> dict[str, int]:
    """Return names of `resource` with their values."""
    return {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
        **_process_limit(limits.processes),
    }


def of_all(limits: Limits) -> dict[str, int]:
    return {
        "processes": limits.processes,
        "memory": limits.memory_bytes,
        "free_memory": limits.free_memory_bytes,
        "free_disk": limits.free_disk_bytes,
    }


def _process_limit(most: int) -> dict[str, int]:
    """Return what holds a fork bomb back until the watch sees that there are too many.

    Before Linux 5.14 it counts all processes of the user, in and out of the sandbox.
    """
    if os.uname().sysname != "Linux":
        return {}
    major, minor, *_ = (int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    return {"RLIMIT_NPROC": most + most // 4} if (major, minor) >= (5, 14) else {}
