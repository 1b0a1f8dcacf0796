"""What is told of the endpoints that connections spoke to."""

from typing import Any

from harness.traffic.exchange import Exchange, Request, Response
from harness.traffic.framings.sockets import Socket
from harness.traffic.framings.translate import translate
from harness.traffic.framings.virtual import Members
from tests.traffic.framings import conversations

OPEN = '0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":5000}'
CALL = '420["post",{"uri":"/notes","payload":{"title":"Milk"}}]'
ANSWER = '430[{"code":201,"body":{"id":1},"headers":{"X-Trace":"1","Content-Type":"text/plain"}}]'
PLAIN = '431[{"code":200,"body":[],"headers":{}}]'
Line = tuple[str, Any]


def socket(*lines: Line, query: str = "EIO=4&transport=websocket") -> Socket | None:
    exchanges: list[Exchange] = conversations.messages(lines, "/socket.io/", query)
    found = translate(exchanges).sockets
    return found[0] if found else None


def test_parts_are_named_as_messages_name_them() -> None:
    again = '421["get",{"uri":"/notes","payload":{}}]'
    found = socket(
        ("<", OPEN), (">", "40"), ("<", "40"),
        (">", CALL), ("<", ANSWER), (">", again), ("<", PLAIN),
    )  # fmt: skip
    assert found is not None
    assert (found.path, found.framing, found.version) == ("/socket.io/", "socket.io", 4)
    assert found.members == Members("uri", "payload", "code", ("X-Trace",))
    assert found.settings["pingTimeout"] == 5000
    assert found.evidence == (5, 7)


def test_calls_that_are_no_requests_are_told_apart() -> None:
    found = socket(("<", OPEN), (">", '421["createNote",{"title":"Milk"}]'), ("<", '431[{"id":1}]'))
    assert found is not None
    assert found.members is None


def test_tokens_of_the_handshake_and_the_opening_are_named() -> None:
    opening = '40{"token":"f3a9c2d17b604e85","lang":"en"}'
    query = "EIO=3&transport=websocket&access_token=f3a9c2d17b604e85"
    found = socket(("<", OPEN), (">", opening), (">", CALL), ("<", ANSWER), query=query)
    assert found is not None
    assert found.version == 3
    assert found.query_tokens == ("access_token",)
    assert found.opening_tokens == ("token",)


def test_connections_that_were_upgraded_have_their_endpoint() -> None:
    lines = [(">", "2probe"), ("<", "3probe"), (">", "5"), (">", CALL), ("<", ANSWER)]
    query = "EIO=4&transport=websocket&sid=abc"
    translation = translate(conversations.messages(lines, "/socket.io/", query))
    (found,) = translation.sockets
    assert (found.path, found.version, found.query_tokens) == ("/socket.io/", 4, ())
    assert found.members == Members("uri", "payload", "code", ("X-Trace", "Content-Type"))
    assert translation.notes == []


def test_settings_are_those_of_the_polled_open_packet() -> None:
    lines = [("<", OPEN), (">", "40"), ("<", "40"), (">", CALL), ("<", ANSWER)]
    direct = conversations.messages(lines, "/socket.io/", "EIO=3&transport=websocket&token=abc123")
    (found,) = translate(conversations.polled(direct)).sockets
    assert (found.version, found.query_tokens) == (3, ("token",))
    assert (found.settings["pingInterval"], found.settings["pingTimeout"]) == (25000, 5000)


def test_refused_polls_are_no_connection() -> None:
    refusal = b'{"code":1,"message":"Session ID unknown"}'
    query = "EIO=4&transport=polling&sid=gone"
    request = Request("GET", "http", "app.test", "/socket.io/", query)
    translation = translate([Exchange(1, request, Response(400, (), refusal), 100.0)])
    assert (translation.sockets, translation.notes) == ([], [])


def test_other_framings_have_an_endpoint_too() -> None:
    (found,) = translate(conversations.json_rpc()).sockets
    assert (found.path, found.framing, found.version) == ("/ws", "json-rpc", None)
    assert found.members is None
    assert found.evidence
