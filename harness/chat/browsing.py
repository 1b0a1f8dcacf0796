"""The browser of a capture in a model's hands: its pages, its scope, and whose turn it is."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from harness.capture.explore.exploring import PASSWORD_VARIABLE
from harness.capture.session import Session
from harness.chat import harm
from harness.chat.attention import Attention
from harness.chat.toolbox import RefusedError, data
from harness.traffic.addresses import host_in_scheme
from harness.traffic.scope import DENIED, Scope

_REF = re.compile(r"(?:f\d+)?e\d+")
_WEB = ("http", "https")
_ACTION_MS = 5000
_LOAD_MS = 20_000
WITH_PERSON = "The person has the browser. Wait until they give it back, and say so if you need it."


class Browsing:
    """One page at a time, in scope, unless the person has the browser.

    `password` is typed where the model writes the name of its variable: it does not get to know it.
    """

    def __init__(self, session: Session, password: str | None = None) -> None:
        assert session.browser is not None  # noqa: S101 - a chat goes with a browser
        plan = session.wishes.plan
        self.with_person = False
        self.password = password
        self.windows = session.browser.windows
        self.attention = Attention(
            [each.context for each in self.windows],
            lambda: session.wishes.headless or self._one.locked(),
        )
        self._scope = Scope(plan.hosts, plan.extra_hosts, plan.denied_hosts)
        self._start = session.wishes.url or "about:blank"
        self._page = self.windows[0].pages[0]
        self._one = asyncio.Lock()

    @property
    def pages(self) -> list[Page]:
        return [page for window in self.windows for page in window.pages]

    @property
    def users(self) -> list[str]:
        """Whose windows there are, where there are several."""
        return [each.profile.name for each in self.windows] if len(self.windows) > 1 else []

    def user(self, page: Page) -> str:
        """Return whose page it is, where there are several users."""
        owners = (each.profile.name for each in self.windows if page in each.pages)
        return next(owners, "") if self.users else ""

    @property
    def page(self) -> Page:
        """The page that is used; another one where it was closed."""
        if self._page.is_closed() and self.pages:
            self._page = self.pages[-1]
        return self._page

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Page]:
        """Have the page for one action, and no other at the same time."""
        async with self._one:
            if self.with_person:
                raise RefusedError(WITH_PERSON)
            self.attention.begin()
            yield self.page

    def in_scope(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme not in _WEB:
            return True  # an empty page, or one that says what went wrong
        host = host_in_scheme(parts.netloc, parts.scheme)
        verdict = self._scope.host_verdict(host)
        return verdict is None or (verdict != DENIED and host == self._home)

    @property
    def _home(self) -> str:
        parts = urlsplit(self._start)
        return host_in_scheme(parts.netloc, parts.scheme)

    def require_in_scope(self, url: str) -> None:
        if not self.in_scope(url):
            raise RefusedError(
                f"That is out of scope: only {', '.join(self.hosts)} may be visited. The person "
                f"can go there after /pause.\n{data(url)}"
            )

    @property
    def hosts(self) -> list[str]:
        listed = [*self._scope.hosts, *self._scope.extra_hosts]
        return list(dict.fromkeys([self._home, *listed]))

    async def go(self, page: Page, url: str) -> None:
        if urlsplit(url).scheme not in _WEB:
            raise RefusedError("Give a whole address, as in https://host/path.")
        self.require_in_scope(url)
        harm.require_harmless_address(url)
        await page.goto(url, wait_until="domcontentloaded", timeout=_LOAD_MS)

    async def find(self, page: Page, ref: str) -> tuple[Locator, harm.Seen]:
        """Return an element of the last snapshot with what it is."""
        self.require_in_scope(page.url)
        gone = f"There is no element {ref} on the page now: take a new snapshot."
        if not _REF.fullmatch(ref):
            raise RefusedError(gone)
        target = page.locator(f"aria-ref={ref}")
        try:
            seen = await harm.look(target)
        except PlaywrightTimeoutError as error:
            raise RefusedError(gone) from error
        self.require_in_scope(seen.frame)
        return target, seen

    async def click(self, page: Page, ref: str) -> None:
        target, seen = await self.find(page, ref)
        harm.require_harmless(seen)
        if seen.href.startswith(_WEB):
            self.require_in_scope(seen.href)
        await target.click(timeout=_ACTION_MS)

    async def type(self, page: Page, ref: str, text: str, *, submit: bool) -> None:
        target, seen = await self.find(page, ref)
        if self.password and text == PASSWORD_VARIABLE:
            if not seen.secret:
                raise RefusedError(f"{PASSWORD_VARIABLE} goes into password fields only.")
            text = self.password
        if submit:
            harm.require_harmless_submit(seen)
        await target.fill(text, timeout=_ACTION_MS)
        if submit:
            await target.press("Enter", timeout=_ACTION_MS)

    async def select(self, page: Page, ref: str, option: str) -> None:
        target, _ = await self.find(page, ref)
        try:
            await target.select_option(label=option, timeout=_ACTION_MS)
        except PlaywrightTimeoutError:
            await target.select_option(value=option, timeout=_ACTION_MS)

    async def outcome(self) -> str:
        """Say where this led; pages out of scope are left again."""
        await self.attention.settle()
        told = self.attention.told()
        for page in [*self.attention.opened, self.page]:
            if not page.is_closed() and not self.in_scope(page.url):
                told.append(f"it led to {page.url}, which is out of scope and was left again")
                await self._leave(page)
        told += [
            f"a new tab opened: {one}" for one in map(self._numbered, self.attention.opened) if one
        ]
        return data("\n".join([*told, f"now at {await self.place(self.page)}"]))

    async def _leave(self, page: Page) -> None:
        if page is not self.page:
            await page.close()
            return
        with contextlib.suppress(PlaywrightError):
            await page.go_back(wait_until="commit", timeout=_ACTION_MS)
        if not self.in_scope(page.url) or page.url == "about:blank":
            await page.goto(self._start, wait_until="domcontentloaded", timeout=_LOAD_MS)

    def _numbered(self, page: Page) -> int | None:
        return self.pages.index(page) + 1 if page in self.pages else None

    def switch(self, number: int) -> None:
        if not 1 <= number <= len(self.pages):
            raise RefusedError(f"There are tabs 1 to {len(self.pages)}.")
        self._page = self.pages[number - 1]

    async def open(self, page: Page, url: str) -> None:
        self.require_in_scope(url)
        harm.require_harmless_address(url)
        self._page = await page.context.new_page()
        await self.go(self._page, url)

    async def place(self, page: Page) -> str:
        with contextlib.suppress(PlaywrightError):
            return f"{page.url} ({await page.title()})"
        return page.url
