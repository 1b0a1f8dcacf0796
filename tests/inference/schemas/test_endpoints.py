"""Endpoints: parameters, bodies by status and content type, credentials, evidence."""

from typing import Any

from harness.inference.model import Endpoint, Finding
from harness.inference.paths.templates import learn
from harness.inference.schemas.endpoints import learn_endpoints
from harness.traffic.exchange import Exchange, Headers
from tests.inference.traffic import Take, call

TOKEN: Headers = (("Authorization", "Token abcdef0123456789"),)


def endpoints(*exchanges: Exchange) -> dict[str, Endpoint]:
    found = learn_endpoints([Take(exchanges)], learn(exchanges))
    return {f"{item.method} {item.path}": item for item in found}


def typed(kind: str) -> Headers:
    return (("content-type", kind),)


def test_query_parameters() -> None:
    found = endpoints(
        *(
            call("GET", f"/items?limit={n}&sort={way}&tag=a&tag=b", answer=[])
            for n, way in enumerate(["asc", "desc"] * 5)
        ),
        call("GET", "/items?limit=abc&bad=1", 422, {"errors": {"limit": "not a number"}}),
        call("GET", "/search?q=tea", answer=[]),
        call("GET", "/search", 400, {"error": "q is required"}),
    )
    query = found["GET /items"].query
    assert query["limit"]["type"] == "integer"
    assert query["sort"]["enum"] == ["asc", "desc"]
    assert query["tag"]["type"] == "array"
    assert "bad" not in query
    assert found["GET /items"].required_query == []
    assert found["GET /search"].required_query == ["q"]


def test_values_that_identify_rows_are_no_enumeration() -> None:
    rows = [{"slug": name} for name in ("tea", "rum")]
    found = endpoints(
        call("GET", "/shops", answer=rows),
        *(call("GET", f"/offers?shop={name}", answer=[]) for name in ["tea", "rum"] * 6),
    )
    assert found["GET /offers"].query["shop"]["type"] == "string"
    assert "enum" not in found["GET /offers"].query["shop"]


def test_path_parameters() -> None:
    found = endpoints(
        call("GET", "/items/5", answer={"id": 5}),
        call("GET", "/items/x", 422, {"detail": [{"loc": ["path", "item_id"], "input": "x"}]}),
    )
    assert found["GET /items/{item_id}"].params["item_id"]["type"] == "integer"


def test_bodies_by_status_and_content_type() -> None:
    found = endpoints(
        call("POST", "/items", 201, {"id": 1, "name": "a"}, body={"name": "a"}),
        call("POST", "/items", 201, {"id": 2, "name": "b"}, body={"name": "b", "note": "n"}),
        call("POST", "/items", 422, {"errors": ["name"]}, body={"name": 5}),
        call("POST", "/items", 500, b"oops", body={"name": "c"}),
        call("GET", "/items", answer=b"1,2", answer_headers=typed("text/csv")),
        call("GET", "/items", 204),
    )
    post = found["POST /items"]
    asked = post.requests["application/json"]
    assert asked["properties"]["name"]["type"] == "string"
    assert asked["required"] == ["name"]
    assert list(post.responses) == ["201", "422"]
    assert post.responses["201"]["application/json"]["required"] == ["id", "name"]
    assert found["GET /items"].responses["204"] == {}
    assert found["GET /items"].responses["200"]["text/csv"]["type"] == "string"


def test_server_errors_are_listed() -> None:
    exchanges = [call("GET", "/items", answer=[]), call("GET", "/items?limit=-1", 500, b"oops")]
    findings: list[Finding] = []
    learn_endpoints([Take(exchanges)], learn(exchanges), findings)
    (finding,) = findings
    assert (finding.where, finding.evidence) == ("GET /items", ["take#2"])


FORM = b"""--b\r
Content-Disposition: form-data; name="note"\r
\r
hello\r
--b\r
Content-Disposition: form-data; name="file"; filename="a.png"\r
Content-Type: image/png\r
\r
\x89PNG\r
--b--\r
"""


def test_forms() -> None:
    found = endpoints(
        call("POST", "/login", body=b"username=ann&password=x", headers=typed(FORM_TYPE)),
        call(
            "POST", "/files", 201, {"id": 1}, body=FORM, headers=typed(f"{PARTS_TYPE}; boundary=b")
        ),
    )
    login = found["POST /login"].requests[FORM_TYPE]
    assert login["properties"]["password"] == {"type": "string", "format": "password"}
    assert login["required"] == ["username", "password"]
    upload = found["POST /files"]
    assert upload.protocol == "multipart"
    fields = upload.requests[PARTS_TYPE]["properties"]
    assert fields["file"] == {"type": "string", "format": "binary", "contentMediaType": "image/png"}
    assert fields["note"]["examples"] == ["hello"]


