"""An application behind a certificate that nobody vouches for."""

from pathlib import Path

import pytest

from harness.project import Project
from tests.capture.certificates import self_signed
from tests.capture.driving import capturing, finish, lines, page_of, recorded
from tests.capture.http2_server import serving_http2
from tests.capture.notes_server import application
from tests.capture.serving import serving
from tests.capture.test_session import JOURNEY

pytestmark = pytest.mark.browser


@pytest.fixture
def project(tmp_path: Path, port: int) -> Project:
    return Project.create(tmp_path / "notes", f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize("via", ["proxy", "browser"])
async def test_worker_and_socket_are_recorded(
    project: Project, port: int, tmp_path: Path, via: str
) -> None:
    with serving(application(), port, self_signed(tmp_path)) as origin:
        async with capturing(project, via=via, insecure=True) as session:
            page = page_of(session)
            await page.goto(f"{origin}/?user=ada")
            await finish(page)
            for encoding in ("br", "zstd"):
                await page.evaluate("path => fetch(path)", f"/api/packed/{encoding}")
    exchanges = recorded(session)
    packed = ["GET /api/packed/br 200", "GET /api/packed/zstd 200"]
    assert lines(exchanges) == [*JOURNEY, *packed]
    assert {one.request.scheme for one in exchanges} == {"https"}
    for exchange, encoding in zip(exchanges[-2:], ("br", "zstd"), strict=True):
        assert exchange.response is not None
        assert exchange.response.body.startswith(b'{"encoding": "%s"' % encoding.encode())
        assert exchange.response.header("content-encoding") is None


async def test_without_insecure_the_next_step_is_named(
    project: Project, port: int, tmp_path: Path
) -> None:
    with serving(application(), port, self_signed(tmp_path)):
        async with capturing(project) as session:
            await page_of(session).wait_for_timeout(100)
    assert recorded(session) == []
    assert any("--insecure" in note for note in session.report["notes"])


async def test_only_our_authority_is_trusted(project: Project, port: int, tmp_path: Path) -> None:
    with serving(application(), port, self_signed(tmp_path)):
        async with capturing(project, via="browser") as session:
            await page_of(session).wait_for_timeout(100)
    assert any("CERT" in note for note in session.report["notes"])
    assert recorded(session) == []


@pytest.mark.parametrize("via", ["proxy", "browser"])
async def test_http2_is_spoken_to_both_sides(
    project: Project, port: int, tmp_path: Path, via: str
) -> None:
    with serving_http2(port, self_signed(tmp_path)):
        async with capturing(project, via=via, insecure=True) as session:
            page = page_of(session)
            answered = await page.evaluate("() => fetch('/items?a=1').then((it) => it.json())")
            protocol = "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"
            assert await page.evaluate(protocol) == "h2"
    (exchange,) = recorded(session)
    assert answered["path"] == "/items?a=1"
    assert (exchange.request.host, exchange.request.path) == (f"127.0.0.1:{port}", "/items")
    assert exchange.request.header("cookie") == "one=1; two=1"
    assert not any(name.startswith(":") for name, _ in exchange.request.headers)
    assert exchange.response is not None
    cookies = [value for name, value in exchange.response.headers if name == "set-cookie"]
    assert cookies == ["one=1; Path=/", "two=1; Path=/"]
