"""engine.io's polling in generated backends, and the upgrade to a WebSocket, with real clients."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from harness.builders.offline import generate, seed_json
from harness.inference.infer import infer
from harness.inference.model import ApiModel
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.postgres import PostgresServer
from tests.builders.conftest import account, checked, write
from tests.builders.notes_model import MODEL
from tests.builders.polling_client import Polled, packets_of, payload
from tests.builders.socket_client import SocketClient
from tests.builders.test_generated_sockets import SOCKET, replay
from tests.traffic.framings import conversations
from tests.traffic.framings.test_recordings import written

MOST_QUEUED = 1000
ORIGIN = "https://notes.test"
Serve = Callable[[ApiModel], str]


@pytest.fixture(scope="module")
def serve(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a generated backend that lets pages of ORIGIN in; return its address."""
    with ExitStack() as stack:

        def start(model: ApiModel) -> str:
            backend = write(tmp_path_factory.mktemp("polled"), generate(model))
            (backend / ".env").write_text(f'CORS_ORIGINS=["{ORIGIN}"]\n', encoding="utf-8")
            postgres.create_database(backend.name)
            url = postgres.url(backend.name)
            migrate(backend, url)
            if model.seeds:
                load_seed(backend, url, seed_json(model, model.seeds[0].recording))
            process = stack.enter_context(BackendProcess(backend, url))
            process.wait_ready()
            return process.base_url

        yield start


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ApiModel:
    folder = tmp_path_factory.mktemp("recorded")
    return infer([written(folder / "talk.traffic.db", conversations.shared_notes())])


def spoken(model: ApiModel, **changes: Any) -> ApiModel:
    return model.model_copy(update={"sockets": [model.sockets[0].model_copy(update=changes)]})


@pytest.fixture(scope="module")
def clones(recorded: ApiModel, serve: Serve) -> dict[int, str]:
    """The addresses of backends by the version of the protocol."""
    return {version: serve(spoken(recorded, version=version)) for version in (3, 4)}


@pytest.fixture(scope="module", params=[3, 4])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def http(clones: dict[int, str], version: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=clones[version], timeout=20) as client:
        yield client


@pytest.fixture
def polled(http: httpx.Client, version: int) -> Polled:
    """A client that has opened a session, and joined the main namespace."""
    client = Polled(http, version)
    client.open()
    if version > 3:
        client.push("40")
    assert client.recv().startswith("40")
    return client


def address(client: Polled) -> str:
    params = httpx.QueryParams({**client.params, "transport": "websocket"})
    base = str(client.http.base_url).rstrip("/").replace("http", "ws", 1)
    return f"{base}/socket.io/?{params}"


def upgrading(client: Polled) -> ClientConnection:
    return connect(address(client), proxy=None)


def request(number: int, url: str = "/notes") -> str:
    return f"42{number}{json.dumps(['get', {'url': url}])}"


def test_sessions_open_with_the_offer_to_upgrade(http: httpx.Client, version: int) -> None:
    client = Polled(http, version)
    opened = json.loads(client.open()[1:])
    assert opened.pop("sid") == client.params["sid"]
    assert opened == {"upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000}


def test_recorded_requests_get_the_recorded_answers(polled: Polled) -> None:
    client = SocketClient(polled)
    replay(client)
    for note in client.request("get", "/notes")["body"]:
        client.request("delete", f"/notes/{note['id']}")


def test_text_beyond_the_basic_plane_is_counted_as_the_protocol_counts(polled: Polled) -> None:
    polled.push("2one 😀 é", "2two")
    assert [polled.recv(), polled.recv()] == ["3one 😀 é", "3two"]


def test_what_is_not_understood_does_not_end_the_session(polled: Polled) -> None:
    polled.push("b4AQID", "9", "451-[{}]", "42[", "7")
    for content in (b"\x00\x02\xff4\x01", b"no payload", b""):
        assert polled.post(content).text == "ok"
    assert SocketClient(polled).request("get", "/notes")["statusCode"] == 200


def test_polls_wait_and_other_clients_events_end_them(polled: Polled, version: int) -> None:
    reader = Polled(polled.http, version)
    reader.open()
    writer = SocketClient(polled)
    note = writer.request("post", "/notes", {"title": "Shared", "done": False})["body"]
    reads = SocketClient(reader)
    if version > 3:
        reads.say("40")
    reads.hear()
    reads.request("get", f"/notes/{note['id']}")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.poll)
        assert writer.request("get", "/nothing")["statusCode"] == 404
        assert not waiting.done()
        changed = writer.request("patch", f"/notes/{note['id']}", {"title": "New"})["body"]
        assert waiting.result() == [f"42{json.dumps(['noteChanged', changed])}"]
    writer.request("delete", f"/notes/{note['id']}")


