"""What conversations of each kind are translated to."""

from dataclasses import replace
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response, parse_json
from harness.traffic.framings.framing import text_of
from harness.traffic.framings.translate import translate
from tests.traffic.framings.conversations import meeting, messages, sockjs

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


MILK, TEA = {"text": "Milk", "done": False}, {"text": "Tea", "done": False}
GONE = {"error": 404, "reason": "No such task", "errorType": "Meteor.Error"}


def subscribed(number: str, *rows: Line) -> list[Line]:
    return [
        (">", {"msg": "sub", "id": number, "name": "mine", "params": []}),
        *rows,
        ("<", {"msg": "ready", "subs": [number]}),
    ]


def change(kind: str, key: str, **fields: Any) -> Line:
    more = {"fields": fields} if fields else {}
    return ("<", {"msg": kind, "collection": "tasks", "id": key, **more})


def method(number: str, name: str, params: list[Any], *told: Line, **outcome: Any) -> list[Line]:
    return [
        (">", {"msg": "method", "id": number, "method": name, "params": params}),
        *told,
        ("<", {"msg": "result", "id": number, **outcome}),
        ("<", {"msg": "updated", "methods": [number]}),
    ]


def test_answers_are_whole_rows_whoever_made_them() -> None:
    exchanges = ddp(
        *subscribed("s1"),
        change("added", "a", **MILK),
        *method("1", "finish", ["a", True], change("changed", "a", done=True)),
        change("changed", "a", text="Oat milk"),
        *method("2", "finish", ["a", False], change("changed", "a", done=False)),
    )
    assert [each for each in told(exchanges) if each[2] in ({"done": True}, {"done": False})] == [
        ("PATCH", "/tasks/a", {"done": True}, 200, {"_id": "a", "text": "Milk", "done": True}),
        ("PATCH", "/tasks/a", {"done": False}, 200, {"_id": "a", **MILK, "text": "Oat milk"}),
    ]


def test_calls_that_did_nothing_are_what_others_of_their_name_are() -> None:
    exchanges = ddp(
        *subscribed("s1", change("added", "a", **MILK)),
        *method("1", "finish", ["gone", True], error=GONE),
        *method("2", "finish", ["a", True], change("changed", "a", done=True)),
        *method("3", "finish", ["a", True]),
        *method("4", "newTask", ["Tea"], change("added", "b", **TEA), result="b"),
        *method("5", "newTask", [""], error={"error": 422, "reason": "A text, please"}),
    )
    assert told(exchanges)[1:-1] == [
        ("PATCH", "/tasks/gone", {"done": True}, 404, GONE),
        *[("PATCH", "/tasks/a", {"done": True}, 200, {"_id": "a", **MILK, "done": True})] * 2,
        ("POST", "/tasks", {"text": "Tea"}, 201, {"_id": "b", **TEA}),
        ("POST", "/tasks", {"text": ""}, 422, {"error": 422, "reason": "A text, please"}),
    ]


def test_calls_of_one_name_that_differ_in_what_they_do_teach_nothing() -> None:
    exchanges = ddp(
        *subscribed("s1", change("added", "a", **MILK), change("added", "b", **TEA)),
        *method("1", "swipe", ["a", "left"], change("removed", "a")),
        *method("2", "swipe", ["b", "right"], change("changed", "b", text="right")),
        *method("3", "swipe", ["c", "right"], error=GONE),
    )
    assert [each[:2] for each in told(exchanges)[1:-1]] == [
        ("DELETE", "/tasks/a"),
        ("PATCH", "/tasks/b"),
        ("POST", "/swipe"),
    ]


def test_rows_that_a_client_leaves_are_not_deleted() -> None:
    exchanges = ddp(
        *subscribed("s1", change("added", "a", **MILK)),
        (">", {"msg": "unsub", "id": "s1"}),
        change("removed", "a"),
        ("<", {"msg": "nosub", "id": "s1"}),
        *subscribed("s2", change("added", "a", **MILK)),
        change("removed", "a"),
    )
    listed = ("GET", "/tasks", None, 200, [{"_id": "a", **MILK}])
    gone, empty = ("DELETE", "/tasks/a", None, 204, None), ("GET", "/tasks", None, 200, [])
    assert told(exchanges) == [listed, listed, gone, empty]
    rest = [each for each in translate(exchanges).apply(exchanges) if not each.is_http]
    assert rest == []


def test_a_subscription_that_tells_no_row_is_an_empty_list() -> None:
    leave: list[Line] = [(">", {"msg": "unsub", "id": "s2"}), ("<", {"msg": "nosub", "id": "s2"})]
    known = [*subscribed("s1"), change("added", "a", **MILK), *subscribed("s2"), *leave]
    gone: list[Line] = [change("removed", "a"), *subscribed("s3", change("added", "b", **TEA))]
    lists = [each for each in told(ddp(*known, *gone)) if each[0] == "GET"]
    assert lists == [
        ("GET", "/tasks", None, 200, []),
        ("GET", "/tasks", None, 200, [{"_id": "b", **TEA}]),
    ]
    assert [each[0] for each in told(ddp(*subscribed("s1")))] == []


