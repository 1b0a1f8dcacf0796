"""Applications whose whole CRUD goes over a WebSocket: captured, learned, and used again."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette

from harness.capture.browser import Browser, Profile
from tests.capture import ddp_board, socketio_board
from tests.capture.serving import free_port, serving
from tests.capture.task_pages import Visitor, bring_page, journey

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class App:
    """An application, and the script by which its page speaks to it."""

    framing: str
    make: Callable[[], Starlette]
    client: str


APPS = [
    App("socket.io", socketio_board.application, "socketio.js"),
    App("ddp", ddp_board.application, "ddp.js"),
]


async def use(origin: str, client: str) -> None:
    """Go through the journey with two browsers' pages, which are served from their files."""
    visitors = []
    async with Browser(headless=True) as browser:
        for name in ("ada", "ben"):
            window = await browser.add_window(Profile(name))
            page = await window.context.new_page()
            await bring_page(page, origin, client)
            await page.goto(f"{origin}/")
            visitors.append(Visitor(page, name))
        await journey(*visitors)


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.framing)
async def test_the_page_works_against_the_original(app: App) -> None:
    with serving(app.make(), free_port()) as origin:
        await use(origin, app.client)
