"""Every framing reads what it writes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traffic.framings import engineio, sockjs
from harness.traffic.framings.actioncable import ActionCable
from harness.traffic.framings.ddp import DDP
from harness.traffic.framings.events import (
    Answer,
    Call,
    Change,
    Control,
    Ended,
    Event,
    Opening,
    Push,
    Ready,
    Settled,
    Subscribe,
    UnreadableError,
)
from harness.traffic.framings.framing import Framing, text_of
from harness.traffic.framings.grammar import Grammar
from harness.traffic.framings.graphql_ws import GraphQLWs
from harness.traffic.framings.jsonrpc import JsonRpc
from harness.traffic.framings.phoenix import Phoenix
from harness.traffic.framings.plain_json import PlainJson
from harness.traffic.framings.signalr import SignalR
from harness.traffic.framings.socketio import SocketIO

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
WORD = st.text("abcdefghij", min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
FILLED = st.dictionaries(WORD, JSON, min_size=1, max_size=3)
ARGUMENTS = st.lists(JSON, max_size=3).map(tuple)
NUMBER = st.integers(0, 10**6).map(str)
SPACE = st.sampled_from(["", "/admin"])
PLAIN = PlainJson(Grammar("type", "id", "id", "data"))


def spaced(space: str, number: str) -> str:
    return f"{space},{number}" if space else number


SENT: list[tuple[Framing, st.SearchStrategy[Event]]] = [
    (
        SocketIO(),
        st.builds(lambda n, a, i, s: Call(n, a, spaced(s, i), s), TEXT, ARGUMENTS, NUMBER, SPACE),
    ),
    (SocketIO(), st.builds(Call, TEXT, ARGUMENTS, st.none(), SPACE)),
    (SocketIO(), st.builds(Opening, st.none() | OBJECT, SPACE)),
    (DDP(), st.builds(Call, WORD, ARGUMENTS, NUMBER)),
    (DDP(), st.builds(Subscribe, NUMBER, WORD, ARGUMENTS)),
    (DDP(), st.builds(Opening, st.just({"version": "1", "support": ["1"]}))),
    (JsonRpc(), st.builds(Call, WORD, ARGUMENTS, NUMBER | st.none())),
    (
        GraphQLWs(),
        st.builds(lambda i, v: Call("", ({"query": "{ a }", "variables": v},), i), NUMBER, OBJECT),
    ),
    (GraphQLWs(), st.builds(Opening, st.none() | OBJECT)),
    (GraphQLWs(), st.builds(Ended, NUMBER)),
    (Phoenix(), st.builds(Call, WORD, st.tuples(OBJECT), NUMBER, WORD.map("room:{}".format))),
    (Phoenix(), st.builds(Subscribe, NUMBER, WORD, st.tuples(OBJECT))),
    (Phoenix(), st.builds(Ended, NUMBER)),
    (SignalR(), st.builds(Call, WORD, ARGUMENTS, NUMBER | st.none())),
    (SignalR(), st.just(Opening({"protocol": "json", "version": 1}))),
    (PLAIN, st.builds(Call, WORD, st.tuples(OBJECT), NUMBER.map(text_of))),
]
RECEIVED: list[tuple[Framing, st.SearchStrategy[Event]]] = [
    (SocketIO(), st.builds(lambda i, v, s: Answer(spaced(s, i), v), NUMBER, ARGUMENTS, SPACE)),
    (SocketIO(), st.builds(Push, TEXT, ARGUMENTS, SPACE)),
    (SocketIO(), st.sampled_from(["ping", "pong"]).map(Control)),
    (DDP(), st.builds(Answer, NUMBER, st.tuples(JSON), st.booleans())),
    (DDP(), st.builds(Answer, NUMBER, st.just(()), st.just(value=False))),
    (DDP(), st.builds(Settled, st.lists(NUMBER, max_size=2).map(tuple))),
    (DDP(), st.builds(Ready, st.lists(NUMBER, max_size=2).map(tuple))),
    (
        DDP(),
        st.builds(Change, st.sampled_from(["added", "changed", "removed"]), WORD, WORD, OBJECT),
    ),
    (DDP(), st.builds(Ended, NUMBER, st.none() | FILLED)),
    (JsonRpc(), st.builds(Push, WORD, ARGUMENTS)),
    (JsonRpc(), st.builds(Answer, NUMBER, st.tuples(FILLED), st.booleans())),
    (GraphQLWs(), st.builds(Answer, NUMBER, st.tuples(OBJECT), st.booleans())),
    (GraphQLWs(), st.sampled_from(["connection_ack", "ping"]).map(Control)),
    (Phoenix(), st.builds(Answer, NUMBER, st.tuples(JSON), st.booleans())),
    (Phoenix(), st.builds(Push, WORD, st.tuples(OBJECT), WORD)),
    (ActionCable(), st.builds(Push, st.just("message"), st.tuples(JSON), WORD)),
    (ActionCable(), WORD.map(lambda word: Ready((word,)))),
    (ActionCable(), st.builds(Ended, WORD, st.just("rejected"))),
    (ActionCable(), st.sampled_from(["welcome", "ping"]).map(Control)),
    (SignalR(), st.builds(Push, WORD, ARGUMENTS)),
    (SignalR(), st.builds(Answer, NUMBER, st.tuples(JSON), st.booleans())),
    (PLAIN, st.builds(Push, WORD, st.tuples(OBJECT))),
]


@given(data=st.data())
def test_reads_what_clients_write(data: st.DataObject) -> None:
    framing, events = data.draw(st.sampled_from(SENT))
    event = data.draw(events)
    assert framing.decode(framing.encode(event), sent=True) == [event]


@given(data=st.data())
def test_reads_what_servers_write(data: st.DataObject) -> None:
    framing, events = data.draw(st.sampled_from(RECEIVED))
    event = data.draw(events)
    assert framing.decode(framing.encode(event), sent=False) == [event]


@given(params=OBJECT, action=WORD, data=st.dictionaries(WORD, JSON, max_size=3))
def test_action_cable_commands(params: dict[str, Any], action: str, data: dict[str, Any]) -> None:
    data.pop("action", None)
    params.pop("channel", None)
    identifier = text_of({"channel": "RoomChannel", **params})
    for event in (
        Subscribe(identifier, "RoomChannel", (params,)),
        Call(action, (data,), None, identifier),
        Ended(identifier),
    ):
        assert ActionCable().decode(ActionCable().encode(event), sent=True) == [event]


@given(packets=st.lists(TEXT.filter(lambda text: "\x1e" not in text and ":" not in text and text)))
def test_polling_bodies(packets: list[str]) -> None:
    written = [engineio.write_packet(engineio.Packet("message", text)) for text in packets]
    assert engineio.read_payload(engineio.write_payload(written)) == written
    counted = "".join(f"{len(text.encode('utf-16-le')) // 2}:{text}" for text in written)
    assert engineio.read_payload(counted) == written


@given(messages=st.lists(TEXT.map(str.encode)), sent=st.booleans())
def test_sockjs_frames(messages: list[bytes], sent: bool) -> None:
    assert sockjs.unwrap(sockjs.wrap(messages, sent=sent), sent=sent) == messages


def test_sockjs_of_itself() -> None:
    assert sockjs.unwrap(b"o", sent=False) == []
    assert sockjs.unwrap(b"h", sent=False) == []
    assert sockjs.unwrap(b'c[3000,"Go away!"]', sent=False) == []
    assert sockjs.unwrap(b'm"one"', sent=False) == [b"one"]


@pytest.mark.parametrize(
    "framing",
    [SocketIO(), DDP(), JsonRpc(), GraphQLWs(), Phoenix(), ActionCable(), SignalR(), PLAIN],
)
@given(message=st.binary(max_size=40) | JSON.map(lambda value: text_of(value).encode()))
def test_any_message_is_read_or_refused(framing: Framing, message: bytes) -> None:
    for sent in (True, False):
        try:
            assert isinstance(framing.decode(message, sent=sent), list)
        except UnreadableError:
            continue


def test_socketio_as_it_goes_over_the_wire() -> None:
    framing = SocketIO()
    assert framing.decode(b'4212["get",{"url":"/a"}]', sent=True) == [
        Call("get", ({"url": "/a"},), "12")
    ]
    assert framing.decode(b'42/admin,7["x"]', sent=True) == [Call("x", (), "/admin,7", "/admin")]
    assert framing.decode(b'437[{"ok":true}]', sent=False) == [Answer("7", ({"ok": True},))]
    assert framing.decode(b'0{"sid":"a"}', sent=False) == [Control("open")]
    assert framing.encode(Call("get", (1,), "3")) == b'423["get",1]'


def test_phoenix_before_version_two() -> None:
    said = {"topic": "room:1", "event": "new_msg", "payload": {"a": 1}, "ref": "4"}
    assert Phoenix().decode(text_of(said).encode(), sent=True) == [
        Call("new_msg", ({"a": 1},), "4", "room:1")
    ]
