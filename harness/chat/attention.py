"""What pages do while something is done on them: their calls, dialogs and new tabs."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from playwright.async_api import BrowserContext, Dialog, Page, Request, Response
from playwright.async_api import Error as PlaywrightError

from harness.capture.explore.caution import care_for

_CALLS = ("xhr", "fetch")
_QUIET_S = 0.25
_LONGEST_S = 5.0
_MOMENT_S = 0.03
_MOST_CALLS = 20
_MOST_KEPT = 200


class Attention:
    """Watches all pages of some contexts; `told` is what happened since `begin`.

    `in_hand` says whether dialogs that appear now are for the model to answer.
    """

    def __init__(self, contexts: Iterable[BrowserContext], in_hand: Callable[[], bool]) -> None:
        self.opened: list[Page] = []
        self._told: list[str] = []
        self._pending: set[Request] = set()
        self._in_hand = in_hand
        for context in contexts:
            context.on("request", self._asked)
            context.on("requestfinished", self._ended)
            context.on("requestfailed", self._ended)
            context.on("response", self._answered)
            context.on("dialog", self._dialog)
            context.on("page", self._opened)

    def begin(self) -> None:
        self._told, self.opened = [], []

    def told(self) -> list[str]:
        more = len(self._told) - _MOST_CALLS
        return [*self._told[:_MOST_CALLS], *([f"... and {more} more"] if more > 0 else [])]

    async def settle(self) -> None:
        """Wait until no page has asked anything for a moment."""
        until, quiet = time.monotonic() + _LONGEST_S, time.monotonic()
        while time.monotonic() < until and time.monotonic() - quiet < _QUIET_S:
            await asyncio.sleep(_MOMENT_S)
            if self._pending:
                quiet = time.monotonic()

    def _asked(self, request: Request) -> None:
        if _is_call(request):
            self._pending.add(request)

    def _ended(self, request: Request) -> None:
        self._pending.discard(request)

    def _opened(self, page: Page) -> None:
        self.opened.append(page)

    def _answered(self, response: Response) -> None:
        request = response.request
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            self._pending.discard(request)
        if _is_call(request) and len(self._told) < _MOST_KEPT:
            self._told.append(f"the page called {request.method} {request.url} {response.status}")

    async def _dialog(self, dialog: Dialog) -> None:
        """What the model is asked is meant, where it may be; what a person is asked is theirs."""
        if not self._in_hand():
            return
        accepted = care_for(dialog.message) != "never"
        self._told.append(
            f"a dialog asked: {dialog.message} ({'accepted' if accepted else 'dismissed'})"
        )
        with contextlib.suppress(PlaywrightError):
            await (dialog.accept(dialog.default_value) if accepted else dialog.dismiss())


def _is_call(request: Request) -> bool:
    return request.resource_type in _CALLS or request.method != "GET"
