"""What conversations of each kind are translated to."""

from dataclasses import replace
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response, parse_json
from harness.traffic.framings.framing import text_of
from harness.traffic.framings.translate import translate
from tests.traffic.framings.conversations import messages

Line = tuple[str, Any]


def told(exchanges: list[Exchange]) -> list[tuple[str, str, Any, int | None, Any]]:
    """Method, target, body, status and answer of the exchanges that messages became."""
    found = []
    for each in translate(exchanges).apply(exchanges):
        if each.is_http and (each.response is None or each.response.status != 101):
            request, response = each.request, each.response
            target = request.path + (f"?{request.query}" if request.query else "")
            body = parse_json(request.body) if request.body else None
            answer = parse_json(response.body) if response and response.body else None
            status = response.status if response else None
            found.append((request.method, target, body, status, answer))
    return found


def ddp(*lines: Line) -> list[Exchange]:
    opening: list[Line] = [
        (">", {"msg": "connect", "version": "1", "support": ["1"]}),
        ("<", {"msg": "connected", "session": "s"}),
    ]
    return messages([*opening, *lines], "/websocket")


def test_ddp_rows_become_reads_and_writes() -> None:
    milk, bread = {"text": "Milk"}, {"text": "Bread", "done": False}
    exchanges = ddp(
        (">", {"msg": "sub", "id": "s1", "name": "tasks", "params": []}),
        ("<", {"msg": "added", "collection": "tasks", "id": "a", "fields": milk}),
        ("<", {"msg": "ready", "subs": ["s1"]}),
        (">", {"msg": "method", "id": "1", "method": "addTask", "params": [{"text": "Bread"}]}),
        ("<", {"msg": "added", "collection": "tasks", "id": "b", "fields": bread}),
        ("<", {"msg": "result", "id": "1", "result": "b"}),
        ("<", {"msg": "updated", "methods": ["1"]}),
        (">", {"msg": "method", "id": "2", "method": "setChecked", "params": ["b", True]}),
        ("<", {"msg": "result", "id": "2"}),
        ("<", {"msg": "changed", "collection": "tasks", "id": "b", "fields": {"done": True}}),
        ("<", {"msg": "updated", "methods": ["2"]}),
        (">", {"msg": "method", "id": "3", "method": "/tasks/remove", "params": [{"_id": "a"}]}),
        ("<", {"msg": "removed", "collection": "tasks", "id": "a"}),
        ("<", {"msg": "result", "id": "3", "result": 1}),
        ("<", {"msg": "updated", "methods": ["3"]}),
        (">", {"msg": "method", "id": "4", "method": "tidyUp", "params": []}),
        ("<", {"msg": "result", "id": "4", "error": {"error": 403, "reason": "No"}}),
    )
    assert told(exchanges) == [
        ("GET", "/tasks", None, 200, [{"_id": "a", "text": "Milk"}]),
        ("POST", "/tasks", {"text": "Bread"}, 201, {"_id": "b", **bread}),
        ("PATCH", "/tasks/b", {"done": True}, 200, {"_id": "b", "text": "Bread", "done": True}),
        ("DELETE", "/tasks/a", None, 200, 1),
        ("POST", "/tidyUp", None, 403, {"error": 403, "reason": "No"}),
        ("GET", "/tasks", None, 200, [{"_id": "b", "text": "Bread", "done": True}]),
    ]


def test_changes_that_nobody_asked_for() -> None:
    exchanges = ddp(
        (">", {"msg": "sub", "id": "s1", "name": "tasks", "params": []}),
        ("<", {"msg": "ready", "subs": ["s1"]}),
        ("<", {"msg": "added", "collection": "tasks", "id": "a", "fields": {"text": "Milk"}}),
        ("<", {"msg": "changed", "collection": "tasks", "id": "a", "fields": {"text": "Tea"}}),
        ("<", {"msg": "removed", "collection": "tasks", "id": "a"}),
    )
    assert told(exchanges) == [
        ("GET", "/tasks", None, 200, []),
        ("POST", "/tasks", {"text": "Milk"}, 201, {"_id": "a", "text": "Milk"}),
        ("PATCH", "/tasks/a", {"text": "Tea"}, 200, {"_id": "a", "text": "Tea"}),
        ("DELETE", "/tasks/a", None, 204, None),
    ]
    assert [note.level for note in translate(exchanges).notes] == ["info"] * 3


