"""Playing recorded exchanges, in order, against a live backend."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.traffic.exchange import Exchange, Response
from harness.traffic.framings.connections import is_polling
from harness.verify.bindings import Bindings
from harness.verify.client import Client, NoResponse
from harness.verify.clock import Clock
from harness.verify.compare import Context, Difference, compare
from harness.verify.exempt import Exemption, find_volatile
from harness.verify.known import Known
from harness.verify.skew import estimate_skew
from harness.verify.translate import Translator

_SERVER_ERROR = 500
_PATIENCE = 3
"""So many requests in a row without an answer end the asking."""
_SILENT_STATUSES = {
    101: "the handshake of a WebSocket",
    304: "the answer to a conditional request of a cache",
}

Label = Callable[[Exchange], str]


@dataclass(frozen=True)
class Judged:
    """One exchange that was played, and how the live response differs."""

    seq: int
    endpoint: str
    differences: tuple[Difference, ...]

    @property
    def exact(self) -> bool:
        return not self.differences

    @property
    def shape(self) -> bool:
        return all(item.level == "exact" for item in self.differences)

    @property
    def status(self) -> bool:
        return all(item.level != "status" for item in self.differences)


@dataclass(frozen=True)
class LeftOut:
    """One exchange that was not played, and why."""

    seq: int
    endpoint: str
    reason: str


@dataclass
class ReplayResult:
    """What became of every exchange of a recording."""

    judged: list[Judged] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    exempt: list[Exemption] = field(default_factory=list)
    seconds: float = 0.0


def plain_label(exchange: Exchange) -> str:
    """Return method and path, where no templates are known."""
    return f"{exchange.request.method} {exchange.request.path}"


def replay(
    exchanges: Iterable[Exchange],
    base_url: str,
    *,
    seed: Mapping[str, Any] | None = None,
    label: Label = plain_label,
    until: Callable[[Judged], bool] | None = None,
) -> ReplayResult:
    """Play the exchanges against `base_url` and judge each.

    `seed` is the initial state that the backend was loaded with: what it says is not generated.
    `until` stops the replay after the first judgement for which it is true.
    """
    recorded = list(exchanges)
    player = _Player(recorded, base_url, seed or {}, label)
    started = time.perf_counter()
    try:
        for exchange in recorded:
            judged = player.play(exchange)
            if judged is not None and until is not None and until(judged):
                break
    finally:
        player.close()
    player.result.seconds = time.perf_counter() - started
    return player.result


class _Player:
    def __init__(
        self, recorded: list[Exchange], base_url: str, seed: Mapping[str, Any], label: Label
    ) -> None:
        self._client = Client(base_url)
        self._label = label
        self._clock = Clock(estimate_skew(recorded))
        known = Known()
        known.add_seed(seed)
        self._bindings = Bindings(known, self._clock)
        self._origins = _origins(recorded, self._client.origin)
        self._translator = Translator(self._bindings, self._origins)
        self._volatile = find_volatile(recorded, label)
        self._silent = 0
        self.result = ReplayResult(exempt=list(self._volatile.values()))

    def play(self, exchange: Exchange) -> Judged | None:
        endpoint = self._label(exchange)
        if (reason := reason_to_leave_out(exchange)) is not None:
            self.result.left_out.append(LeftOut(exchange.seq, endpoint, reason))
            if exchange.is_http:
                self._bindings.known.add_request(exchange.request)
            return None
        judged = Judged(exchange.seq, endpoint, tuple(self._differences(exchange, endpoint)))
        self.result.judged.append(judged)
        return judged

    def close(self) -> None:
        self._client.close()

    def _differences(self, exchange: Exchange, endpoint: str) -> list[Difference]:
        expected = exchange.response
        assert expected is not None  # noqa: S101 - those without one are left out
        try:
            actual = self._ask(exchange)
        except NoResponse as error:
            return [Difference("status", "status", expected.status, f"no response: {error}")]
        self._bindings.known.add_request(exchange.request)
        exemption = self._volatile.get(endpoint)
        context = Context(
            self._bindings,
            exchange.request,
            exempt=frozenset(exemption.paths) if exemption else frozenset(),
            origins=self._origins,
        )
        return compare(expected, actual, context)

    def _ask(self, exchange: Exchange) -> Response:
        """Send an exchange's request, unless nobody has answered for a while."""
        if self._silent >= _PATIENCE:
            raise NoResponse("the backend has stopped answering")
        try:
            answer = self._send(exchange)
        except NoResponse:
            self._silent += 1
            raise
        self._silent = 0
        return answer

    def _send(self, exchange: Exchange) -> Response:
        request = exchange.request
        target = self._translator.target(request)
        headers = self._translator.headers(request)
        body = self._translator.body(request)
        ended = exchange.started + exchange.duration_ms / 1000
        self._clock.begin((exchange.started, ended), time.time())
        try:
            return self._client.send(request.method, target, headers, body)
        finally:
            self._clock.end(time.time())


def reason_to_leave_out(exchange: Exchange) -> str | None:
    """Return why an exchange says nothing about the backend, if so."""
    request, response = exchange.request, exchange.response
    if not exchange.is_http or is_polling(exchange):
        carrier = "polled messages" if exchange.is_http else "a WebSocket message"
        return f"{carrier}: judged as the operation over REST"
    if response is None:
        return "no response was recorded"
    if response.status >= _SERVER_ERROR:
        return f"the original answered {response.status}"
    if request.method == "OPTIONS" and request.header("access-control-request-method"):
        return "a CORS preflight of a browser"
    if response.content_type == "text/event-stream":
        return "an event stream has no end"
    return _SILENT_STATUSES.get(response.status)


def _origins(recorded: list[Exchange], live: str) -> dict[str, str]:
    found = {f"{item.request.scheme}://{item.request.host}" for item in recorded}
    return dict.fromkeys(sorted(found, key=len, reverse=True), live)
