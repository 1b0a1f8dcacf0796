"""Recorded and live answers side by side, without a network: for tests of the comparison."""

import json
from typing import Any

from harness.traffic.exchange import Request, Response
from harness.verify.bindings import Bindings
from harness.verify.clock import Clock
from harness.verify.compare import Context, Difference, compare
from harness.verify.known import Known

RECORDED = "https://app.example.test"
LIVE = "http://127.0.0.1:4000"
JSON = (("Content-Type", "application/json"),)

Headers = tuple[tuple[str, str], ...]


def answer(body: Any = None, status: int = 200, headers: Headers = JSON) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, content)


class Dialogue:
    """A replay by hand: each step asks something and has the recorded and the live answer.

    Step number n was recorded at `n` hours and is played at `n` seconds after the start.
    """

    def __init__(self, seed: dict[str, Any] | None = None) -> None:
        known = Known()
        known.add_seed(seed or {})
        self.clock = Clock()
        self.bindings = Bindings(known, self.clock)
        self._steps = 0

    def step(
        self, line: str, recorded: Response, live: Response, body: Any = None
    ) -> list[Difference]:
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, "https", "app.example.test", path, query, (), content)
        self._steps += 1
        start = recorded_time(self._steps)
        self.clock.begin((start, start + 1), live_time(self._steps))
        self.clock.end(live_time(self._steps) + 0.5)
        self.bindings.known.add_request(request)
        context = Context(self.bindings, request, origins={RECORDED: LIVE})
        return compare(recorded, live, context)


def recorded_time(step: int) -> float:
    return 1_700_000_000 + 3600 * step


def live_time(step: int) -> float:
    return 1_800_000_000 + step


def differences(
    recorded: Any, live: Any, line: str = "GET /things", body: Any = None
) -> list[tuple[str, str]]:
    """Return level and path of what differs between two JSON bodies."""
    found = Dialogue().step(line, answer(recorded), answer(live), body)
    return [(item.level, item.path) for item in found]
