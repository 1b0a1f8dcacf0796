"""Streams that do not end by themselves."""

import pytest

from harness.project import Project
from tests.capture.driving import capturing, lines, page_of, recorded
from tests.capture.notes_server import application
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

LISTEN = """() => new Promise((resolve) => {
    window.source = new EventSource("/api/events");
    window.source.onmessage = resolve;
})"""
READ = """async () => {
    const answer = await fetch("/api/events");
    window.reader = answer.body.getReader();
    return new TextDecoder().decode((await window.reader.read()).value);
}"""


@pytest.mark.parametrize("via", ["proxy", "browser"])
@pytest.mark.parametrize("opened", [LISTEN, READ])
@pytest.mark.parametrize("closes_page", [True, False])
async def test_what_came_is_kept(
    project: Project, port: int, via: str, opened: str, closes_page: bool
) -> None:
    with serving(application(), port):
        async with capturing(project, via=via) as session:
            page = page_of(session)
            await page.evaluate(opened)
            if closes_page:
                await page.close()
                await session.wait()
    (exchange,) = recorded(session)
    assert lines([exchange]) == ["GET /api/events 200"]
    assert exchange.response is not None
    assert exchange.response.body == b'data: {"hello": true}\n\n'
