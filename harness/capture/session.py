"""One capture, from beginning to end."""

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from harness.capture.authority import key_of_server
from harness.capture.browser import Browser, Profile, visit
from harness.capture.messages import Plan, Settings
from harness.capture.process import OnProgress
from harness.capture.sources import Access, PageSource, ProxySource, Source
from harness.errors import SetupError

_CONNECT_S = 10
DEFAULT_PROFILE = "browser"


@dataclass(frozen=True)
class Wishes:
    """How to capture. `url` is opened in a window for each profile, unless `proxy_only`."""

    plan: Plan
    state: Path
    url: str | None
    via: Literal["proxy", "browser"] = "proxy"
    proxy_only: bool = False
    headless: bool = False
    listen: str = "127.0.0.1"
    port: int = 0
    profiles: tuple[str, ...] = ()
    insecure: bool = False


class Session:
    """A capture that is running: a context manager.

    `wait` returns when there is nothing more to record; `report` and `failure` say what was
    recorded, and why no more, once the session is left.
    """

    def __init__(self, wishes: Wishes, on_progress: OnProgress = lambda _: None) -> None:
        self.wishes = wishes
        self.access = Access([])
        self.browser: Browser | None = None
        self.report: dict[str, Any] = {}
        self.failure: SetupError | None = None
        self._profiles = () if wishes.proxy_only else wishes.profiles or (DEFAULT_PROFILE,)
        self._on_progress = on_progress
        self._notes: list[str] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        address = None if self.wishes.url is None else address_of(self.wishes.url)
        if address is not None:
            await asyncio.to_thread(require_answer, self.wishes.url or "", *address)
        self._source = self._choose_source(await self._extra_keys())
        self.access = await self._source.start()
        try:
            if not self.wishes.proxy_only:
                await self._open_browser()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    def greeting(self) -> str:
        """Say how the capture is used and ended."""
        if self.browser is not None:
            return "Recording. Close the browser or press Ctrl+C to end."
        return (
            f"Recording through the proxy {self.access.proxies[0]}; a user name in its address "
            f"tells clients apart.\nClients have to trust {self.access.certificate}. "
            "Press Ctrl+C to end."
        )

    async def wait(self) -> None:
        """Return when the browser is closed or the recorder cannot go on."""
        ends = [self._source.ended]
        if self.browser is not None:
            ends.append(self.browser.closed)
        tasks = [asyncio.ensure_future(each.wait()) for each in ends]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def _choose_source(self, keys: list[str]) -> Source:
        wishes = self.wishes
        if wishes.via == "browser":
            return PageSource(wishes.plan, self._profiles, keys, self._on_progress)
        settings = Settings(
            plan=wishes.plan,
            authority=str(wishes.state / "authority"),
            listen=wishes.listen,
            port=wishes.port,
            profiles=list(self._profiles),
            insecure=wishes.insecure,
        )
        return ProxySource(settings, wishes.state / "logs" / "capture.log", self._on_progress)

    async def _extra_keys(self) -> list[str]:
        """Without a proxy in between, --insecure means to trust the key the application shows."""
        url = self.wishes.url or ""
        if not (self.wishes.insecure and self.wishes.via == "browser" and url.startswith("https")):
            return []
        return [await asyncio.to_thread(key_of_server, *address_of(url))]

    async def _open_browser(self) -> None:
        browser = Browser(headless=self.wishes.headless, trusted_keys=self.access.keys)
        self.browser = await self._stack.enter_async_context(browser)
        for name, proxy in zip(self._profiles, self.access.proxies, strict=True):
            window = await self.browser.add_window(Profile(name, proxy))
            await self._source.attach(window)
            trouble = await visit(window, self.wishes.url or "about:blank")
            if trouble is not None:
                self._notes.append(trouble)

    async def _close(self) -> None:
        await self._source.drain()
        await self._stack.aclose()
        self.report = await self._source.stop()
        self.report.setdefault("notes", []).extend(self._notes)
        self.failure = self._source.failure


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def require_answer(url: str, host: str, port: int) -> None:
    """Raise SetupError when nothing accepts connections where the application should be."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except OSError as error:
        raise SetupError(
            f"{url} cannot be reached: {error.strerror or error}.",
            do="Start the application, or correct `url` under [target] in understudy.toml.",
        ) from error
