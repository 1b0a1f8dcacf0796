"""A small application's conversation in every framing, and as REST."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response
from harness.traffic.framings.framing import text_of

NOTES = [
    ("6f1d0c1e-4a7b-4c0e-9d2f-0123456789a1", {"title": "Milk", "done": False}),
    ("0b5e9d3c-7f21-4d44-8a6b-9c3d5e7f1a2b", {"title": "Bread", "done": True}),
    ("e2a4c6e8-1b3d-4f5a-b7c9-d1e3f5a7b9c1", {"title": "Salt", "done": False}),
]


@dataclass(frozen=True)
class Step:
    """One operation of the application: what is asked, and what comes back."""

    verb: str
    key: str | None
    body: dict[str, Any] | None
    status: int
    answer: Any


def steps() -> list[Step]:
    """Create three notes, list, read, change and delete them, and ask for one that is gone."""
    rows = {key: {"id": key, **fields} for key, fields in NOTES}
    found = [Step("list", None, None, 200, [])]
    found += [Step("create", None, fields, 201, rows[key]) for key, fields in NOTES]
    found.append(Step("list", None, None, 200, list(rows.values())))
    found += [Step("read", key, None, 200, row) for key, row in rows.items()]
    for number, key in enumerate(list(rows)[:2]):
        change = {"title": f"Changed {number}"}
        rows[key] = {**rows[key], **change}
        found.append(Step("update", key, change, 200, rows[key]))
        found.append(Step("read", key, None, 200, rows[key]))
    gone = NOTES[2][0]
    del rows[gone]
    found.append(Step("delete", gone, None, 204, None))
    missing = {"code": 404, "message": "Note not found"}
    found += [Step(verb, gone, None, 404, missing) for verb in ("read", "delete")]
    found.append(Step("update", gone, {"title": "Late"}, 404, missing))
    found.append(Step("list", None, None, 200, list(rows.values())))
    return found


METHODS = {"list": "GET", "create": "POST", "read": "GET", "update": "PATCH", "delete": "DELETE"}
JSON_TYPE = (("content-type", "application/json"),)


def rest() -> list[Exchange]:
    """The conversation as it would be over HTTP."""
    found = []
    for seq, step in enumerate(steps(), start=1):
        path = "/notes" + (f"/{step.key}" if step.key else "")
        body = b"" if step.body is None else text_of(step.body).encode()
        answer = b"" if step.answer is None else text_of(step.answer).encode()
        asked, told = (JSON_TYPE if body else ()), (JSON_TYPE if answer else ())
        request = Request(METHODS[step.verb], "http", "app.test", path, "", asked, body)
        found.append(Exchange(seq, request, Response(step.status, told, answer), 100.0 + seq))
    return found


def messages(
    lines: Iterable[tuple[str, Any]], path: str = "/ws", query: str = "", nonce: str = "AA=="
) -> list[Exchange]:
    """Messages of one connection: `>` was sent, `<` received; what is no text is JSON."""
    headers = (("Sec-WebSocket-Key", nonce), ("Upgrade", "websocket"))
    request = Request("GET", "http", "app.test", path, query, headers)
    shake = Exchange(1, request, Response(101), 100.0)
    found = [shake]
    for seq, (way, said) in enumerate(lines, start=2):
        data = (said if isinstance(said, str) else text_of(said)).encode()
        channel = "sent" if way == ">" else "received"
        found.append(replace(shake, seq=seq, response=None, started=100.0 + seq * 5,
                             channel=channel, message=data))  # fmt: skip
    return found


def virtual_requests() -> list[Exchange]:
    lines: list[tuple[str, Any]] = [("<", '0{"sid":"a"}'), (">", "40"), ("<", '40{"sid":"b"}')]
    for number, step in enumerate(steps()):
        lines += _virtual(number, step)
    return messages(lines, "/socket.io/", "EIO=4&transport=websocket")


def _virtual(number: int, step: Step) -> list[tuple[str, str]]:
    """A virtual request and its acknowledgement."""
    method = METHODS[step.verb].lower()
    url = "/notes" + (f"/{step.key}" if step.key else "")
    asked = {"method": method, "url": url, "headers": {}, "data": step.body or {}}
    told = {"statusCode": step.status, "headers": {}}
    if step.answer is not None:
        told["body"] = step.answer
    return [(">", f"42{number}{text_of([method, asked])}"), ("<", f"43{number}{text_of([told])}")]


def shared_notes() -> list[Exchange]:
    """Virtual requests of ann; ben reads what she creates and is told of changes, cem is not."""
    names = ("ann", "ben", "cem")
    lines: list[tuple[str, str, Any]] = [(name, "<", '0{"sid":"a"}') for name in names]
    for name in names:
        lines += [(name, ">", "40"), (name, "<", '40{"sid":"b"}')]
    for number, step in enumerate(steps()):
        lines += [("ann", way, said) for way, said in _virtual(number, step)]
        if step.verb == "create":
            row = Step("read", step.answer["id"], None, 200, step.answer)
            lines += [("ben", way, said) for way, said in _virtual(number, row)]
        if step.verb == "update" and step.status == 200:
            lines.insert(-1, ("ben", "<", f"42{text_of(['noteChanged', step.answer])}"))
    return meeting(lines, "/socket.io/", "EIO=4&transport=websocket")


def meeting(
    lines: Iterable[tuple[str, str, Any]], path: str = "/ws", query: str = ""
) -> list[Exchange]:
    """Messages of several connections, by their clients' names, in one order."""
    found: list[Exchange] = []
    opened: set[str] = set()
    for name, way, said in lines:
        shake, message = messages([(way, said)], path, query, nonce=f"{name}==")
        for each in [message] if name in opened else [shake, message]:
            seq = len(found) + 1
            found.append(replace(each, seq=seq, started=100.0 + seq * 5))
        opened.add(name)
    return found


