"""One capture, from beginning to end."""

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from harness.capture.browser import Browser, Profile, visit
from harness.capture.messages import Plan, Ready, Settings
from harness.capture.process import OnProgress, ProxyProcess
from harness.errors import SetupError, UnderstudyError

_CONNECT_S = 10
_SETTLE_S = 0.3
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

    `wait` returns when there is nothing more to record; `report` says what was recorded once the
    session is left.
    """

    def __init__(self, wishes: Wishes, on_progress: OnProgress = lambda _: None) -> None:
        self.ready: Ready | None = None
        self.browser: Browser | None = None
        self.report: dict[str, Any] = {}
        self.notes: list[str] = []
        self.failure: UnderstudyError | None = None
        self.wishes = wishes
        profiles = wishes.profiles or (DEFAULT_PROFILE,)
        self._profiles = () if wishes.proxy_only else profiles
        self._proxy = ProxyProcess(
            self._settings(), wishes.state / "logs" / "capture.log", on_progress
        )
        self._stack = AsyncExitStack()

    def _settings(self) -> Settings:
        wishes = self.wishes
        return Settings(
            plan=wishes.plan,
            authority=str(wishes.state / "authority"),
            listen=wishes.listen,
            port=wishes.port,
            profiles=list(self._profiles),
            insecure=wishes.insecure,
        )

    async def __aenter__(self) -> Self:
        wishes = self.wishes
        if wishes.url is not None and not wishes.proxy_only:
            await asyncio.to_thread(require_answer, wishes.url)
        self.ready = await self._proxy.start()
        try:
            if not wishes.proxy_only:
                await self._open_browser(self.ready)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    def greeting(self) -> str:
        """Say how the capture is used and ended."""
        assert self.ready is not None  # noqa: S101 - the session was entered
        if self.browser is not None:
            return "Recording. Close the browser or press Ctrl+C to end."
        listen = self.wishes.listen
        host = f"[{listen}]" if ":" in listen else listen
        return (
            f"Recording through the proxy http://{host}:{self.ready.ports[0]}; "
            "a user name in its address tells clients apart.\n"
            f"Clients have to trust {self.ready.certificate}. Press Ctrl+C to end."
        )

    async def wait(self) -> None:
        """Return when the browser is closed or the recorder cannot go on."""
        ends = [self._proxy.ended.wait()]
        if self.browser is not None:
            ends.append(self.browser.closed.wait())
        tasks = [asyncio.ensure_future(each) for each in ends]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _open_browser(self, ready: Ready) -> None:
        browser = Browser(headless=self.wishes.headless, trusted_keys=[ready.spki])
        self.browser = await self._stack.enter_async_context(browser)
        for name, port in zip(self._profiles, ready.ports, strict=True):
            profile = Profile(name, f"http://127.0.0.1:{port}")
            window = await self.browser.add_window(profile)
            trouble = await visit(window, self.wishes.url or "about:blank")
            if trouble is not None:
                self.notes.append(trouble)

    async def _close(self) -> None:
        await self._stack.aclose()
        await asyncio.sleep(_SETTLE_S)
        self.report = await self._proxy.stop()
        self.failure = self._proxy.failure


def require_answer(url: str) -> None:
    """Raise SetupError when nothing accepts connections where the application should be."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_S).close()
    except OSError as error:
        raise SetupError(
            f"{url} cannot be reached: {error.strerror or error}.",
            do="Start the application, or correct `url` under [target] in understudy.toml.",
        ) from error
