"""The WebSocket endpoint of generated backends, on real PostgreSQL, with a real client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from harness.builders.offline import generate, seed_json
from harness.inference.infer import infer
from harness.inference.model import ApiModel, LiveEvent, Socket, VirtualRequests
from harness.traffic.framings.recipes import Fixed, Items, Members, Taken
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.postgres import PostgresServer
from tests.builders.conftest import account, checked, write
from tests.builders.notes_model import MODEL
from tests.builders.socket_client import SocketClient, opened
from tests.traffic.framings import conversations
from tests.traffic.framings.test_recordings import written

SOCKET = Socket(path="/socket.io/", framing="socket.io", version=4, requests=VirtualRequests())
TOLD = Members({"space": Fixed([]), "arguments": Items((Taken(("answer", "note")),))})
FILES = {
    "app/connections.py", "app/engineio.py", "app/live_updates.py", "app/sockets.py",
    "app/virtual_requests.py",
}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ApiModel:
    folder = tmp_path_factory.mktemp("recorded")
    return infer([written(folder / "talk.traffic.db", conversations.shared_notes())])


@pytest.fixture(scope="module")
def clone(
    recorded: ApiModel, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the backend that was generated from the recorded conversation."""
    backend = write(tmp_path_factory.mktemp("talked"), generate(recorded))
    postgres.create_database("talked")
    migrate(backend, postgres.url("talked"))
    with BackendProcess(backend, postgres.url("talked")) as process:
        process.wait_ready()
        yield process.base_url