def polled(exchanges: Iterable[Exchange], *, upgraded_after: int | None = None) -> list[Exchange]:
    """Carry the messages of connections over engine.io's polling; later ones over a WebSocket."""
    carried = Counter[str]()
    found = []
    for each in exchanges:
        if each.is_http:
            continue
        session = each.request.header("sec-websocket-key") or ""
        first = not carried[session]
        carried[session] += 1
        query = each.request.query if first else f"{each.request.query}&sid={session}"
        request = replace(each.request, query=query)
        if upgraded_after is None or carried[session] <= upgraded_after:
            message = _poll(each, request, f'"sid":"{session}"')
        else:
            message = replace(each, request=request)
        found.append(replace(message, seq=len(found) + 1))
    return found


def _poll(message: Exchange, request: Request, session: str) -> Exchange:
    """Return the exchange that brings a message when the message did."""
    text = message.message.decode().replace('"sid":"a"', session)
    if "EIO=3" in request.query:
        text = f"{len(text.encode('utf-16-le')) // 2}:{text}"
    sent = message.channel == "sent"
    request = replace(
        request,
        method="POST" if sent else "GET",
        query=request.query.replace("transport=websocket", "transport=polling"),
        headers=(),
        body=text.encode() if sent else b"",
    )
    response = Response(200, (("content-type", "text/plain"),), b"ok" if sent else text.encode())
    if sent:
        return Exchange(message.seq, request, response, message.started)
    return Exchange(message.seq, request, response, message.started - 4, duration_ms=4000)


def service_calls() -> list[Exchange]:
    """Verbs as events, the kind of thing as their first argument, error first."""
    verbs = {"list": "find", "read": "get", "update": "patch", "delete": "remove"}
    lines: list[tuple[str, Any]] = [(">", "40"), ("<", "40")]
    for number, step in enumerate(steps()):
        arguments = [step.key, step.body, {}]
        called = [verbs.get(step.verb, "create"), "notes", *[a for a in arguments if a is not None]]
        failed = step.status >= 400
        told = [step.answer] if failed else [None, step.answer]
        lines.append((">", f"42{number}{text_of(called)}"))
        lines.append(("<", f"43{number}{text_of(told)}"))
        lines.append(("<", "2"))
        lines.append((">", "3"))
    return messages(lines, "/socket.io/", "EIO=4&transport=websocket")


def _named(step: Step, pattern: str = "{verb}Note") -> tuple[str, dict[str, Any]]:
    verb = {"read": "get"}.get(step.verb, step.verb)
    name = "listNotes" if step.verb == "list" else pattern.format(verb=verb)
    return name, {**({"id": step.key} if step.key else {}), **(step.body or {})}


def json_rpc() -> list[Exchange]:
    lines: list[tuple[str, Any]] = []
    for number, step in enumerate(steps()):
        name, params = _named(step)
        head = {"jsonrpc": "2.0", "id": number}
        outcome = "error" if step.status >= 400 else "result"
        lines.append((">", {**head, "method": name, "params": params}))
        lines.append(("<", {**head, outcome: step.answer}))
    return messages(lines)


