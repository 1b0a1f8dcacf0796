"""WebSocket endpoints of generated backends in every framing: two clients, on real PostgreSQL.

The recorded conversation is held again, over real connections: what the clone says must be what the
original said, but for the keys that it gives.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

from harness.builders.offline import generate
from harness.inference.infer import infer
from harness.traffic.exchange import Exchange
from harness.traffic.framings import sockjs
from harness.traffic.framings.catalogue import learn, read
from harness.traffic.framings.connections import Gatherer
from harness.traffic.framings.events import Control, Event, Opening
from harness.traffic.framings.framing import Framing
from harness.verify.backend import BackendProcess, migrate
from harness.verify.postgres import PostgresServer
from tests.builders.conftest import checked, write
from tests.traffic.framings import meetings
from tests.traffic.framings.conversations import NOTES
from tests.traffic.framings.junk import junk, odd
from tests.traffic.framings.test_recordings import written

MEETINGS = [
    meetings.socket_io,
    meetings.ddp,
    meetings.ddp_over_sockjs,
    meetings.phoenix,
    meetings.actioncable,
    meetings.signalr,
    meetings.json_rpc,
    meetings.plain_json,
    meetings.unacknowledged,
    meetings.signed_in,
    meetings.graphql,
]
KEYS = {meetings.UNTOLD, *meetings.TOKENS.values(), *(key for key, _ in NOTES)}
NAMES = re.compile(r"[\w.]*[nN]ote[\w.]*")
SWITCHING = 101


class Replay:
    """The recorded clients, each on a connection of its own to the clone."""

    def __init__(self, address: str, exchanges: list[Exchange]) -> None:
        self._address = address.replace("http", "ws", 1)
        self._exchanges = exchanges
        self._keys: dict[str, str] = {}
        gatherer = Gatherer()
        for each in exchanges:
            gatherer.take(each)
        framing = read(gatherer.connections[0], learn(gatherer.connections)).framing
        assert framing is not None
        self._framing: Framing = framing
        first = gatherer.connections[0]
        self._enveloped = first.endpoint != first.request.path

    def run(self) -> int:
        """Say what was said; return how many of the recorded messages were heard again."""
        heard = 0
        with ExitStack() as stack:
            clients: dict[str, ClientConnection] = {}
            for exchange in self._exchanges:
                who = exchange.request.header("sec-websocket-key") or ""
                if exchange.response is not None and exchange.response.status != SWITCHING:
                    self._ask(exchange)
                elif exchange.is_http:
                    target = f"{exchange.request.path}?{exchange.request.query}"
                    connection = connect(f"{self._address}{target}", proxy=None)
                    clients[who] = stack.enter_context(connection)
                elif exchange.channel == "sent":
                    clients[who].send(self._bound(exchange.message.decode()))
                else:
                    heard += self._hear(clients[who], exchange.message)
        return heard

    def _ask(self, exchange: Exchange) -> None:
        """Ask over HTTP what was asked; the members of the answer are the same."""
        request, expected = exchange.request, exchange.response
        assert expected is not None
        target = f"{self._address.replace('ws', 'http', 1)}{request.path}?{request.query}"
        answer = httpx.request(request.method, target, content=request.body, trust_env=False)
        assert answer.status_code == expected.status
        assert answer.json().keys() == json.loads(expected.body).keys()

    def _bound(self, text: str) -> str:
        for seen, given in self._keys.items():
            text = text.replace(seen, given)
        return text

    def _hear(self, client: ClientConnection, message: bytes) -> int:
        expected = self._told(message)
        if not expected:
            return 0
        while not (actual := self._told(client.recv(timeout=10))):
            continue
        self._bind(expected, actual)
        bound = self._told(self._bound(message.decode()))
        assert actual == bound
        return 1

    def _told(self, message: bytes | str) -> list[Event]:
        data = message.encode() if isinstance(message, str) else message
        inner = sockjs.unwrap(data, sent=False) if self._enveloped else [data]
        events = [each for one in inner for each in self._framing.decode(one, sent=False)]
        return [each for each in events if not isinstance(each, Control | Opening)]

    def _bind(self, expected: Any, actual: Any) -> None:
        for seen, given in zip(_texts(expected), _texts(actual), strict=False):
            if seen in KEYS:
                self._keys.setdefault(seen, given)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value, members by their names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name in sorted(value):
            yield from _texts(value[name])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif hasattr(value, "__dataclass_fields__"):
        yield from _texts(asdict(value))


@pytest.fixture(scope="module", params=MEETINGS, ids=lambda meeting: meeting.__name__)
def meeting(request: pytest.FixtureRequest) -> Callable[[], list[Exchange]]:
    found: Callable[[], list[Exchange]] = request.param
    return found


@pytest.fixture(scope="module")
def backend(
    meeting: Callable[[], list[Exchange]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("meeting")
    model = infer([written(folder / "talk.traffic.db", meeting())])
    return write(folder / "backend", generate(model))


def test_a_recorded_meeting_goes_the_same_way_again(
    meeting: Callable[[], list[Exchange]], backend: Path, postgres: PostgresServer
) -> None:
    exchanges = meeting()
    name = f"meeting_{meeting.__name__}"
    postgres.create_database(name)
    migrate(backend, postgres.url(name))
    with BackendProcess(backend, postgres.url(name)) as process:
        process.wait_ready()
        replay = Replay(process.base_url, exchanges)
        assert replay.run() > 10


def test_whatever_is_said_the_endpoint_stays(
    meeting: Callable[[], list[Exchange]],
    backend: Path,
    postgres: PostgresServer,
    tmp_path: Path,
) -> None:
    sent = [each for each in meeting() if each.channel == "sent" and not each.is_http]
    request = sent[0].request
    opening = [each.message.decode() for each in sent if each.request == request][:2]
    texts = [each.message.decode() for each in sent]
    said = list({tuple(NAMES.findall(text)): text for text in texts}.values())
    name, log = f"junk_{meeting.__name__}", tmp_path / "backend.log"
    postgres.create_database(name)
    migrate(backend, postgres.url(name))
    with BackendProcess(backend, postgres.url(name), log=log) as process:
        process.wait_ready()
        address = f"{process.base_url.replace('http', 'ws', 1)}{request.path}?{request.query}"

        def say(messages: list[str | bytes]) -> None:
            client = connect(address, proxy=None, max_queue=None)
            with client, suppress(ConnectionClosedOK, TimeoutError):
                for message in [*opening, *messages]:
                    client.send(message)
                assert client.ping().wait(10)
                while True:
                    client.recv(timeout=0.01)

        for each in said:
            say(list(odd(each)))
        any_of_them = st.lists(junk(said), min_size=1, max_size=3)
        slowly = settings(
            deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
        )
        slowly(for_all(any_of_them)(say))()
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_the_modules_are_clean(backend: Path) -> None:
    checked(backend)
