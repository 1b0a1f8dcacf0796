import json
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response
from harness.verify.exempt import find_volatile
from harness.verify.replay import plain_label


def exchange(
    seq: int, body: Any, method: str = "GET", started: float = 0.0, ms: float = 1
) -> Exchange:
    request = Request(method, "http", "x.test", "/state")
    return Exchange(seq, request, Response(200, (), json.dumps(body).encode()), started or seq, ms)


def test_what_the_original_does_not_repeat_is_exempt() -> None:
    recorded = [exchange(1, {"load": 1, "name": "x"}), exchange(2, {"load": 2, "name": "x"})]
    [found] = find_volatile(recorded, plain_label).values()
    assert found.endpoint == "GET /state"
    assert found.paths == {"$.load"}
    assert found.exchanges == [1, 2]
    assert found.reason


def test_a_write_in_between_explains_the_difference() -> None:
    recorded = [exchange(1, {"n": 1}), exchange(2, {}, "POST"), exchange(3, {"n": 2})]
    assert find_volatile(recorded, plain_label) == {}


def test_a_write_under_way_explains_it_too() -> None:
    recorded = [
        exchange(1, {}, "POST", started=1, ms=5000),
        exchange(2, {"n": 1}, started=2),
        exchange(3, {"n": 2}, started=3),
    ]
    assert find_volatile(recorded, plain_label) == {}


def test_generated_values_are_bound_rather_than_exempt() -> None:
    tokens = ("5deebf8e-39b8-487d-857d-1df2d2b300f7", "2d686cf4-744e-4a26-ad2e-38b0146a8b1c")
    times = ("2026-11-21T03:23:36Z", "2026-11-21T03:23:37Z")
    recorded = [
        exchange(n, {"token": token, "now": now})
        for n, (token, now) in enumerate(zip(tokens, times, strict=True), 1)
    ]
    assert find_volatile(recorded, plain_label) == {}


def test_lists_of_other_lengths_are_not_exempt() -> None:
    assert find_volatile([exchange(1, [1]), exchange(2, [1, 2])], plain_label) == {}
