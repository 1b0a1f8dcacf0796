"""The page of the board of tasks, and what a user does on it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from playwright.async_api import Locator, Page, Route, TimeoutError, expect  # noqa: A004 - its own
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route as ServedRoute

from tests.capture.notes_server import PAGES

_PATIENCE_MS = 10_000


class Task(NamedTuple):
    """A task as the page shows it."""

    title: str
    done: bool
    owner: str


def files(client: str) -> dict[str, str]:
    """Return the files of the page by their paths; `client` is what speaks to the server."""
    return {"/": "tasks.html", "/tasks.js": "tasks.js", "/client.js": client}


def pages(client: str) -> list[ServedRoute]:
    return [_page(path, name) for path, name in files(client).items()]


def _page(path: str, name: str) -> ServedRoute:
    async def serve(_: Request) -> Response:
        return FileResponse(PAGES / name)

    return ServedRoute(path, serve)


async def bring_page(page: Page, origin: str, client: str) -> None:
    """Let the page come from its files, whatever the server of the origin has there."""
    await page.context.grant_permissions(["local-network-access"], origin=origin)
    for path, name in files(client).items():

        async def fulfil(route: Route, *, name: str = name) -> None:
            await route.fulfill(path=PAGES / name)

        await page.route(f"{origin}{path}", fulfil)


class Visitor:
    """A user in front of the page."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.password = f"{name}'s secret 71"

    async def sign_up(self) -> None:
        await self._fill_in(self.password)
        await self.page.click("#register")

    async def log_in(self, password: str | None = None) -> None:
        await self._fill_in(password or self.password)
        await self.page.click("#login")

    async def log_out(self) -> None:
        await self.page.click("#logout")

    async def reload(self) -> None:
        await self.page.reload()

    async def add(self, title: str) -> None:
        await self.page.fill("#new [name=title]", title)
        await self.page.click("#new button")

    async def rename(self, title: str, to: str) -> None:
        field = (await self._task(title)).locator(".title")
        await field.fill(to)
        await field.blur()

    async def toggle(self, title: str) -> None:
        await (await self._task(title)).locator(".done").click()

    async def delete(self, title: str) -> str:
        """Delete a task; return its key."""
        task = await self._task(title)
        key = await task.get_attribute("data-key")
        await task.locator(".delete").click()
        return key or ""

    async def delete_by_key(self, key: str) -> None:
        await self.page.fill("#by-key [name=key]", key)
        await self.page.click("#by-key button")

    async def sees(self, tasks: Sequence[Task] = (), error: str = "") -> None:
        """Wait until the page shows exactly these tasks and this error."""
        await expect(self.page.locator("#me")).to_have_text(self.name)
        shown = [[list(task) for task in tasks], error]
        with suppress(TimeoutError):
            await self.page.wait_for_function(
                "(shown) => JSON.stringify([shownTasks(), shownError()]) === JSON.stringify(shown)",
                arg=shown,
                timeout=_PATIENCE_MS,
            )
        assert await self.page.evaluate("[shownTasks(), shownError()]") == shown

    async def is_out(self, error: str = "") -> None:
        """Wait until the page asks who it is."""
        await expect(self.page.locator("#who")).to_be_visible()
        await expect(self.page.locator("#error")).to_have_text(error)

    async def _fill_in(self, password: str) -> None:
        await self.page.fill("#who [name=name]", self.name)
        await self.page.fill("#who [name=password]", password)

    async def _task(self, title: str) -> Locator:
        rows = self.page.locator("#tasks li")
        titles = [await row.locator(".title").input_value() for row in await rows.all()]
        return rows.nth(titles.index(title))


async def journey(ada: Visitor, ben: Visitor) -> None:
    """Do everything that the board can do; what both see is checked at every step."""
    await ada.sign_up()
    await ada.sees()
    await ben.sign_up()
    await ben.sees()
    shared = _Journey(ada, ben)
    await shared.changes()
    await shared.refusals()
    await shared.coming_and_going()


class _Journey:
    def __init__(self, ada: Visitor, ben: Visitor) -> None:
        self.ada = ada
        self.ben = ben
        self._shown: list[Task] = []
        self._errors = {ada: "", ben: ""}

    async def changes(self) -> None:
        ada, ben = self.ada, self.ben
        for who, title in (
            (ada, "Milk"),
            (ben, "Bread"),
            (ada, "Salt"),
            (ben, "Tea"),
            (ada, "Figs"),
        ):
            await self._add(who, title)
        for who, title, to in (
            (ada, "Milk", "Oat milk"),
            (ben, "Salt", "Sea salt"),
            (ada, "Tea", "Green tea"),
        ):
            await who.rename(title, to)
            self._change(title, title=to)
            await self._both_see(who)
        for who, title in ((ben, "Oat milk"), (ada, "Bread"), (ada, "Oat milk"), (ben, "Figs")):
            await self._toggle(who, title)

    async def refusals(self) -> None:
        ada, ben = self.ada, self.ben
        gone = await self._delete(ben, "Green tea")
        other = await self._delete(ada, "Sea salt")
        await ada.add(" ")
        await self._both_see(ada, "A task needs a title")
        await ada.delete_by_key(gone)
        await self._both_see(ada, "There is no such task")
        await ben.rename("Bread", "")
        await self._both_see(ben, "A task needs a title")
        await ben.delete_by_key(other)
        await self._both_see(ben, "There is no such task")

    async def coming_and_going(self) -> None:
        ada, ben = self.ada, self.ben
        await ben.reload()
        await self._both_see(ben)
        await self._add(ben, "Jam")
        await ada.log_out()
        await ada.is_out()
        await ben.toggle("Jam")
        self._change("Jam", done=True)
        await ben.sees(self._shown)
        await ada.log_in("not hers")
        await ada.is_out("Wrong name or password")
        await ada.log_in()
        await self._both_see(ada)
        await self._toggle(ada, "Jam")
        for each in (ada, ben):
            await each.log_out()
            await each.is_out()

    async def _add(self, who: Visitor, title: str) -> None:
        await who.add(title)
        self._shown.append(Task(title, False, who.name))
        await self._both_see(who)

    async def _toggle(self, who: Visitor, title: str) -> None:
        await who.toggle(title)
        self._change(title, done=not self._found(title).done)
        await self._both_see(who)

    async def _delete(self, who: Visitor, title: str) -> str:
        key = await who.delete(title)
        self._shown.remove(self._found(title))
        await self._both_see(who)
        return key

    def _found(self, title: str) -> Task:
        return next(task for task in self._shown if task.title == title)

    def _change(self, of: str, **changes: Any) -> None:
        task = self._found(of)
        self._shown[self._shown.index(task)] = task._replace(**changes)

    async def _both_see(self, by: Visitor, error: str = "") -> None:
        self._errors[by] = error
        for each in (self.ada, self.ben):
            await each.sees(self._shown, self._errors[each])