def test_an_upgrade_releases_the_poll_and_keeps_the_order(polled: Polled) -> None:
    with ThreadPoolExecutor(1) as pool, upgrading(polled) as socket:
        waiting = polled.begin(pool)
        socket.send("2probe")
        assert socket.recv(10) == "3probe"
        assert packets_of(waiting.result().text, polled.version) == ["6"]
        polled.push(*(request(number) for number in range(3)))
        socket.send("5")
        socket.send(request(3))
        answers = [socket.recv(10) for _ in range(4)]
        assert [str(each)[:3] for each in answers] == ["430", "431", "432", "433"]
        refused = polled.get()
        assert (refused.status_code, refused.json()) == (400, {"code": 3, "message": "Bad request"})
        socket.send(request(4))
        assert str(socket.recv(10)).startswith("434")


def test_polls_go_on_while_an_upgrade_is_tried(polled: Polled) -> None:
    with upgrading(polled) as socket:
        socket.send("2probe")
        assert socket.recv(10) == "3probe"
        polled.push(request(0))
        assert polled.recv().startswith("430")
    assert SocketClient(polled).request("get", "/notes")["statusCode"] == 200


@pytest.mark.parametrize("said", ["2", "5", "40", ""])
def test_sockets_that_do_not_probe_are_closed(polled: Polled, said: str) -> None:
    with upgrading(polled) as socket:
        socket.send(said)
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
    assert SocketClient(polled).request("get", "/notes")["statusCode"] == 200


def test_sessions_are_upgraded_once(polled: Polled) -> None:
    with upgrading(polled) as first, upgrading(polled) as second:
        first.send("2probe")
        assert first.recv(10) == "3probe"
        with pytest.raises(ConnectionClosed):
            second.recv(10)
        first.send("5")
        first.send(request(0))
        assert str(first.recv(10)).startswith("430")


def test_unknown_sessions_and_transports_are_refused(http: httpx.Client, version: int) -> None:
    stranger = Polled(http, version, sid="AAAAAAAAAAAAAAAAAAAA")
    unknown = {"code": 1, "message": "Session ID unknown"}
    for answer in (stranger.get(), stranger.post("40")):
        assert (answer.status_code, answer.json()) == (400, unknown)
    with pytest.raises(InvalidStatus) as refused, upgrading(stranger):
        pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body or b"") == unknown
    answer = http.get("/socket.io/", params={"EIO": version, "transport": "flashsocket"})
    assert (answer.status_code, answer.json()["code"]) == (400, 0)


def test_a_second_poll_at_a_time_ends_the_session(polled: Polled) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = polled.begin(pool)
        assert polled.get().json() == {"code": 3, "message": "Bad request"}
        assert packets_of(waiting.result(10).text, polled.version) == ["1"]
    assert polled.get().json()["code"] == 1


def test_sessions_end_with_a_poll_that_nobody_waits_for(polled: Polled) -> None:
    with pytest.raises(httpx.ReadTimeout):
        polled.get(timeout=0.2)
    polled.post(payload(["2"], polled.version))
    while (answer := polled.get()).status_code == 200:
        pass
    assert answer.json()["code"] in (1, 3)


def test_clients_leave(polled: Polled) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = polled.begin(pool)
        polled.push("1")
        assert packets_of(waiting.result(10).text, polled.version) == ["6"]
    assert polled.get().json()["code"] == 1


def test_payloads_have_a_largest_size(polled: Polled) -> None:
    assert polled.post("2" * 1_000_001).status_code == 413
    polled.push("2" + "x" * 900_000)
    assert len(polled.recv()) == 900_001


def test_few_messages_are_kept_for_those_who_do_not_poll(polled: Polled) -> None:
    numbers = [str(number) for number in range(MOST_QUEUED + 500)]
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(polled.push, *(f"2{number}" for number in numbers))
        heard: list[str] = []
        while len(heard) < len(numbers):
            packets = polled.poll()
            assert len(packets) <= MOST_QUEUED
            heard += packets
        pushing.result()
    assert heard == [f"3{number}" for number in numbers]


