"""Where a capture's traffic comes from: through the proxy, or out of the pages."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.capture.browser import Window
from harness.capture.messages import Plan, Settings
from harness.capture.pages import PageWatcher
from harness.capture.process import OnProgress, ProxyProcess
from harness.capture.recorder import Recorder
from harness.errors import SetupError

_PROGRESS_S = 0.25
_LAST_FLOWS_S = 0.3
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where the user wants it


@dataclass(frozen=True)
class Access:
    """What a browser needs: a proxy for each profile, and keys to trust."""

    proxies: Sequence[str | None]
    keys: Sequence[str] = ()
    certificate: str = ""


class Source(Protocol):
    """Records from `start` to `stop`; `ended` is set when it cannot go on."""

    ended: asyncio.Event

    @property
    def failure(self) -> SetupError | None: ...
    async def start(self) -> Access: ...
    async def attach(self, window: Window) -> None:
        """See to it that a window's traffic is recorded."""

    async def drain(self) -> None:
        """Record what is still under way; the browser is closed next."""

    async def stop(self) -> dict[str, Any]:
        """Close the recording and return what is in it."""
        ...


class ProxySource:
    """Everything that comes through the proxy."""

    def __init__(self, settings: Settings, log: Path, on_progress: OnProgress) -> None:
        self._host = _EVERYWHERE.get(settings.listen, settings.listen)
        self._process = ProxyProcess(settings, log, on_progress)
        self.ended = self._process.ended

    @property
    def failure(self) -> SetupError | None:
        return self._process.failure

    async def start(self) -> Access:
        ready = await self._process.start()
        host = f"[{self._host}]" if ":" in self._host else self._host
        proxies = [f"http://{host}:{port}" for port in ready.ports]
        return Access(proxies, [ready.spki], ready.certificate)

    async def attach(self, window: Window) -> None:
        """The window's proxy does it."""

    async def drain(self) -> None:
        """Nothing to ask the browser for."""

    async def stop(self) -> dict[str, Any]:
        await asyncio.sleep(_LAST_FLOWS_S)
        return await self._process.stop()


class PageSource:
    """What the pages of the browser see."""

    def __init__(
        self, plan: Plan, profiles: Sequence[str], keys: Sequence[str], on_progress: OnProgress
    ) -> None:
        self.ended = asyncio.Event()
        self._plan = plan
        self._access = Access([None for _ in profiles], keys)
        self._on_progress = on_progress
        self._recorder: Recorder | None = None
        self._watchers: list[PageWatcher] = []
        self._reporting: asyncio.Task[None] | None = None

    @property
    def failure(self) -> SetupError | None:
        return None if self._recorder is None else self._recorder.failure

    async def start(self) -> Access:
        self._recorder = Recorder(self._plan)
        self._reporting = asyncio.create_task(self._report(self._recorder))
        return self._access

    async def attach(self, window: Window) -> None:
        assert self._recorder is not None  # noqa: S101 - it was started
        watcher = PageWatcher(self._recorder, window.profile.name)
        await watcher.attach(window.context)
        self._watchers.append(watcher)

    async def drain(self) -> None:
        await asyncio.gather(*(each.drain() for each in self._watchers))

    async def stop(self) -> dict[str, Any]:
        if self._recorder is None:
            return {}
        if self._reporting is not None:
            self._reporting.cancel()
            with suppress(asyncio.CancelledError):
                await self._reporting
        return self._recorder.close()

    async def _report(self, recorder: Recorder) -> None:
        told = 0
        while True:
            await asyncio.sleep(_PROGRESS_S)
            recorder.settle()
            if recorder.changes != told:
                told = recorder.changes
                self._on_progress(recorder.as_dict())
            if recorder.failure is not None:
                self.ended.set()
