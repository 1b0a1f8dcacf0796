from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.traffic.exchange import Exchange, Request, Response
from harness.verify.backend import BackendProcess, load_seed
from harness.verify.postgres import PostgresServer
from harness.verify.replay import ReplayResult, reason_to_leave_out, replay
from harness.verify.verify import migrated_template
from tests.verify.recorder import Recorder

SEED = {
    "tables": {
        "user": [
            {
                "id": 1,
                "email": "eve@x.test",
                "password": "e",
                "joined_at": "2026-01-02T03:04:05.678Z",
            }
        ]
    },
    "tokens": {"c0ffee254729296a45a3885639ac7e10f9d54979": 1},
}
Play = Callable[[list[Exchange], dict[str, object]], ReplayResult]


@pytest.fixture
def play(postgres: PostgresServer, notes: Path) -> Play:
    """Replays exchanges against a fresh notes backend that starts with a seed."""

    def _play(exchanges: list[Exchange], seed: dict[str, object]) -> ReplayResult:
        with serving(postgres, notes, seed) as base_url:
            return replay(exchanges, base_url)

    return _play


@contextmanager
def serving(postgres: PostgresServer, notes: Path, seed: dict[str, object]) -> Iterator[str]:
    postgres.create_database("replayed", migrated_template(notes, postgres))
    url = postgres.url("replayed")
    if seed:
        load_seed(notes, url, seed)
    with BackendProcess(notes, url) as backend:
        backend.wait_ready()
        yield backend.base_url


def test_other_ids_tokens_and_times_are_bound(play: Play, recorded: list[Exchange]) -> None:
    result = play(recorded, SEED)
    assert [item for item in result.judged if not item.exact] == []
    assert len(result.judged) == len(recorded)


def altered(exchange: Exchange, old: str, new: str) -> Exchange:
    assert exchange.response is not None
    body = exchange.response.body.replace(old.encode(), new.encode())
    assert body != exchange.response.body
    return replace(exchange, response=replace(exchange.response, body=body))


ALTERATIONS = [
    ("GET /notes", '"count":3', '"count":4'),
    ("PATCH /notes/1", '"stars":3', '"stars":4'),
    ("POST /notes", '"title":"Note one"', '"title":"Note two"'),
    ("GET /me", "ada@", "bob@"),
    ("GET /notes/1", '"userId":1', '"userId":2'),
    ("POST /users", "email is taken", "e-mail is taken"),
]


def test_what_differs_is_named(play: Play, recorded: list[Exchange]) -> None:
    exchanges, expected = list(recorded), []
    for line, old, new in ALTERATIONS:
        index = next(i for i, item in enumerate(exchanges) if says(item, line, old))
        exchanges[index] = altered(exchanges[index], old, new)
        expected.append((exchanges[index].seq, line))
    wrong = [item for item in play(exchanges, {}).judged if not item.exact]
    assert [(item.seq, item.endpoint) for item in wrong] == sorted(expected)


def says(exchange: Exchange, line: str, text: str) -> bool:
    asked = f"{exchange.request.method} {exchange.request.path}" == line
    response = exchange.response
    return asked and response is not None and text.encode() in response.body


def test_the_initial_state_is_not_bound(postgres: PostgresServer, notes: Path) -> None:
    token = next(iter(SEED["tokens"]))
    with serving(postgres, notes, SEED) as base_url:
        recorder = Recorder(base_url)
        recorder.send("GET", "/me", token=token)
        recorder.close()
        exchanges = recorder.exchanges
        assert all(item.exact for item in replay(exchanges, base_url, seed=SEED).judged)
        other = [altered(exchanges[0], "05.678Z", "06.678Z")]
        assert not replay(other, base_url, seed=SEED).judged[0].exact


def test_a_replay_can_stop_early(
    postgres: PostgresServer, notes: Path, recorded: list[Exchange]
) -> None:
    with serving(postgres, notes, {}) as base_url:
        result = replay(recorded, base_url, until=lambda judged: judged.seq == 3)
    assert [item.seq for item in result.judged] == [1, 2, 3]


def test_a_backend_that_is_gone_is_a_mismatch(recorded: list[Exchange]) -> None:
    result = replay(recorded[:5], "http://127.0.0.1:9")
    assert [item.status for item in result.judged] == [False] * 5
    assert "no response" in str(result.judged[0].differences[0].actual)
    assert "stopped answering" in str(result.judged[4].differences[0].actual)


GET = Request("GET", "http", "x.test", "/things")


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (Exchange(1, GET, None), "no response"),
        (Exchange(1, GET, Response(500)), "answered 500"),
        (Exchange(1, GET, Response(304)), "conditional"),
        (Exchange(1, GET, Response(101)), "handshake"),
        (Exchange(1, GET, Response(200, (("Content-Type", "text/event-stream"),))), "stream"),
        (Exchange(1, GET, None, channel="sent", message=b"{}"), "WebSocket message"),
        (Exchange(1, replace(GET, query="EIO=4&transport=polling"), Response(200)), "polled"),
        (
            Exchange(
                1,
                replace(GET, method="OPTIONS", headers=(("Access-Control-Request-Method", "PUT"),)),
                Response(204),
            ),
            "preflight",
        ),
    ],
)
def test_what_says_nothing_is_left_out_with_its_reason(exchange: Exchange, reason: str) -> None:
    result = replay([exchange], "http://127.0.0.1:9")
    assert result.judged == []
    assert reason in result.left_out[0].reason


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_everything_else_is_played(method: str) -> None:
    assert reason_to_leave_out(Exchange(1, replace(GET, method=method), Response(404))) is None