FORM_TYPE = "application/x-www-form-urlencoded"
PARTS_TYPE = "multipart/form-data"


def test_protocols() -> None:
    events = b'event: changed\ndata: {"id": 1}\n\nevent: changed\ndata: {"id": 2}\n\n'
    question = {"query": "{ me { id } }", "variables": {}}
    messages = call("GET", "/ws", 101)
    found = endpoints(
        call("GET", "/stream", answer=events, answer_headers=typed("text/event-stream")),
        call("POST", "/graphql", answer={"data": {}}, body=question),
        messages,
        Exchange(1, messages.request, None, channel="sent", message=b'{"op": "go"}'),
        Exchange(1, messages.request, None, channel="received", message=b'{"ok": true}'),
    )
    stream = found["GET /stream"]
    assert stream.protocol == "sse"
    shown = stream.responses["200"]["text/event-stream"]
    assert shown["x-events"]["changed"]["properties"]["id"]["type"] == "integer"
    assert found["POST /graphql"].protocol == "graphql"
    socket = found["GET /ws"]
    assert socket.protocol == "websocket"
    assert "op" in socket.requests["application/json"]["properties"]
    assert "ok" in socket.responses["101"]["application/json"]["properties"]


def test_credentials() -> None:
    found = endpoints(
        call("GET", "/me", answer={"id": 1}, headers=TOKEN),
        call("GET", "/me", 401, {"detail": "no"}, headers=(("Authorization", "Bearer bad"),)),
        call("GET", "/items", answer=[], headers=TOKEN),
        call("GET", "/items", answer=[]),
        call("GET", "/cart", answer={}, headers=(("Cookie", "theme=dark; sessionid=0a1b2c"),)),
        call("GET", "/keys", answer={}, headers=(("X-Api-Key", "0a1b2c3d"),)),
        call("POST", "/login", 401, {"detail": "no"}, body={"password": "wrong"}),
        call("POST", "/login", answer={"token": "t"}, body={"password": "right"}),
    )
    assert (found["GET /me"].secured, found["GET /me"].credentials) == (
        True,
        ["Authorization: Token"],
    )
    assert not found["GET /items"].secured
    assert found["GET /items"].credentials == ["Authorization: Token"]
    assert found["GET /cart"].credentials == ["Cookie: sessionid"]
    assert found["GET /keys"].credentials == ["X-Api-Key"]
    assert not found["POST /login"].secured


def test_secrets_of_requests_are_nowhere() -> None:
    found = endpoints(
        call("POST", "/login", answer={"hint": "it is tr0ub4dor"}, body={"password": "tr0ub4dor"}),
        call("GET", "/me", answer={"via": "abcdef0123456789"}, headers=TOKEN),
    )
    text = "".join(item.model_dump_json() for item in found.values())
    assert "tr0ub4dor" not in text
    assert "abcdef0123456789" not in text


def test_evidence_is_capped_and_shows_every_status() -> None:
    found = endpoints(
        *(call("GET", "/items/5", answer={"id": 5}) for _ in range(50)),
        call("GET", "/items/6", 404, {}),
    )
    evidence = found["GET /items/{id}"].evidence
    assert len(evidence) <= 20
    assert evidence[0] == "take#1"
    assert "take#51" in evidence


def test_heads_belong_to_their_get_and_preflights_to_nobody() -> None:
    found = endpoints(
        call("GET", "/items", answer=[]),
        call("HEAD", "/items"),
        call("OPTIONS", "/items", 204),
    )
    assert list(found) == ["GET /items"]


def test_exchanges_without_an_answer_are_left_out() -> None:
    unanswered: Any = Exchange(1, call("GET", "/items").request, None)
    assert endpoints(unanswered) == {}


def test_bodies_that_are_no_json_are_text() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    bodies = [b'{"a": "\xff"}', b'{"a": 1', deep, b'{"a":' * 400 + b"1" + b"}" * 400, b"[1e999]"]
    for body in bodies:
        found = endpoints(call("GET", "/items", answer=body), call("POST", "/items", body=body))
        schema = found["GET /items"].responses["200"]["application/json"]
        assert schema["type"] in ("string", "object")
        found["POST /items"].model_dump_json()


def test_repeated_rows_of_broken_lists_do_not_stop_learning() -> None:
    broken = b'{"data": [{"name": "\xff' + b"x" * 2_000 + b'"}]}'
    found = endpoints(call("GET", "/items", answer=broken), call("GET", "/items", answer={"a": 1}))
    assert "anyOf" in found["GET /items"].responses["200"]["application/json"]
