"""Uploads in every way a page has."""

import pytest

from harness.inference.observe import observe
from harness.inference.paths.templates import learn
from harness.project import Project
from tests.capture.driving import capturing, lines, page_of, recorded
from tests.capture.notes_server import application
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

CONTENT = b"\x89PNG pretend \x00\xff"
BY_FETCH = """async () => {
    const form = new FormData();
    form.append("title", "A picture");
    form.append("file", new Blob([new Uint8Array([0x89, 0x50, 0, 255])]), "picture.png");
    await (await fetch("/api/files", { method: "POST", body: form })).json();
}"""
BY_XHR = """() => new Promise((resolve) => {
    const form = new FormData();
    form.append("title", "A picture");
    form.append("file", new Blob([new Uint8Array([0x89, 0x50, 0, 255])]), "picture.png");
    const request = new XMLHttpRequest();
    request.open("POST", "/api/files");
    request.onload = resolve;
    request.send(form);
})"""
FORM = """() => {
    document.body.innerHTML = `<form action="/api/files" method="post"
        enctype="multipart/form-data"><input name="title" value="A picture">
        <input type="file" name="file"><button>Send</button></form>`;
}"""


@pytest.mark.parametrize("via", ["proxy", "browser"])
async def test_files_are_in_the_recording(project: Project, port: int, via: str) -> None:
    with serving(application(), port) as origin:
        async with capturing(project, via=via) as session:
            page = page_of(session)
            await page.wait_for_load_state()
            await page.evaluate(BY_FETCH)
            await page.evaluate(BY_XHR)
            await page.evaluate(FORM)
            await page.set_input_files(
                "input[type=file]",
                {"name": "picture.png", "mimeType": "image/png", "buffer": CONTENT},
            )
            async with page.expect_navigation(url=f"{origin}/api/files"):
                await page.click("button")
    exchanges = recorded(session)
    assert lines(exchanges) == ["POST /api/files 201"] * 3
    for exchange in exchanges:
        assert b'filename="picture.png"' in exchange.request.body
        assert exchange.request.content_type == "multipart/form-data"
        boundary = (exchange.request.header("content-type") or "").partition("boundary=")[2]
        assert exchange.request.body.startswith(b"--" + boundary.encode())
    assert CONTENT in exchanges[2].request.body
    observations = list(observe("uploads", exchanges, learn(exchanges)))
    assert [one.body for one in observations] == [{"title": "A picture"}] * 3
