"""Uses a page as a person would: goes somewhere, presses, fills in, submits, waits."""

import asyncio
import contextlib
import re
import time
from typing import Literal

from playwright.async_api import Dialog, Locator, Page, Request, Response
from playwright.async_api import Error as PlaywrightError

from harness.capture.explore.page import Button, Field, Form, Snapshot, kind_of, look
from harness.capture.explore.values import Values

Manner = Literal["valid", "empty", "invalid", "wrong secret"]

_ACTION_MS = 2000
_QUIET_S = 0.2
_LONGEST_S = 4.0
_CALLS = ("xhr", "fetch")
_LEAVES = re.compile(r"cancel|close|back|dismiss|reset|\N{MULTIPLICATION SIGN}", re.IGNORECASE)


class Hands:
    """Acts on one page; `endpoints` are the calls that it was seen to make."""

    def __init__(self, page: Page, values: Values) -> None:
        self.page = page
        self.endpoints: set[tuple[str, str]] = set()
        self.refused = True
        self._values = values
        self._pending: set[Request] = set()
        page.on("request", self._asked)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        page.on("response", self._answered)
        page.on("dialog", self._dialog)
        page.on("popup", self._close)

    async def go(self, url: str) -> bool:
        with contextlib.suppress(PlaywrightError):
            if "#" in url:
                await self.page.goto("about:blank")  # else nothing is loaded anew
            await self.page.goto(url, wait_until="domcontentloaded")
            await self.settle()
            return True
        return False

    async def see(self) -> Snapshot | None:
        """Return what is there to use; None while the page is on its way elsewhere."""
        for _ in range(3):
            with contextlib.suppress(PlaywrightError):
                return await look(self.page)
            await self.settle()
        return None

    async def press(self, button: Button) -> bool:
        return await self._click(button.mark)

    async def fill(self, form: Form, manner: Manner) -> None:
        for field in form.fields:
            with contextlib.suppress(PlaywrightError):
                await self._fill(field, manner)

    async def submit(self, form: Form) -> bool:
        """Submit a form, also where the browser would not for its values."""
        self.refused = False
        first = self._locator(form.fields[0].mark)
        with contextlib.suppress(PlaywrightError):
            await first.evaluate("field => { if (field.form) field.form.noValidate = true }")
        buttons = [each for each in form.buttons if not _LEAVES.search(each.name)]
        if buttons:
            return await self._click(buttons[-1].mark)
        with contextlib.suppress(PlaywrightError):
            await first.press("Enter", timeout=_ACTION_MS)
            await self.settle()
            return True
        return False

    async def settle(self) -> None:
        """Wait until the page has asked nothing for a moment."""
        until, quiet = time.monotonic() + _LONGEST_S, time.monotonic()
        while time.monotonic() < until and time.monotonic() - quiet < _QUIET_S:
            await asyncio.sleep(0.03)
            if self._pending:
                quiet = time.monotonic()

    async def _click(self, mark: int) -> bool:
        with contextlib.suppress(PlaywrightError):
            await self._locator(mark).click(timeout=_ACTION_MS)
            await self.settle()
            return True
        return False

    async def _fill(self, field: Field, manner: Manner) -> None:
        target = self._locator(field.mark)
        if field.type in ("checkbox", "radio"):
            await target.set_checked(manner == "valid", timeout=_ACTION_MS)
        elif field.options:
            await target.select_option(self._values.valid(field), timeout=_ACTION_MS)
        elif field.type == "file":
            content = {"name": "picture.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
            await target.set_input_files(content, timeout=_ACTION_MS)  # type: ignore[arg-type]
        else:
            await target.fill(self._text(field, manner), timeout=_ACTION_MS)

    def _text(self, field: Field, manner: Manner) -> str:
        if manner == "empty":
            return ""
        if manner == "invalid":
            return self._values.invalid(field)
        if manner == "wrong secret" and field.is_secret:
            return f"not-{self._values.credentials.password}"
        return self._values.valid(field)

    def _locator(self, mark: int) -> Locator:
        return self.page.locator(f'[data-understudy="{mark}"]')

    def _asked(self, request: Request) -> None:
        if request.resource_type in _CALLS or request.method != "GET":
            self._pending.add(request)
            self.endpoints.add((request.method, kind_of(request.url)))

    def _ended(self, request: Request) -> None:
        self._pending.discard(request)

    def _answered(self, response: Response) -> None:
        if response.request.method != "GET" and response.status >= 400:  # noqa: PLR2004
            self.refused = True

    async def _close(self, popup: Page) -> None:
        await popup.close()

    async def _dialog(self, dialog: Dialog) -> None:
        """What is asked now was meant: only what may be pressed is pressed."""
        with contextlib.suppress(PlaywrightError):
            await dialog.accept(self._values.marker if dialog.type == "prompt" else "")
