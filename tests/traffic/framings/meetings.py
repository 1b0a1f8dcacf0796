"""Two clients of a small application: what one of them does, the other one is told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response
from harness.traffic.framings.actioncable import ActionCable
from harness.traffic.framings.ddp import DDP
from harness.traffic.framings.events import (
    Answer,
    Call,
    Change,
    Control,
    Event,
    Opening,
    Push,
    Ready,
    Settled,
    Subscribe,
)
from harness.traffic.framings.framing import Framing, text_of
from harness.traffic.framings.jsonrpc import JsonRpc
from harness.traffic.framings.phoenix import Phoenix
from harness.traffic.framings.signalr import SignalR
from harness.traffic.framings.socketio import SocketIO
from tests.traffic.framings.conversations import (
    NOTES,
    Step,
    document,
    meeting,
    rest,
    sockjs,
    steps,
)

Line = tuple[str, str, Any]

WRITES = {"create": "noteCreated", "update": "noteUpdated", "delete": "noteDeleted"}
NAMES = {"list": "listNotes", "read": "getNote"}
TOPIC = "notes:lobby"
UNTOLD = "9d3f5a7c-1b2e-4f60-8a9b-7c6d5e4f3a2b"
"""The key of a note that ben is not told of: he has left."""
CHANNEL = '{"channel":"NotesChannel"}'


def said(framing: Framing, who: str, way: str, event: Event) -> Line:
    return who, way, framing.encode(event).decode()


def _arguments(step: Step) -> dict[str, Any]:
    return {**({"id": step.key} if step.key else {}), **(step.body or {})}


def _news(step: Step) -> dict[str, Any]:
    """What others are told of a write: the row, or the key of one that is gone."""
    return step.answer or {"id": step.key}


def acknowledged(framing: Framing, opening: list[Line], space: str = "") -> Iterator[Line]:
    """Calls of ann with answers; ben is told of what she writes before she is."""
    yield from opening
    for number, step in enumerate(steps()):
        name = NAMES.get(step.verb, f"{step.verb}Note")
        reference = str(number)
        yield said(framing, "ann", ">", Call(name, (_arguments(step),), reference, space))
        failed = step.status >= 400
        if not failed and step.verb in WRITES:
            push = Push(WRITES[step.verb], (_news(step),), space)
            yield said(framing, "ben", "<", push)
        yield said(framing, "ann", "<", Answer(reference, (_answer(framing, step),), failed))


def _answer(framing: Framing, step: Step) -> Any:
    """SignalR's errors are texts, and Phoenix replies with an object always."""
    if framing.name == "signalr" and step.status >= 400:
        return step.answer["message"]
    return {} if framing.name == "phoenix" and step.answer is None else step.answer


def phoenix() -> list[Exchange]:
    framing = Phoenix()
    opening = [
        line
        for who in ("ann", "ben")
        for line in (
            said(framing, who, ">", Subscribe("1", TOPIC, ({},))),
            (who, "<", text_of(["1", "1", TOPIC, "phx_reply", {"status": "ok", "response": {}}])),
        )
    ]
    ok, note = {"status": "ok", "response": {}}, NOTES[0][1]
    row = {"id": UNTOLD, **note}
    leaving = [
        ("ben", ">", text_of(["1", "l", TOPIC, "phx_leave", {}])),
        ("ben", "<", text_of(["1", "l", TOPIC, "phx_reply", ok])),
        ("ben", "<", text_of(["1", None, TOPIC, "phx_close", {}])),
        said(framing, "ann", ">", Call("createNote", (note,), "c", TOPIC)),
        said(framing, "ann", "<", Answer("c", (row,), failed=False)),
        ("ben", ">", text_of([None, "h", "phoenix", "heartbeat", {}])),
        ("ben", "<", text_of([None, "h", "phoenix", "phx_reply", ok])),
    ]
    return meeting([*acknowledged(framing, opening, TOPIC), *leaving], query="vsn=2.0.0")