def test_silent_sessions_are_forgotten(recorded: ApiModel, serve: Serve) -> None:
    settings = {"pingInterval": 50, "pingTimeout": 200, "maxPayload": 100}
    with httpx.Client(base_url=serve(spoken(recorded, settings=settings)), timeout=20) as http:
        client = Polled(http, 4)
        assert json.loads(client.open()[1:])["maxPayload"] == 100
        assert client.post("4" * 101).status_code == 413
        for _ in range(10):
            assert client.poll() == ["2"]
            client.push("3")
        heard = []
        while (answer := client.get()).status_code == 200:
            heard += packets_of(answer.text, 4)
        assert set(heard) <= {"1", "2"}
        assert (answer.status_code, answer.json()["code"]) == (400, 1)


def test_sessions_keep_the_identity_of_the_handshake(serve: Serve) -> None:
    model = MODEL.model_copy(
        update={"sockets": [SOCKET.model_copy(update={"query_tokens": ["token"]})]}
    )
    with httpx.Client(base_url=serve(model)) as http:
        user = http.post("/api/users", json={"user": account()}).json()["user"]
        known = {"Authorization": f"Bearer {user['token']}"}
        for params, headers, status in (
            ({}, {}, 401),
            ({}, known, 200),
            ({"token": user["token"]}, {}, 200),
        ):
            client = Polled(http, 4, **params)
            client.open(headers)
            client.params.pop("token", None)
            client.push("40")
            client.recv()
            assert SocketClient(client).request("get", "/api/user")["statusCode"] == status
            if not headers:
                client.http.headers.update(known)
                assert SocketClient(client).request("get", "/api/user")["statusCode"] == status
                client.http.headers.pop("authorization")


def test_cookies_count_for_pages_of_the_same_origin(serve: Serve) -> None:
    assert MODEL.auth is not None
    auth = MODEL.auth.model_copy(update={"header": None, "cookie": "sid"})
    model = MODEL.model_copy(update={"auth": auth, "sockets": [SOCKET]})
    with httpx.Client(base_url=serve(model)) as http:
        user = http.post("/api/users", json={"user": account()}).json()["user"]
        http.cookies.clear()
        own = str(http.base_url).rstrip("/")
        for origin, status in (("https://elsewhere.test", 401), (own, 200), (ORIGIN, 200)):
            client = Polled(http, 4)
            client.open({"Cookie": f"sid={user['token']}", "Origin": origin})
            client.push("40")
            client.recv()
            assert SocketClient(client).request("get", "/api/user")["statusCode"] == status


def test_pages_of_allowed_origins_may_poll(http: httpx.Client, version: int) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://elsewhere.test", None)):
        params = {"EIO": str(version), "transport": "polling"}
        answer = http.get("/socket.io/", params=params, headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize("transports", [None, ["polling"], ["websocket"]])
def test_the_library_that_clients_use_is_served(
    clones: dict[int, str], transports: list[str] | None
) -> None:
    with ExitStack() as stack:
        writer, reader = (stack.enter_context(socketio.SimpleClient()) for _ in range(2))
        for client in (writer, reader):
            client.connect(clones[4], transports=transports)
            assert client.transport == (transports or ["websocket"])[0]
        note = _asked(writer, "post", "/notes", {"title": "Shared", "done": False})["body"]
        assert _asked(reader, "get", f"/notes/{note['id']}")["body"] == note
        changed = _asked(writer, "patch", f"/notes/{note['id']}", {"title": "New"})["body"]
        assert reader.receive(timeout=10) == ["noteChanged", changed]
        assert _asked(writer, "delete", f"/notes/{note['id']}")["statusCode"] == 204


def _asked(client: Any, method: str, url: str, data: Any = None) -> dict[str, Any]:
    said = {"method": method, "url": url, "headers": {}, "data": data or {}}
    told = client.call(method, said, timeout=10)
    assert isinstance(told, dict)
    return told


def test_the_library_joins_namespaces(clones: dict[int, str]) -> None:
    with socketio.SimpleClient() as client:
        client.connect(clones[4], namespace="/more")
        assert _asked(client, "get", "/notes")["statusCode"] == 200


@pytest.mark.parametrize("spoken_version", [3, 4])
def test_the_modules_are_clean(recorded: ApiModel, tmp_path: Path, spoken_version: int) -> None:
    checked(write(tmp_path, generate(spoken(recorded, version=spoken_version))))