def test_broadcasts_of_what_others_did_over_http_are_no_requests() -> None:
    exchanges = messages(
        [("<", '42["messages created",{"id":"m1","text":"Hi"}]')], "/socket.io/", "EIO=4"
    )
    posted = Request("POST", "http", "app.test", "/messages", body=b'{"text":"Hi"}')
    before = Exchange(9, posted, Response(201, (), b'{"id":"m1","text":"Hi"}'), 109.9)
    assert told([*exchanges, before])[0][:2] == ("POST", "/messages")
    assert len(told([*exchanges, before])) == 1
    assert told(exchanges) == [
        ("POST", "/messages", {"text": "Hi"}, 201, {"id": "m1", "text": "Hi"})
    ]


def test_graphql_documents_are_posted() -> None:
    query = {"query": "{ notes { id } }", "variables": {}}
    watch = {"query": "subscription { added { id } }"}
    bad = {"query": "{ nope }"}
    exchanges = messages(
        [
            (">", {"type": "connection_init", "payload": {"Authorization": "Bearer abcdefgh12"}}),
            ("<", {"type": "connection_ack"}),
            (">", {"id": "1", "type": "subscribe", "payload": query}),
            ("<", {"id": "1", "type": "next", "payload": {"data": {"notes": []}}}),
            ("<", {"id": "1", "type": "complete"}),
            (">", {"id": "2", "type": "subscribe", "payload": watch}),
            ("<", {"id": "2", "type": "next", "payload": {"data": {"added": {"id": 1}}}}),
            (">", {"id": "3", "type": "subscribe", "payload": bad}),
            ("<", {"id": "3", "type": "error", "payload": [{"message": "no nope"}]}),
        ],
        "/graphql",
    )
    assert told(exchanges) == [
        ("POST", "/graphql", query, 200, {"data": {"notes": []}}),
        ("POST", "/graphql", bad, 400, {"errors": [{"message": "no nope"}]}),
    ]
    first = next(e for e in translate(exchanges).apply(exchanges) if e.request.method == "POST")
    assert first.request.header("authorization") == "Bearer abcdefgh12"


def test_action_cable_broadcasts_answer_actions() -> None:
    channel = text_of({"channel": "RoomChannel", "id": 7})
    data = text_of({"action": "create_message", "text": "Hi"})
    exchanges = messages(
        [
            ("<", {"type": "welcome"}),
            (">", {"command": "subscribe", "identifier": channel}),
            ("<", {"identifier": channel, "type": "confirm_subscription"}),
            (">", {"command": "message", "identifier": channel, "data": data}),
            ("<", {"identifier": channel, "message": {"id": 1, "text": "Hi", "by": "ann"}}),
            ("<", {"type": "ping", "message": 1}),
        ],
        "/cable",
    )
    assert told(exchanges) == [
        ("POST", "/messages", {"text": "Hi"}, 201, {"id": 1, "text": "Hi", "by": "ann"})
    ]