@pytest.fixture(scope="module")
def guarded(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A backend with users whose clients open with a token, in version 3 of the transport."""
    socket = SOCKET.model_copy(
        update={"version": 3, "query_tokens": ["token"], "opening_tokens": ["token"]}
    )
    model = MODEL.model_copy(update={"sockets": [socket]})
    backend = write(tmp_path_factory.mktemp("guarded"), generate(model))
    postgres.create_database("guarded")
    migrate(backend, postgres.url("guarded"))
    load_seed(backend, postgres.url("guarded"), seed_json(MODEL, "first"))
    with BackendProcess(backend, postgres.url("guarded")) as process:
        process.wait_ready()
        yield process.base_url


@pytest.fixture(scope="module")
def with_cookies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backend whose users are known by a cookie."""
    assert MODEL.auth is not None
    auth = MODEL.auth.model_copy(update={"header": None, "cookie": "sid"})
    requests = VirtualRequests(headers=["X-Total"])
    socket = SOCKET.model_copy(
        update={"requests": requests, "query_tokens": ["token"], "opening_tokens": ["token"]}
    )
    model = MODEL.model_copy(update={"auth": auth, "sockets": [socket]})
    socket.events = [
        LiveEvent(operation=each.id, name="changed", told=TOLD, key=Taken(("path", 1)))
        for each in MODEL.operations
        if each.path_params and each.method != "GET"
    ]
    return write(tmp_path_factory.mktemp("baked"), generate(model))


def test_the_model_says_how_clients_speak(recorded: ApiModel) -> None:
    (socket,) = recorded.sockets
    assert (socket.path, socket.framing, socket.version) == ("/socket.io/", "socket.io", 4)
    assert socket.requests == VirtualRequests(address="url", body="data", status="statusCode")
    assert socket.evidence


def test_a_socket_is_served_only_where_one_was_recorded(recorded: ApiModel) -> None:
    assert generate(recorded).keys() > FILES
    assert "websockets" in generate(recorded)["pyproject.toml"]
    plain = generate(recorded.model_copy(update={"sockets": []}))
    assert not FILES & plain.keys()
    assert not any("websocket" in text.lower() for text in plain.values())
    for name in ("Dockerfile", "init.sh", "init.ps1"):
        assert "--timeout-graceful-shutdown" in generate(recorded)[name]
        assert "--timeout-graceful-shutdown" not in plain[name]


@pytest.mark.parametrize(
    "change", [{"framing": "graphql-ws"}, {"requests": None}, {"version": None}, {"version": 2}]
)
def test_other_sockets_are_not_served(recorded: ApiModel, change: dict[str, Any]) -> None:
    model = recorded.model_copy(update={"sockets": [SOCKET.model_copy(update=change)]})
    assert not FILES & generate(model).keys()


def replay(client: SocketClient) -> None:
    """Make the recorded requests; the keys that the clone gives take the place of those seen."""
    keys: dict[str, str] = {}
    for step in conversations.steps():
        key = keys.get(step.key or "", step.key)
        url = f"/notes/{key}" if key else "/notes"
        told = client.request(conversations.METHODS[step.verb].lower(), url, step.body)
        assert told["statusCode"] == step.status, (step, told)
        assert told["headers"] == {}
        if step.verb == "create":
            keys[step.answer["id"]] = told["body"]["id"]
        assert ("body" in told) == (step.answer is not None)
        answer = json.dumps(step.answer)
        for seen, given in keys.items():
            answer = answer.replace(seen, given)
        assert told.get("body") == json.loads(answer)


def test_recorded_requests_get_the_recorded_answers(clone: str) -> None:
    with opened(clone) as client:
        replay(client)
        for note in client.request("get", "/notes")["body"]:
            client.request("delete", f"/notes/{note['id']}")


def test_clients_and_http_share_one_application(clone: str) -> None:
    with opened(clone) as first, opened(clone) as second:
        note = first.request("post", "/notes", {"title": "Shared", "done": False})["body"]
        assert second.request("get", f"/notes/{note['id']}")["body"] == note
        with httpx.Client(base_url=clone) as http:
            assert http.get(f"/notes/{note['id']}").json() == note
        second.request("delete", f"/notes/{note['id']}")
        gone = first.request("get", f"/notes/{note['id']}")
        assert (gone["statusCode"], gone["body"]["message"]) == (404, "Note not found")


def test_errors_come_inside_acknowledgements(clone: str) -> None:
    with opened(clone) as client:
        assert client.request("get", "/nothing")["statusCode"] == 404
        assert client.request("post", "/notes", {"title": 7})["statusCode"] == 422
        assert client.request("put", "/notes")["statusCode"] == 405


@pytest.mark.parametrize(
    "message",
    [
        '42["unknown",{"a":1}]',
        '427["unknown"]',
        "42[]",
        "42{}",
        '42["get",{"url":"//["}]',
        '42["get",{"url":"/notes","data":{"a":"\\ud800"}}]',
        '42["post",{"url":7,"method":[]}]',
        "42[",
        '451-["file",{"_placeholder":true,"num":0}]',
        '42/elsewhere,1["get",{"url":"/notes"}]',
        "9",
        "",
        b"\x00\xff",
    ],
)
def test_what_is_not_understood_does_not_end_the_connection(
    clone: str, message: str | bytes
) -> None:
    with opened(clone) as client:
        client.say(message)
        assert client.request("get", "/notes")["statusCode"] == 200


def test_requests_without_a_number_are_made_and_not_answered(clone: str) -> None:
    with opened(clone) as client:
        client.say('42["post",{"url":"/notes","data":{"title":"Quiet","done":true}}]')
        (note,) = client.request("get", "/notes")["body"]
        assert note["title"] == "Quiet"
        client.request("delete", f"/notes/{note['id']}")


def test_namespaces_are_joined_and_left(clone: str) -> None:
    with opened(clone) as client:
        client.say("40/more,")
        assert client.hear().startswith('40/more,{"sid": "')
        client.say('42/more,5["get",{"url":"/notes"}]')
        assert client.hear().startswith("43/more,5[{")
        client.say("41/more,")
        client.say('42/more,6["get",{"url":"/notes"}]')
        client.say("2probe")
        assert client.hear() == "3probe"


def test_the_server_keeps_asking_whether_the_client_is_there(
    recorded: ApiModel, postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = {"pingInterval": 50, "pingTimeout": 200}
    socket = recorded.sockets[0].model_copy(update={"settings": settings})
    model = recorded.model_copy(update={"sockets": [socket]})
    backend = write(tmp_path, generate(model))
    postgres.create_database("pinged")
    with BackendProcess(backend, postgres.url("pinged")) as process:
        process.wait_ready()
        with opened(process.base_url) as client:
            while client.pings < 3:
                client.request("get", "/nothing")
            with pytest.raises(ConnectionClosed):
                client.fall_silent()


def token_of(address: str) -> str:
    with httpx.Client(base_url=address) as http:
        found = http.post("/api/users", json={"user": account()})
        return str(json.loads(found.text)["user"]["token"])


def test_requests_carry_their_own_headers(guarded: str) -> None:
    headers = {"Authorization": f"Bearer {token_of(guarded)}"}
    with opened(guarded, version=3) as client:
        assert client.request("get", "/api/user")["statusCode"] == 401
        assert client.request("get", "/api/user", headers=headers)["statusCode"] == 200


def test_requests_inherit_what_the_handshake_brought(guarded: str) -> None:
    token = token_of(guarded)
    brought: list[dict[str, Any]] = [
        {"query": f"&token={token}"},
        {"headers": {"Authorization": f"Bearer {token}"}},
    ]
    for each in brought:
        with opened(guarded, version=3, **each) as client:
            assert client.request("get", "/api/user")["statusCode"] == 200
    wrong = {"Authorization": "Bearer wrong"}
    with opened(guarded, version=3, **brought[0]) as client:
        assert client.request("get", "/api/user", headers=wrong)["statusCode"] == 401


def test_requests_inherit_what_the_client_opened_with(guarded: str) -> None:
    with opened(guarded, version=3) as client:
        client.say(f"40{json.dumps({'token': token_of(guarded)})}")
        assert client.hear() == "40"
        assert client.request("get", "/api/user")["statusCode"] == 200


def test_cookies_count_for_pages_of_the_same_origin(
    with_cookies: Path, postgres: PostgresServer
) -> None:
    postgres.create_database("baked")
    migrate(with_cookies, postgres.url("baked"))
    with BackendProcess(with_cookies, postgres.url("baked")) as process:
        process.wait_ready()
        cookie = {"Cookie": f"sid={token_of(process.base_url)}"}
        for origin, status in (("https://elsewhere.test", 401), (process.base_url, 200)):
            with opened(process.base_url, headers={**cookie, "Origin": origin}) as client:
                assert client.request("get", "/api/user")["statusCode"] == status


def test_the_module_is_clean(with_cookies: Path) -> None:
    checked(with_cookies)


def test_clients_are_told_of_changes_to_what_they_were_shown(clone: str) -> None:
    with opened(clone) as writer, opened(clone) as reader, opened(clone) as stranger:
        note = writer.request("post", "/notes", {"title": "Shared", "done": False})["body"]
        reader.request("get", f"/notes/{note['id']}")
        changed = writer.request("patch", f"/notes/{note['id']}", {"title": "Changed"})["body"]
        assert json.loads(reader.hear().removeprefix("42")) == ["noteChanged", changed]
        assert stranger.request("get", "/nothing")["statusCode"] == 404
        assert writer.request("patch", f"/notes/{note['id']}", {"title": 7})["statusCode"] == 422
        assert writer.request("delete", f"/notes/{note['id']}")["statusCode"] == 204
        assert reader.request("get", "/nothing")["statusCode"] == 404


def test_only_what_is_built_tells_others(recorded: ApiModel) -> None:
    slice_ = generate(recorded, resources=[])
    assert "app/live_updates.py" not in slice_
    assert "app/sockets.py" in slice_
    assert "push" not in slice_["app/sockets.py"]
    assert "tell" not in slice_["app/connections.py"]
