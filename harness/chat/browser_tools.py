"""The tools that act in the browser."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Page

from harness.chat.browsing import Browsing
from harness.chat.snapshots import names, tree
from harness.chat.toolbox import Given, RefusedError, Told, Tool, data, offer

_ELEMENT = ("string", "The element's reference in the last snapshot, as in e12")
_LOAD_MS = 20_000
_MOST_SHOWN = 16_000


class BrowserTools:
    """What a model can do in the browser; `told` gets a line for each thing that it does."""

    def __init__(self, browsing: Browsing, told: Told) -> None:
        self._browsing = browsing
        self._told = told
        self._names: dict[str, str] = {}

    def offered(self) -> list[Tool]:
        element = {"element": _ELEMENT}
        return [
            offer(
                "navigate",
                "Go to an address of the application.",
                self._acting(self._navigate),
                {"url": ("string", "The whole address")},
                "url",
            ),
            offer("click", "Press an element.", self._acting(self._click), element, "element"),
            offer(
                "type",
                "Fill a field in; what it held is replaced.",
                self._acting(self._type),
                {
                    **element,
                    "text": ("string", "What to write"),
                    "submit": ("boolean", "Press Enter afterwards"),
                },
                *("element", "text"),
            ),
            offer(
                "select",
                "Choose an option of a list.",
                self._acting(self._select),
                {**element, "option": ("string", "Its label")},
                *("element", "option"),
            ),
            offer("back", "Go back to the page before.", self._acting(self._back), {}),
            offer(
                "snapshot",
                "Show the page as its accessibility tree, with references to its elements.",
                self._snapshot,
                {"element": ("string", "Show this part only, where the whole is too long")},
            ),
            offer(
                "tabs",
                "List the tabs, switch to one, or open a new one.",
                self._tabs,
                {
                    "action": ("string", "list, switch or new"),
                    "number": ("integer", "The tab to switch to"),
                    "url": ("string", "What a new tab is to show"),
                },
                "action",
            ),
        ]

    def _acting(
        self, act: Callable[[Page, Given], Awaitable[None]]
    ) -> Callable[[Given], Awaitable[str]]:
        async def work(given: Given) -> str:
            async with self._browsing.turn() as page:
                await act(page, given)
                return await self._browsing.outcome()

        return work

    def _name(self, given: Given) -> str:
        ref = str(given.get("element") or "")
        return self._names.get(ref, ref)

    async def _navigate(self, page: Page, given: Given) -> None:
        self._told(f"navigate {given['url']}")
        await self._browsing.go(page, given["url"])

    async def _click(self, page: Page, given: Given) -> None:
        self._told(f"click {self._name(given)}")
        await self._browsing.click(page, given["element"])

    async def _type(self, page: Page, given: Given) -> None:
        self._told(f"type into {self._name(given)}")
        submit = bool(given.get("submit"))
        await self._browsing.type(page, given["element"], given["text"], submit=submit)

    async def _select(self, page: Page, given: Given) -> None:
        self._told(f"select {given['option']} in {self._name(given)}")
        await self._browsing.select(page, given["element"], given["option"])

    async def _back(self, page: Page, _: Given) -> None:
        self._told("back")
        await page.go_back(wait_until="domcontentloaded", timeout=_LOAD_MS)

    async def _snapshot(self, given: Given) -> str:
        self._told(f"snapshot {self._name(given)}".rstrip())
        async with self._browsing.turn() as page:
            self._browsing.require_in_scope(page.url)
            part = None
            if ref := given.get("element"):
                part, _ = await self._browsing.find(page, ref)
            text = await tree(page, part)
            self._names = names(text)
            if len(text) > _MOST_SHOWN:
                text = f"{text[:_MOST_SHOWN]}\n… of {len(text)} characters; show parts by element"
            return data(f"{await self._browsing.place(page)}\n{text}")

    async def _tabs(self, given: Given) -> str:
        action = given["action"]
        self._told(f"tabs {action}")
        async with self._browsing.turn() as page:
            if action == "switch":
                self._browsing.switch(int(given.get("number") or 0))
            elif action == "new":
                await self._browsing.open(page, str(given.get("url") or ""))
                await self._browsing.outcome()
            elif action != "list":
                raise RefusedError("`action` is list, switch or new.")
            return data("\n".join(await self._lines()))

    async def _lines(self) -> list[str]:
        lines = []
        for number, page in enumerate(self._browsing.pages, 1):
            here = " (this one)" if page is self._browsing.page else ""
            whose = f"{user}: " if (user := self._browsing.user(page)) else ""
            lines.append(f"{number} {whose}{await self._browsing.place(page)}{here}")
        return lines
