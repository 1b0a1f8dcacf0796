"""Finding processes from outside: those that sleep for a time of their own."""

import time
import uuid
from pathlib import Path


def new_mark() -> str:
    """Return an argument for `sleep` that nobody else uses."""
    return f"1000.{uuid.uuid4().int % 10**12:012}"


def running(mark: str) -> int:
    """Return how many processes of this machine are `sleep MARK`, or are called by the mark."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        found += arguments[0] == mark.encode() or arguments[:2] == [b"sleep", mark.encode()]
    return found


def wait_for(mark: str, count: int) -> int:
    """Wait until that many processes run, for a few seconds; return how many do."""
    deadline = time.monotonic() + 5
    while running(mark) != count and time.monotonic() < deadline:
        time.sleep(0.02)
    return running(mark)
