"""What goes on beside a capture: the line that tells of it, and the API model that grows."""

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from harness.parent_death import die_with_parent

_QUIET_S = 2.0
_LONGEST_S = 15.0
_NEWS_S = 0.3
"""So long does it take at most until what was recorded is told."""
_REST = 3
"""So much longer than an inference took is the pause after it."""
_PRIORITY = 10
_INFER = "from harness.cli import main; main()"


class LiveInference:
    """Infers the API model again when traffic has settled, in a process of its own.

    Capturing never waits for it. It runs at a lower priority, and one at a time.
    """

    def __init__(self, directory: Path) -> None:
        self.endpoints: int | None = None
        self._directory = directory
        self._changed = asyncio.Event()
        self._latest = 0
        self._task: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()
        self._version = 0
        self._inferred = -1

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def saw(self, kept: int) -> None:
        """Note that so many exchanges are recorded by now."""
        if kept > self._latest:
            self._latest = kept
            self.touch()

    def touch(self) -> None:
        """Note that something changed of what is inferred from."""
        self._version += 1
        self._changed.set()

    async def refresh(self) -> None:
        """Infer now, where something was recorded since the last time."""
        await asyncio.sleep(_NEWS_S)
        await self._infer_news()

    async def pause(self) -> None:
        """Stop reading the recording: it is about to be closed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def finish(self) -> None:
        """Infer from the finished recording."""
        async with self._one:
            await self._infer()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            latest = loop.time() + _LONGEST_S
            while self._changed.is_set() and loop.time() < latest:
                self._changed.clear()
                await asyncio.sleep(_QUIET_S)
            began = loop.time()
            await self._infer_news()
            await asyncio.sleep((loop.time() - began) * _REST)

    async def _infer_news(self) -> None:
        async with self._one:
            version = self._version
            if version != self._inferred:
                await self._infer()
                self._inferred = version

    async def _infer(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _INFER,
            "infer",
            str(self._directory),
            "--json",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
            preexec_fn=_behind(die_with_parent(signal.SIGKILL)),
        )
        try:
            out, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode == 0:
            self.endpoints = json.loads(out)["endpoints"]


def _behind(prepare: Callable[[], None] | None) -> Callable[[], None] | None:
    if prepare is None:
        return None

    def lowered() -> None:
        os.nice(_PRIORITY)
        prepare()

    return lowered


class LiveLine:
    """Shows on a terminal what was recorded until now, on one line."""

    def __init__(
        self, out: TextIO, inference: LiveInference | None, *, quiet: bool = False
    ) -> None:
        self._out = out
        self._inference = inference
        self._quiet = quiet
        self._shown = False

    def show(self, report: dict[str, Any]) -> None:
        if self._inference is not None:
            self._inference.saw(report["kept"])
        if self._out.isatty() and not self._quiet:
            endpoints = None if self._inference is None else self._inference.endpoints
            width = shutil.get_terminal_size().columns - 1
            self._out.write(f"\r\x1b[2K{live_text(report, endpoints)[:width]}")
            self._out.flush()
            self._shown = True

    def close(self) -> None:
        if self._shown:
            self._out.write("\n")
            self._out.flush()


def live_text(report: dict[str, Any], endpoints: int | None) -> str:
    """Return the line: endpoints, exchanges, messages, and what was left out and why."""
    found = [f"{endpoints} endpoints"] if endpoints is not None else []
    http = report["kept"] - report["messages"]
    found += [f"{http} exchanges", f"{report['messages']} messages"]
    dropped = ", ".join(f"{count} {reason}" for reason, count in report["dropped"].items())
    return "  " + " · ".join([*found, *([f"left out: {dropped}"] if dropped else [])])