def signalr() -> list[Exchange]:
    lines: list[tuple[str, Any]] = [
        (">", '{"protocol":"json","version":1}\x1e'),
        ("<", "{}\x1e"),
    ]
    for number, step in enumerate(steps()):
        name, params = _named(step)
        asked = {"type": 1, "invocationId": str(number), "target": name, "arguments": [params]}
        outcome = {"error" if step.status >= 400 else "result": step.answer}
        if step.answer is None:
            outcome = {}
        told = {"type": 3, "invocationId": str(number), **outcome}
        lines += [(">", text_of(asked) + "\x1e"), ("<", text_of(told) + "\x1e")]
        lines.append(("<", '{"type":6}\x1e'))
    return messages(lines)


def phoenix() -> list[Exchange]:
    lines: list[tuple[str, Any]] = [
        (">", ["1", "1", "notes:lobby", "phx_join", {}]),
        ("<", ["1", "1", "notes:lobby", "phx_reply", {"status": "ok", "response": {}}]),
    ]
    for number, step in enumerate(steps(), start=2):
        name, params = _named(step, "note:{verb}")
        status = "error" if step.status >= 400 else "ok"
        lines.append((">", ["1", str(number), "notes:lobby", name, params]))
        reply = {"status": status, "response": step.answer}
        lines.append(("<", ["1", str(number), "notes:lobby", "phx_reply", reply]))
    return messages(lines)


def plain_json() -> list[Exchange]:
    lines: list[tuple[str, Any]] = []
    for number, step in enumerate(steps()):
        name, params = _named(step, "{verb}_note")
        lines.append((">", {"type": name, "requestId": number, "payload": params}))
        if step.status >= 400:
            lines.append(("<", {"requestId": number, "ok": False, **step.answer}))
        else:
            lines.append(("<", {"requestId": number, "ok": True, "payload": step.answer}))
    return messages(lines)


DOCUMENTS = {
    "list": "query All { notes { id title done } }",
    "read": "query One($id: ID!) { note(id: $id) { ...Whole } } "
    "fragment Whole on Note { id title done }",
    "create": "mutation New($input: NewNote!) "
    "{ made: createNote(input: $input) { key: id title done } }",
    "update": "mutation Change($id: ID!, $input: NoteChange!) "
    "{ updateNote(id: $id, input: $input) { id title __typename } }",
    "delete": "mutation Drop($id: ID!) { deleteNote(id: $id) }",
}
"""Members by other names, in fragments and in parts."""
_FIELDS = {"list": "notes", "read": "note", "create": "made"}


def document(step: Step) -> tuple[dict[str, Any], dict[str, Any]]:
    """A step as a GraphQL document, and what comes back."""
    variables = {
        **({"id": step.key} if step.key else {}),
        **({"input": step.body} if step.body else {}),
    }
    name = _FIELDS.get(step.verb, f"{step.verb}Note")
    asked = {"query": DOCUMENTS[step.verb], "variables": variables}
    if step.status >= 400:
        column = DOCUMENTS[step.verb].index(name) + 1
        error = {**step.answer, "path": [name], "locations": [{"line": 1, "column": column}]}
        return asked, {"data": None, "errors": [error]}
    answer = step.answer
    if step.verb == "create":
        answer = {("key" if name == "id" else name): value for name, value in answer.items()}
    elif step.verb == "update":
        answer = {"id": answer["id"], "title": answer["title"], "__typename": "Note"}
    elif step.verb == "delete":
        answer = True
    return asked, {"data": {name: answer}}


def graphql_ws() -> list[Exchange]:
    lines: list[tuple[str, Any]] = [
        (">", {"type": "connection_init"}),
        ("<", {"type": "connection_ack"}),
    ]
    for number, step in enumerate(steps()):
        asked, told = document(step)
        lines.append((">", {"id": str(number), "type": "subscribe", "payload": asked}))
        lines.append(("<", {"id": str(number), "type": "next", "payload": told}))
        lines.append(("<", {"id": str(number), "type": "complete"}))
    return messages(lines)


def graphql() -> list[Exchange]:
    """GraphQL over HTTP, with no WebSocket at all."""
    found = []
    for seq, step in enumerate(steps(), start=1):
        asked, told = (text_of(each).encode() for each in document(step))
        request = Request("POST", "http", "app.test", "/graphql", "", JSON_TYPE, asked)
        found.append(Exchange(seq, request, Response(200, JSON_TYPE, told), 100.0 + seq))
    return found


def sockjs(exchanges: list[Exchange]) -> list[Exchange]:
    """Put each message of a conversation into a SockJS frame."""
    found = []
    for exchange in exchanges:
        frame = json.dumps([exchange.message.decode()])
        if exchange.channel == "received":
            frame = f"a{frame}"
        message = b"" if exchange.is_http else frame.encode()
        found.append(replace(exchange, message=message))
    return found
