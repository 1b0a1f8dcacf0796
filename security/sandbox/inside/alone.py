"""One program as the only command of a sandbox: its bounds are watched, its end is the end."""

import json
import os
import select
import time
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from . import landlock
from .command import Start, start
from .shield import drain, shield
from .watch import Watch

_KILLED = 137


def main(settings: str, argv: Sequence[str]) -> NoReturn:
    """Run the program and end as it does; as process 1 this takes everything else along."""
    code = 1
    try:
        code = _run(json.loads(settings), argv)
    except BaseException:  # noqa: BLE001 - the end is the same, but it is said why
        traceback.print_exc()
    finally:
        os._exit(code)


def _run(settings: dict[str, Any], argv: Sequence[str]) -> int:
    wake = shield()
    place = os.getcwd()  # noqa: PTH109 - pathlib takes its time to import
    landlock.restrict(**settings["landlock"])
    watch = Watch(settings["bounds"], place)
    child = start(Start(argv, place, dict(os.environ), settings["limits"]), 1, 2)
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    while True:
        poll.poll(watch.period_s * 1000)
        drain(wake)
        code = _reap(child, watch.period_s)
        if code is not None:
            return code
        exceeded = watch.exceeded()
        if exceeded:
            os.write(2, f"everything was ended: too much {exceeded}\n".encode())
            return _KILLED


def _reap(child: int, seconds: float) -> int | None:
    """Collect what has ended, for a while; return the exit code of the child as shells count."""
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code
    return None
