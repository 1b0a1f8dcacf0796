"""An application that talks over a WebSocket, with a subprotocol and a session cookie."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from harness.project import Project
from harness.traffic.exchange import Exchange
from tests.capture.driving import capturing, lines, page_of, recorded
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

TALK = """() => new Promise((resolve) => {
    const socket = new WebSocket(`ws://${location.host}/live?room=1`, ["notes.v1", "other"]);
    socket.binaryType = "arraybuffer";
    const replies = [];
    socket.onopen = () => {
        socket.send("grüße");
        socket.send(new Uint8Array([0, 255, 1]));
        socket.send("x".repeat(100000));
    };
    socket.onmessage = (event) => {
        replies.push(event.data);
        if (replies.length === 4) resolve(replies.length);
    };
})"""


async def page(_: Request) -> Response:
    answer = HTMLResponse("<!doctype html><title>Live</title>")
    answer.set_cookie("session_id", "8f14e45fceea167a5a36dedd4bea2543")
    return answer


async def live(socket: WebSocket) -> None:
    await socket.accept(subprotocol="notes.v1")
    await socket.send_text('{"welcome": true}')
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        return


def application() -> Starlette:
    return Starlette(routes=[Route("/", page), WebSocketRoute("/live", live)])


async def talked(project: Project, port: int, via: str) -> list[Exchange]:
    with serving(application(), port):
        async with capturing(project, via=via) as session:
            assert await page_of(session).evaluate(TALK) == 4
    return recorded(session)


@pytest.mark.parametrize("via", ["proxy", "browser"])
async def test_messages_of_every_kind_are_recorded(project: Project, port: int, via: str) -> None:
    handshake, *messages = await talked(project, port, via)
    assert lines([handshake]) == ["GET /live 101"]
    assert handshake.request.query == "room=1"
    assert handshake.request.header("sec-websocket-protocol") == "notes.v1, other"
    assert (handshake.request.header("cookie") or "").startswith("session_id=")
    assert "8f14e45f" not in (handshake.request.header("cookie") or "")
    sent = [one.message for one in messages if one.channel == "sent"]
    received = [one.message for one in messages if one.channel == "received"]
    said = ["grüße".encode(), b"\x00\xff\x01", b"x" * 100_000]
    assert sent == said
    assert received == [b'{"welcome": true}', *said]
    assert all(one.request == handshake.request for one in messages)


async def test_a_refused_socket_is_an_unanswered_or_refused_exchange(
    project: Project, port: int
) -> None:
    for via in ("proxy", "browser"):
        with serving(application(), port):
            async with capturing(project, via=via) as session:
                closed = """() => new Promise((resolve) => {
                    new WebSocket(`ws://${location.host}/nothing`).onclose = () => resolve(true);
                })"""
                assert await page_of(session).evaluate(closed)
        (exchange,) = recorded(session)
        assert exchange.request.path == "/nothing"
        assert exchange.response is None or exchange.response.status == 403
