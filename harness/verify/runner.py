"""The one place that starts processes for verification.

A `Runner` is a port: the sandbox implements it too, so that a generated backend can be started
behind it without the callers knowing.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from harness.parent_death import die_with_parent

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True)
class Command:
    """What to start: nothing of the harness's own environment reaches it but `env`."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    output: IO[bytes] | int = subprocess.DEVNULL
    pass_fds: tuple[int, ...] = ()
    end_signal: int = signal.SIGKILL
    """What the process gets when the harness dies (Linux)."""
    databases: tuple[Path, ...] = ()
    """Directories with the sockets of the databases and servers it may use."""
    reads: tuple[Path, ...] = ()
    """What it has to read besides its directory."""


class Runner(Protocol):
    def start(self, command: Command) -> subprocess.Popen[bytes]:
        """Start the command as the leader of a new process group."""
        ...


class LocalRunner:
    """Start processes as they are; on Linux they end with the harness, however it ends."""

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        return _spawner().submit(_spawn, command).result()


@cache
def _spawner() -> ThreadPoolExecutor:
    """One thread that lives as long as the harness: a parent-death signal follows the thread."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command.argv),
        cwd=command.cwd,
        env=dict(command.env),
        stdin=subprocess.DEVNULL,
        stdout=command.output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=command.pass_fds,
        preexec_fn=die_with_parent(command.end_signal),  # noqa: PLW1509 - system calls only
    )


def clean_environment(**extra: str) -> dict[str, str]:
    """Return an environment without anything of the harness's but the path and the locale."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | extra


def stop_group(process: subprocess.Popen[bytes], grace_s: float = 1.0) -> None:
    """End a process group: SIGTERM, then SIGKILL to whatever is left of it."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