def signalr() -> list[Exchange]:
    opening = [
        line
        for who in ("ann", "ben")
        for line in ((who, ">", '{"protocol":"json","version":1}\x1e'), (who, "<", "{}\x1e"))
    ]
    return [*_negotiated(), *meeting(acknowledged(SignalR(), opening))]


def _negotiated() -> Iterator[Exchange]:
    """What a client asks over HTTP before it connects: in the newer version of it, and before."""
    headers = (("Content-Type", "application/json"),)
    transports = [{"transport": "WebSockets", "transferFormats": ["Text"]}]
    for seq, more in enumerate(({"connectionToken": "t"}, {})):
        told = {"connectionId": "i", "availableTransports": transports, **more}
        told["negotiateVersion"] = len(more)
        query = "negotiateVersion=1" if more else ""
        request = Request("POST", "http", "app.test", "/ws/negotiate", query)
        yield Exchange(seq, request, Response(200, headers, text_of(told).encode()), 50.0 + seq)


def json_rpc() -> list[Exchange]:
    hello = [(who, ">", text_of({"jsonrpc": "2.0", "method": "hello"})) for who in ("ann", "ben")]
    leave = [("ben", ">", text_of({"jsonrpc": "2.0", "method": "bye"}))]
    return meeting([*acknowledged(JsonRpc(), hello), *leave])


def socket_io() -> list[Exchange]:
    """Acknowledgements hold an error, or null and the answer."""
    opening = [
        line
        for who in ("ann", "ben")
        for line in (
            (who, "<", '0{"sid":"a","pingInterval":25000,"pingTimeout":20000}'),
            (who, ">", "40"),
            (who, "<", '40{"sid":"b"}'),
        )
    ]
    lines = []
    for who, way, text in acknowledged(SocketIO(), opening):
        if who == "ann" and text.startswith("43") and "message" not in text:
            text = text.replace("[", "[null,", 1)  # noqa: PLW2901 - the line as it was said
        lines.append((who, way, text))
    return meeting(lines, "/socket.io/", "EIO=4&transport=websocket")


def plain_json() -> list[Exchange]:
    """A type and a number in calls, the same number in answers, a type in what is told."""
    lines: list[Line] = [(who, ">", {"type": "hello"}) for who in ("ann", "ben")]
    for number, step in enumerate(steps()):
        name = NAMES.get(step.verb, f"{step.verb}Note")
        lines.append(("ann", ">", {"type": name, "requestId": number, "payload": _arguments(step)}))
        if step.status >= 400:
            lines.append(("ann", "<", {"requestId": number, "ok": False, **step.answer}))
            continue
        if step.verb in WRITES:
            lines.append(("ben", "<", {"type": WRITES[step.verb], "payload": _news(step)}))
        lines.append(("ann", "<", {"requestId": number, "ok": True, "payload": step.answer}))
    lines.append(("ben", ">", {"type": "bye"}))
    return meeting(lines)


def unacknowledged() -> list[Exchange]:
    """Plain JSON without references: what comes back has a type, as what others are told."""
    lines: list[Line] = [(who, ">", {"type": "hello"}) for who in ("ann", "ben")]
    for step in steps():
        name = {"list": "getNotes", "read": "getNote"}.get(step.verb, f"{step.verb}Note")
        lines.append(("ann", ">", {"type": name, **_arguments(step)}))
        if step.status >= 400:
            told = {"type": "error", **step.answer}
        elif step.verb in WRITES:
            told = {"type": WRITES[step.verb], "note": _news(step)}
            lines.append(("ben", "<", told))
        else:
            kind = "notes" if step.verb == "list" else "note"
            told = {"type": kind, kind: step.answer}
        lines.append(("ann", "<", told))
    return meeting([*lines, ("ben", ">", {"type": "bye"})])


