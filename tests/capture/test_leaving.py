"""Pages that are gone as soon as they have their answer, watched from inside."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from harness.project import Project
from tests.capture.driving import capturing, lines, page_of, recorded
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

TIMES = 4
READ = "await (await fetch('/api/items', { method: 'POST', body: '{}' })).json();"
UNREAD = "await fetch('/api/items', { method: 'POST', body: '{}' });"
BY_XHR = """await new Promise((go) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/items");
    request.onload = go;
    request.send("{}");
});"""
EMPTY = "await fetch('/api/items/1', { method: 'DELETE' });"
CLOSES = "window.close();"
BLANKS = "location.href = 'about:blank';"
GOES_ON = "location.href = '/other';"


class Items:
    """An application whose answers are all different."""

    def __init__(self) -> None:
        self.made = 0
        routes = [
            Route("/api/items", self._make, methods=["POST"]),
            Route("/api/items/1", self._drop, methods=["DELETE"]),
            Route("/api/watch", self._watch),
            Route("/{page:path}", self._page),
        ]
        self.app = Starlette(routes=routes)

    async def _page(self, _: Request) -> Response:
        return HTMLResponse("<!doctype html><title>Items</title>")

    async def _make(self, _: Request) -> Response:
        self.made += 1
        return JSONResponse({"id": self.made, "name": "Grüße"}, 201)

    async def _drop(self, _: Request) -> Response:
        return Response(status_code=204)

    async def _watch(self, _: Request) -> Response:
        return StreamingResponse(self._changes(), media_type="application/json")

    async def _changes(self) -> AsyncIterator[str]:
        while True:
            yield '{"changed": 1}\n'
            await asyncio.sleep(0.2)


async def leave(page: Page, asks: str, leaves: str) -> None:
    """Let a page of its own ask for something, and be gone when it is answered."""
    async with page.expect_popup() as opened:
        await page.evaluate("() => void window.open('/popup')")
    popup = await opened.value
    await popup.wait_for_load_state()
    async with popup.expect_event("close" if leaves == CLOSES else "framenavigated"):
        await popup.evaluate(f"() => void (async () => {{ {asks} {leaves} }})()")


@pytest.mark.parametrize("leaves", [CLOSES, BLANKS, GOES_ON])
@pytest.mark.parametrize("asks", [READ, UNREAD, BY_XHR])
async def test_the_answer_is_kept(project: Project, port: int, asks: str, leaves: str) -> None:
    with serving(Items().app, port):
        async with capturing(project, via="browser") as session:
            for _ in range(TIMES):
                await leave(page_of(session), asks, leaves)
    exchanges = recorded(session)
    assert lines(exchanges) == ["POST /api/items 201"] * TIMES
    bodies = [one.response.body.decode() for one in exchanges if one.response is not None]
    assert bodies == [f'{{"id":{number},"name":"Grüße"}}' for number in range(1, TIMES + 1)]
    assert session.report["notes"] == []


async def test_an_answer_without_a_body_is_kept(project: Project, port: int) -> None:
    with serving(Items().app, port):
        async with capturing(project, via="browser") as session:
            await leave(page_of(session), EMPTY, CLOSES)
    assert lines(recorded(session)) == ["DELETE /api/items/1 204"]


async def test_an_answer_that_never_ends_is_the_pages_at_once(project: Project, port: int) -> None:
    with serving(Items().app, port):
        async with capturing(project, via="browser") as session:
            page = page_of(session)
            first = await page.evaluate("""async () => {
                const reader = (await fetch("/api/watch")).body.getReader();
                return new TextDecoder().decode((await reader.read()).value);
            }""")
            assert first == '{"changed": 1}\n'
            await page.evaluate(READ.replace("await (", "async () => await (").rstrip(";"))
            await page.close()
            await session.wait()
    assert sorted(lines(recorded(session))) == ["GET /api/watch None", "POST /api/items 201"]
