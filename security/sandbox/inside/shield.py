"""Process 1 of a sandbox: out of reach of what it starts, and told when something ends."""

import ctypes
import os
import signal
import sys

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36


def shield() -> int:
    """Make this process untouchable for its children; return what wakes it when one ends."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if (policy := os.sched_getscheduler(0)) == os.SCHED_RR:
            os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        return