def test_who_logs_in_is_shown_and_not_created() -> None:
    user = {"msg": "added", "collection": "users", "id": "u", "fields": {"username": "ada"}}
    given = {"id": "u", "token": "qtbOM8weWOLiECgwQBk"}
    said = {"username": "ada", "password": "pw"}
    exchanges = ddp(*method("1", "login", [said], ("<", user), result=given))
    assert told(exchanges) == [("POST", "/login", said, 200, given)]


def test_calls_that_go_on_with_a_session_say_who_speaks() -> None:
    token = "qtbOM8weWOLiECgwQBk"
    login = method("1", "login", [{"password": "pw"}], result={"token": token})
    resume = method("2", "login", [{"resume": token}], result={"id": "u", "token": token})
    unknown = method("3", "login", [{"resume": "never-given"}], error={"error": 403})
    exchanges = ddp(*login, *resume, *unknown, *method("4", "tidyUp", []))
    assert [each[:2] + each[3:4] for each in told(exchanges)] == [
        ("POST", "/login", 200),
        ("GET", "/login", 200),
        ("GET", "/login", 403),
        ("POST", "/tidyUp", 204),
    ]
    found = [each.request.header("authorization") for each in translate(exchanges).apply(exchanges)]
    assert found[2:4] == [f"Bearer {token}", "Bearer never-given"]


def test_frames_of_sockjs_itself_are_of_the_protocol() -> None:
    exchanges = sockjs(ddp(*subscribed("s1", change("added", "a", **MILK))))
    frames = [replace(exchanges[-1], seq=99 + n, message=m) for n, m in enumerate((b"o", b"h"))]
    found = list(translate([*exchanges, *frames]).apply([*exchanges, *frames]))
    assert [each.request.path for each in found] == ["/websocket", "/tasks"]


def test_what_a_sockjs_server_offers_is_of_the_protocol() -> None:
    facts = {"websocket": True, "origins": ["*:*"], "cookie_needed": False, "entropy": 7}
    offers = [
        Exchange(seq, Request("GET", "http", "app.test", path), Response(200, (), body), 100.0)
        for seq, path, body in (
            (50, "/sockjs/info", text_of(facts).encode()),
            (51, "/info", b'{"websocket":true}'),
            (52, "/sockjs/info", b""),
        )
    ]
    assert list(translate(offers).apply(offers)) == offers[1:]


def test_what_a_hub_offers_is_of_the_protocol() -> None:
    headers = (("Content-Type", "application/json"),)
    offered = b'{"connectionId":"a","availableTransports":[{"transport":"WebSockets"}]}'
    old = Request("POST", "http", "app.test", "/hub/negotiate", "", headers)
    new = replace(old, query="negotiateVersion=1")
    of_the_application = Exchange(3, old, Response(200, headers, b'{"price":3}'), 3.0)
    exchanges = [
        Exchange(1, old, Response(200, headers, offered), 1.0),
        Exchange(2, new, Response(401), 2.0),
        of_the_application,
    ]
    assert list(translate(exchanges).apply(exchanges)) == [of_the_application]


def joined(*answers: tuple[str, str, dict[str, Any]]) -> list[Exchange]:
    """Joins of topics, and what was answered."""
    lines: list[Line] = []
    for number, (topic, status, response) in enumerate(answers):
        reply = {"status": status, "response": response}
        lines.append((">", [str(number), str(number), topic, "phx_join", {}]))
        lines.append(("<", [str(number), str(number), topic, "phx_reply", reply]))
    return messages(lines)


def test_topics_that_say_something_when_they_are_joined_are_resources() -> None:
    shown = {"id": 42, "name": "Kitchen"}
    exchanges = joined(("room:42", "ok", shown), ("room:42:chat", "ok", shown))
    assert told(exchanges) == [
        ("GET", "/rooms/42", None, 200, shown),
        ("GET", "/rooms/42/chat", None, 200, shown),
    ]
    assert told(joined(("room:42", "ok", {}))) == []


def test_topics_that_were_refused_to_somebody_are_resources_that_say_nothing() -> None:
    refused = {"reason": "unauthorized"}
    assert told(joined(("room:42", "ok", {}), ("room:43", "error", refused))) == [
        ("GET", "/rooms/42", None, 200, {}),
        ("GET", "/rooms/43", None, 401, refused),
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


def test_root_fields_of_graphql_documents_are_operations() -> None:
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
        ("GET", "/notes", None, 200, []),
        ("GET", "/nope", None, 400, {"message": "no nope"}),
    ]
    first = next(e for e in translate(exchanges).apply(exchanges) if e.request.path == "/notes")
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


def test_a_connection_that_says_nothing_is_in_the_framing_of_the_others() -> None:
    channel = '{"channel":"TasksChannel"}'
    told = {"identifier": channel, "message": {"type": "tasks", "tasks": []}}
    lines: list[tuple[str, str, Any]] = [
        ("ann", ">", {"command": "subscribe", "identifier": channel}),
        ("ann", "<", told),
        ("ben", "<", {"type": "disconnect", "reason": "unauthorized", "reconnect": False}),
    ]
    assert [each.framing for each in translate(meeting(lines)).sockets] == ["actioncable"] * 2


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