def actioncable() -> list[Exchange]:
    """Nothing is answered: everybody in the channel, the writer too, is told what happened.

    Who asks for notes, or for something impossible, is told alone.
    """
    framing = ActionCable()
    lines: list[Line] = []
    for who in ("ann", "ben"):
        lines.append(said(framing, who, "<", Control("welcome")))
        lines.append(said(framing, who, ">", Subscribe(CHANNEL, "NotesChannel", ({},))))
        lines.append(said(framing, who, "<", Ready((CHANNEL,))))
    for step in steps():
        name = {"list": "list_notes"}.get(step.verb, f"{step.verb}_note")
        asked = Call(name, (_arguments(step),), None, CHANNEL)
        lines.append(said(framing, "ann", ">", asked))
        if step.status >= 400 or step.verb not in WRITES:
            kind = "error" if step.status >= 400 else {"list": "notes", "read": "note"}[step.verb]
            told = {"type": kind, **(step.answer if kind == "error" else {kind: step.answer})}
            lines.append(said(framing, "ann", "<", Push("message", (told,), CHANNEL)))
            continue
        news = {"type": WRITES[step.verb], "note": {**_arguments(step), **_news(step)}}
        lines += [
            said(framing, who, "<", Push("message", (news,), CHANNEL)) for who in ("ben", "ann")
        ]
    return meeting(lines, "/cable")


def ddp_over_sockjs() -> list[Exchange]:
    """The same in the frames of SockJS, after the client has asked what the server offers."""
    offered = {"websocket": True, "origins": ["*:*"], "cookie_needed": False, "entropy": 1}
    told = Response(200, (("Content-Type", "application/json"),), text_of(offered).encode())
    asked = Request("GET", "http", "app.test", "/sockjs/info", "cb=a")
    return [Exchange(0, asked, told, 50.0), *sockjs(ddp("/sockjs/123/abc/websocket"))]


def ddp(path: str = "/websocket") -> list[Exchange]:
    """Both watch the notes; methods give the key, or an error, and changes are told to both."""
    framing = DDP()
    lines: list[Line] = []
    for who in ("ann", "ben"):
        lines.append(said(framing, who, ">", Opening({"version": "1", "support": ["1"]})))
        lines.append((who, "<", '{"msg":"connected","session":"s"}'))
        lines.append(said(framing, who, ">", Subscribe("s1", "notes", ())))
        lines.append(said(framing, who, "<", Ready(("s1",))))
    for number, step in enumerate(steps()):
        if step.verb in WRITES:
            lines += _method(framing, str(number), step)
    return meeting(lines, path)


def _method(framing: Framing, number: str, step: Step) -> Iterator[Line]:
    arguments = [each for each in (step.key, step.body) if each is not None]
    verb = {"create": "insert", "delete": "remove"}.get(step.verb, step.verb)
    yield said(framing, "ann", ">", Call(f"notes.{verb}", tuple(arguments), number))
    if step.status >= 400:
        error = {"error": 404, "reason": "Note not found", "errorType": "Meteor.Error"}
        yield said(framing, "ann", "<", Answer(number, (error,), True))
        yield said(framing, "ann", "<", Settled((number,)))
        return
    for who in ("ann", "ben"):
        yield said(framing, who, "<", _change(step))
    result = (step.answer["id"],) if step.verb == "create" else ()
    yield said(framing, "ann", "<", Answer(number, result, False))
    yield said(framing, "ann", "<", Settled((number,)))


def _change(step: Step) -> Change:
    if step.verb == "create":
        return Change("added", "notes", step.answer["id"], dict(step.body or {}))
    if step.verb == "update":
        return Change("changed", "notes", step.key or "", dict(step.body or {}))
    return Change("removed", "notes", step.key or "")


WATCHED = {
    "noteCreated": "subscription { noteCreated { id title done } }",
    "noteUpdated": "subscription { changed: noteUpdated { id name: title } }",
    "noteDeleted": "subscription { noteDeleted { id } }",
}


