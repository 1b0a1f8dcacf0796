"""Processes that end with the one that started them, however it ends (Linux)."""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache

_PR_SET_PDEATHSIG = 1


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(end_signal: int) -> Callable[[], None] | None:
    """Return what a new process runs first so that it gets the signal when its parent dies.

    The kernel follows the thread that started the process, so that thread has to live on.
    """
    if sys.platform != "linux":
        return None
    parent, libc = os.getpid(), _libc()

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, end_signal)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
