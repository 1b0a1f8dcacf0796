"""The proxy's process as the harness sees it."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.capture.messages import (
    Done,
    Failed,
    Message,
    Progress,
    Ready,
    Settings,
    decode_message,
    encode,
)
from harness.capture.recorder import repair
from harness.errors import SetupError
from harness.parent_death import die_with_parent

_GRACE_S = 60.0
_LONGEST_LINE = 1 << 22

OnProgress = Callable[[dict[str, Any]], None]


class ProxyProcess:
    """Runs the proxy; `ended` is set when it ends, whether it was told to or not."""

    def __init__(self, settings: Settings, log: Path, on_progress: OnProgress) -> None:
        self.ended = asyncio.Event()
        self.failure: SetupError | None = None
        self.report: dict[str, Any] = {}
        self._settings = settings
        self._log = log
        self._on_progress = on_progress
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._done = False

    async def start(self) -> Ready:
        """Return where the proxy listens; raise SetupError when it cannot."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "harness.capture.proxy",
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                limit=_LONGEST_LINE,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self._process = process
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        process.stdin.write(encode(self._settings) + b"\n")
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        first = await self._next()
        if isinstance(first, Ready):
            self._reading = asyncio.create_task(self._read())
            return first
        await process.wait()
        raise self._trouble(first)

    async def stop(self) -> dict[str, Any]:
        """Close the recording and return what is in it."""
        process = self._process
        if process is None or self._reading is None:
            return self.report
        if process.returncode is None and process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._reading), _GRACE_S)
        except TimeoutError:
            process.kill()
            await self._reading
        await process.wait()
        return self.report

    async def _next(self) -> Message | None:
        assert self._process is not None  # noqa: S101 - it was started
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = await self._process.stdout.readline()
        return decode_message(line) if line else None

    async def _read(self) -> None:
        while (message := await self._next()) is not None:
            match message:
                case Progress(report):
                    self.report = report
                    self._on_progress(report)
                case Failed():
                    self.failure = self._trouble(message)
                case Done(report):
                    self.report = report
                    self._done = True
        if not self._done:
            self.failure = self._trouble(None)
            self.report = {**self.report, **repair(self._settings.plan)}
        self.ended.set()

    def _trouble(self, message: Message | None) -> SetupError:
        if isinstance(message, Failed):
            return SetupError(message.problem, do=message.do)
        return SetupError(
            "The proxy ended unexpectedly.",
            do=f"What was recorded until then is kept; {self._log} has its last words. "
            "Capture again to go on.",
        )