def test_polling_before_the_upgrade_is_the_same_conversation() -> None:
    ask = text_of(["get", {"url": "/notes", "headers": {}, "data": {}}])
    tell = text_of([{"statusCode": 200, "body": [], "headers": {}}])

    def poll(seq: int, method: str, query: str, sent: str, received: str) -> Exchange:
        request = Request(method, "http", "app.test", "/socket.io/", query, (), sent.encode())
        return Exchange(seq, request, Response(200, (), received.encode()), 100.0 + seq)

    asked = "EIO=4&transport=polling"
    exchanges = [
        poll(1, "GET", asked, "", '0{"sid":"abc","upgrades":["websocket"]}'),
        poll(2, "POST", f"{asked}&sid=abc", "40", "ok"),
        poll(3, "POST", f"{asked}&sid=abc", f"420{ask}\x1e421{ask}", "ok"),
        poll(4, "GET", f"{asked}&sid=abc", "", f"430{tell}"),
    ]
    shake = Request("GET", "http", "app.test", "/socket.io/", "EIO=4&transport=websocket&sid=abc")
    upgraded = Exchange(5, shake, None, 105.0, channel="received", message=f"431{tell}".encode())
    assert told([*exchanges, upgraded]) == [("GET", "/notes", None, 200, [])] * 2
    found = list(translate([*exchanges, upgraded]).apply([*exchanges, upgraded]))
    assert [each.seq for each in found] == [3, 6]


def test_later_calls_speak_for_whoever_logged_in() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
    exchanges = messages(
        [
            (">", '420["create","authentication",{"strategy":"local","password":"pw"},{}]'),
            ("<", f'430[null,{{"accessToken":"{token}","user":{{"id":1}}}}]'),
            (">", '421["find","messages",{"limit":2}]'),
            ("<", '431[null,{"total":0,"data":[]}]'),
        ],
        "/socket.io/",
        "EIO=4",
    )
    login, listed = [e for e in translate(exchanges).apply(exchanges) if e.response and
                     e.response.status != 101]  # fmt: skip
    assert login.request.path == "/authentication"
    assert login.request.header("authorization") is None
    assert listed.request.header("authorization") == f"Bearer {token}"
    assert listed.request.query == "limit=2"


def test_connections_are_told_apart() -> None:
    one = messages([(">", '420["get",{"url":"/a","headers":{}}]')], "/socket.io/", nonce="A")
    other = messages([("<", '430[{"statusCode":200,"body":1}]')], "/socket.io/", nonce="B")
    other = [replace(each, seq=each.seq + 10) for each in other]
    assert told([*one, *other]) == [("GET", "/a", None, None, None)]


def test_unknown_framings_are_counted_and_named() -> None:
    exchanges = messages([("<", "STOMP\n\n\0"), (">", "SEND\n\n\0")])
    translation = translate(exchanges)
    assert translation.framings == {"unknown": 2}
    assert "not known; the first begins 'STOMP" in translation.notes[0].detail
    assert list(translation.apply(exchanges)) == exchanges


def test_a_broken_message_is_reported_and_the_others_are_read() -> None:
    good: list[Line] = [
        (">", '420["get",{"url":"/a","headers":{}}]'),
        ("<", '430[{"statusCode":200,"body":1}]'),
        ("<", "2"),
    ]
    exchanges = messages(
        [
            *good,
            (
                "<",
                '42["cut off',
            ),
        ],
        "/socket.io/",
        "EIO=4",
    )
    assert told(exchanges) == [("GET", "/a", None, 200, 1)]
    assert translate(exchanges).notes[0].evidence == (5,)


def test_calls_without_an_outcome_are_reported() -> None:
    exchanges = messages([(">", '42["typing",{"room":1}]'), (">", '42["typing",{"room":1}]')])
    note = translate(exchanges).notes[0]
    assert note.detail == "nothing shows what `typing` came to (2)"
    assert note.evidence == (2, 3)


def test_dates_of_extended_json_are_text() -> None:
    when = {"$date": 1_700_000_000_000}
    exchanges = ddp(
        (">", {"msg": "method", "id": "1", "method": "addTask", "params": [{"due": when}]}),
        ("<", {"msg": "result", "id": "1", "result": {"_id": "a", "due": when}}),
    )
    due = {"due": "2023-11-14T22:13:20.000Z"}
    assert told(exchanges) == [("POST", "/tasks", due, 201, {"_id": "a", **due})]