def graphql() -> list[Exchange]:
    """Ben watches what ann does; both of them speak graphql-transport-ws."""
    lines: list[Line] = []
    for who in ("ann", "ben"):
        lines.append((who, ">", {"type": "connection_init"}))
        lines.append((who, "<", {"type": "connection_ack"}))
    for name, query in WATCHED.items():
        lines.append(("ben", ">", {"id": name, "type": "subscribe", "payload": {"query": query}}))
    for number, step in enumerate(steps()):
        asked, told = document(step)
        lines.append(("ann", ">", {"id": str(number), "type": "subscribe", "payload": asked}))
        if step.status < 400 and step.verb in WRITES:
            head = {"id": WRITES[step.verb], "type": "next"}
            lines.append(("ben", "<", {**head, "payload": {"data": _shown(step)}}))
        lines.append(("ann", "<", {"id": str(number), "type": "next", "payload": told}))
        lines.append(("ann", "<", {"id": str(number), "type": "complete"}))
    lines += [("ben", ">", {"id": name, "type": "complete"}) for name in WATCHED]
    return meeting(lines)


def _shown(step: Step) -> dict[str, Any]:
    if step.verb == "update":
        return {"changed": {"id": step.key, "name": step.answer["title"]}}
    return {WRITES[step.verb]: _news(step)}


def over_http() -> list[Exchange]:
    """Notes are created over HTTP; two clients of a socket are told."""
    found = meeting((who, ">", {"type": "hello"}) for who in ("ann", "ben"))
    sockets = {each.request.header("sec-websocket-key"): each.request for each in found}
    for created in [each for each in rest() if each.request.method == "POST"]:
        seq = len(found) + 1
        found.append(replace(created, seq=seq, started=100.0 + seq * 5))
        news = text_of({"type": "note:new", "note": json.loads(created.response.body)})
        for number, request in enumerate(sockets.values(), start=1):
            found.append(
                Exchange(
                    seq + number,
                    request,
                    None,
                    100.1 + seq * 5,
                    channel="received",
                    message=news.encode(),
                )
            )
    for number, request in enumerate(sockets.values(), start=len(found) + 1):
        bye = b'{"type":"bye"}'
        found.append(
            Exchange(number, request, None, 100.0 + number * 5, channel="sent", message=bye)
        )
    return found


TOKENS = {
    "ann": "q7Zt0vXw3LrB9sKc2MnD5yHf8JpG1uEa",
    "ben": "d4Rk8WmYc6Tq2VbN0xLs7ZpJ3hGf9UeA",
}


def signed_in() -> list[Exchange]:
    """Ann and ben register and are told of notes; cem does not, is refused, and told nothing."""
    lines: list[Line] = [("cem", ">", {"type": "hello"})]
    for number, (name, token) in enumerate(TOKENS.items(), start=1):
        account = {"name": name, "password": f"secret of {name}"}
        lines.append((name, ">", {"type": "register", "requestId": number, "payload": account}))
        user = {"id": number, "name": name, "token": token}
        lines.append((name, "<", {"requestId": number, "ok": True, "payload": user}))
    for number, step in enumerate(steps(), start=3):
        name = NAMES.get(step.verb, f"{step.verb}Note")
        asked = {"type": name, "requestId": number, "payload": _arguments(step)}
        lines.append(("ann", ">", asked))
        if step.status >= 400:
            lines.append(("ann", "<", {"requestId": number, "ok": False, **step.answer}))
            continue
        if step.verb in WRITES:
            lines.append(("ben", "<", {"type": WRITES[step.verb], "payload": _news(step)}))
        lines.append(("ann", "<", {"requestId": number, "ok": True, "payload": step.answer}))
        if step.verb in ("create", "list"):
            refused = {"requestId": number, "ok": False, "code": 401, "message": "Who are you?"}
            lines += [("cem", ">", asked), ("cem", "<", refused)]
    lines += [("ben", ">", {"type": "bye"}), ("cem", ">", {"type": "bye"})]
    return meeting(lines)
