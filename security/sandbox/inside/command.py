"""One command: a child in a session of its own, with limits and nothing inherited."""

import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

_NOT_FOUND, _NOT_STARTED = 127, 126
_RESET = ("SIGINT", "SIGPIPE", "SIGXFSZ", "SIGTERM", "SIGHUP", "SIGQUIT")


@dataclass(frozen=True)
class Start:
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    limits: Mapping[str, int]
    """Names of `resource`, such as RLIMIT_AS, with their values."""


def start(command: Start, out: int, err: int) -> int:
    """Fork and execute; the descriptors are the child's output. Return the child's process id."""
    pid = os.fork()
    if pid:
        return pid
    code = _NOT_STARTED
    try:
        _become(command, out, err)
        os.execvpe(command.argv[0], list(command.argv), dict(command.env))  # noqa: S606 - that is its purpose
    except OSError as error:
        code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_STARTED
        place = error.filename or command.argv[0]
        _say(err, f"{place}: {error.strerror}\n")
    except BaseException as error:  # noqa: BLE001 - a child must never return
        _say(err, f"{command.argv[0]}: {error}\n")
    finally:
        os._exit(code)


def _become(command: Start, out: int, err: int) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for name in _RESET:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.umask(0o022)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for name, value in command.limits.items():
        _limit(getattr(resource, name), value)
    os.chdir(command.cwd)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        if sys.platform != "darwin":  # which knows some limits by name only
            raise


def _say(err: int, text: str) -> None:
    with suppress(OSError):
        os.write(err, text.encode("utf-8", "replace"))
