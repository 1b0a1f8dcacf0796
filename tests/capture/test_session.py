"""Captures of a real application in a real browser."""

from collections.abc import Iterator

import pytest

from harness.inference.infer import infer
from harness.project import Project
from harness.traffic.exchange import Exchange
from harness.traffic.store import Recording
from tests.capture.driving import capturing, finish, lines, page_of, recorded
from tests.capture.notes_server import application
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

JOURNEY = [
    "POST /api/users 201",
    "POST /api/users 409",
    "GET /api/events 200",
    "POST /api/notes 201",
    "POST /api/notes 201",
    "POST /api/notes 422",
    "GET /api/notes 200",
    "GET /api/notes/1 200",
    "PATCH /api/notes/1 200",
    "GET /api/notes/1 200",
    "DELETE /api/notes/2 204",
    "GET /api/notes/2 404",
    "POST /api/files 201",
    "GET /api/old 307",
    "GET /api/status 200",
    "GET /api/packed/gzip 200",
    "GET /api/status 200",
    "GET /socket 101",
    'sent {"id":1,"do":"greet"}',
    'received {"reply": 1, "ok": true}',
    'sent {"id":2,"do":"greet"}',
    'received {"reply": 2, "ok": true}',
    "POST /api/login 401",
    "POST /api/login 200",
    "GET /api/notes 200",
]


async def test_the_proxy_records_a_journey(project: Project, port: int) -> None:
    with serving(application(), port) as origin:
        async with capturing(project) as session:
            page = page_of(session)
            await page.goto(f"{origin}/?user=ada")
            await finish(page)
            await page.close()
            await session.wait()
    exchanges = recorded(session)
    assert lines(exchanges) == JOURNEY
    assert session.report["clients"] == {"browser": len(JOURNEY)}
    assert set(session.report["dropped"]) == {"page", "asset"}
    assert {one.client for one in exchanges} == {"browser"}
    events, upload, packed = (exchanges[number].response for number in (2, 12, 15))
    assert events is not None
    assert events.body.count(b"data: ") >= 2
    assert upload is not None
    assert b'"size":25' in upload.body
    assert packed is not None
    assert packed.body.startswith(b'{"encoding": "gzip"')
    assert b"pretend this is a picture" in exchanges[12].request.body
    assert infer([Recording(project.recordings()[0].path)]).entities


async def test_secrets_are_replaced_as_in_imports(project: Project, port: int) -> None:
    with serving(application(), port) as origin:
        async with capturing(project) as session:
            await page_of(session).goto(f"{origin}/?user=ada")
            await finish(page_of(session))
    stored = b"".join(
        one.request.body + (one.response.body if one.response else b"") for one in recorded(session)
    )
    assert b"secret-ada-81" not in stored
    assert b"ada@notes.test" in stored
    registered, first = (recorded(session)[number] for number in (0, 3))
    assert registered.response is not None
    token = registered.response.body.partition(b'"token":"')[2].partition(b'"')[0]
    assert first.request.header("authorization") == f"Bearer {token.decode()}"


async def test_each_profile_is_a_user_of_its_own(project: Project, port: int) -> None:
    with serving(application(), port) as origin:
        async with capturing(project, profiles=["ada", "bob"]) as session:
            for number, user in enumerate(["ada", "bob"]):
                page = page_of(session, number)
                await page.goto(f"{origin}/?user={user}")
                await finish(page)
    exchanges = recorded(session)
    assert [one.client for one in exchanges] == ["ada"] * 25 + ["bob"] * 25
    assert session.report["clients"] == {"ada": 25, "bob": 25}


async def test_tabs_are_recorded_until_the_last_is_closed(project: Project, port: int) -> None:
    with serving(application(), port) as origin:
        async with capturing(project) as session:
            first = page_of(session)
            async with first.expect_popup() as opened:
                await first.evaluate("() => void window.open('/?user=ada')")
            second = await opened.value
            await first.close()
            assert session.browser is not None
            assert not session.browser.closed.is_set()
            await finish(second)
            await second.close()
            await session.wait()
        assert origin
    assert lines(recorded(session)) == JOURNEY


class Journey:
    """A recording under a name that does not depend on when it was made."""

    name = "journey"

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)


async def test_both_ways_of_capturing_give_the_same_model(project: Project, port: int) -> None:
    models = []
    for via in ("proxy", "browser"):
        with serving(application(), port) as origin:
            async with capturing(project, via=via) as session:
                await page_of(session).goto(f"{origin}/?user=ada")
                await finish(page_of(session))
                await page_of(session).close()
                await session.wait()
        assert lines(recorded(session)) == JOURNEY
        models.append(infer([Journey(recorded(session))]).model_dump())
    assert models[1] == models[0]
