"""Captures driven by tests: real browsers, real proxies."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from harness.capture.session import Session
from harness.capturing import CaptureOptions, wishes_of
from harness.project import Project
from harness.traffic.exchange import Exchange
from harness.traffic.store import Recording

UNDERSTUDY = [sys.executable, "-c", "from harness.cli import main; main()"]


@contextlib.asynccontextmanager
async def capturing(project: Project, **options: Any) -> AsyncIterator[Session]:
    wishes = wishes_of(project, CaptureOptions(headless=True, **options))
    if not wishes.proxy_only:
        wishes = replace(wishes, url=wishes.url or "about:blank")
    async with Session(wishes) as session:
        yield session


def page_of(session: Session, number: int = 0) -> Page:
    assert session.browser is not None
    return session.browser.windows[number].pages[0]


async def finish(page: Page) -> None:
    """Wait for the page to have gone through its journey."""
    await page.wait_for_function("document.title === 'done' || document.title.includes('failed')")
    assert await page.title() == "done"


def recorded(session: Session) -> list[Exchange]:
    return list(Recording(Path(session.wishes.plan.path)))


def lines(exchanges: Iterable[Exchange]) -> list[str]:
    """Return exchanges as `POST /notes 201`, WebSocket messages as `sent {...}`."""
    return [line(one) for one in exchanges]


def line(one: Exchange) -> str:
    if not one.is_http:
        return f"{one.channel} {one.message.decode()}"
    status = None if one.response is None else one.response.status
    return f"{one.request.method} {one.request.path} {status}"


@contextlib.contextmanager
def command(
    *arguments: object, within: Iterable[str] = (), **more: Any
) -> Iterator[subprocess.Popen[str]]:
    """Run `understudy` in a process, started by another program where one is given.

    It is ended if the test did not end it.
    """
    process = subprocess.Popen(
        [*within, *UNDERSTUDY, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)
