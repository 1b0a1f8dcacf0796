"""Chromium, with a window for each profile, trusting one more authority and no other."""

import asyncio
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from playwright.async_api import (
    Browser as Chromium,
)
from playwright.async_api import (
    BrowserContext,
    Page,
    Playwright,
    async_playwright,
)
from playwright.async_api import (
    Error as PlaywrightError,
)

from harness.capture.finding import find_browser
from harness.errors import SetupError

_ARGUMENTS = ("--no-first-run", "--disable-quic")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_NO_SERVER = "Missing X server"
_WITHOUT_DISPLAY = "Use --headless, or a virtual display: xvfb-run -a understudy capture …"


@dataclass(frozen=True)
class Profile:
    """One user of the browser. `proxy` is the address that its traffic goes through."""

    name: str
    proxy: str | None = None


@dataclass
class Window:
    """A profile's context: its cookies and storage are its own, and gone in the end."""

    profile: Profile
    context: BrowserContext
    pages: list[Page] = field(default_factory=list)


class Browser:
    """A browser that is open; `closed` is set when the last of its pages is closed."""

    def __init__(self, *, headless: bool, trusted_keys: Sequence[str] = ()) -> None:
        self.closed = asyncio.Event()
        self.windows: list[Window] = []
        self._headless = headless
        self._trusted = list(trusted_keys)
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None

    async def __aenter__(self) -> Self:
        if not self._headless and platform.system() == "Linux":
            _require_display()
        self._playwright = await async_playwright().start()
        path = find_browser(self._playwright.chromium.executable_path)
        arguments = list(_ARGUMENTS)
        if self._trusted:
            keys = ",".join(self._trusted)
            arguments.append(f"--ignore-certificate-errors-spki-list={keys}")
        try:
            self._chromium = await self._playwright.chromium.launch(
                executable_path=path,
                headless=self._headless,
                chromium_sandbox=not _is_root(),
                args=arguments,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except PlaywrightError as error:
            await self._playwright.stop()
            raise _no_start(path, error) from error
        self._chromium.on("disconnected", lambda _: self.closed.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._chromium is not None and self._chromium.is_connected():
            await self._chromium.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def add_window(self, profile: Profile) -> Window:
        """Open a window without a page; what is to watch it can be attached now."""
        assert self._chromium is not None  # noqa: S101 - it is open
        proxy = None if profile.proxy is None else {"server": profile.proxy}
        if self._headless:
            context = await self._chromium.new_context(proxy=proxy)  # type: ignore[arg-type]
        else:
            context = await self._chromium.new_context(proxy=proxy, no_viewport=True)  # type: ignore[arg-type]
        window = Window(profile, context)
        context.on("page", lambda page: self._opened(window, page))
        self.windows.append(window)
        return window

    def _opened(self, window: Window, page: Page) -> None:
        window.pages.append(page)
        page.on("close", lambda closed: self._closed(window, closed))

    def _closed(self, window: Window, page: Page) -> None:
        window.pages.remove(page)
        if not any(each.pages for each in self.windows):
            self.closed.set()


async def visit(window: Window, url: str) -> str | None:
    """Open a page in a window; return why it does not load, if it does not."""
    page = await window.context.new_page()
    try:
        await page.goto(url, wait_until="commit")
    except PlaywrightError as error:
        return None if page.is_closed() else _first_line(error)
    return None


def _no_start(path: str, error: PlaywrightError) -> SetupError:
    if _NO_SERVER in error.message:
        display = os.environ.get("DISPLAY")
        return SetupError(f"The display {display} does not answer.", do=_WITHOUT_DISPLAY)
    return SetupError(
        f"{path} does not start: {_first_line(error)}",
        do="Start it by hand to see why; on a server without display use --headless.",
    )


def _first_line(error: PlaywrightError) -> str:
    return error.message.strip().partition("\n")[0]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _require_display() -> None:
    if not any(os.environ.get(name) for name in _DISPLAYS):
        raise SetupError("There is no display to open a browser on.", do=_WITHOUT_DISPLAY)
