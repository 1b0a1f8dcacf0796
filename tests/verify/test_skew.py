import json

from harness.traffic.exchange import Exchange, Request, Response
from harness.verify.skew import estimate_skew

BASE = 1_700_000_000


def write(seq: int, made_at: float, method: str = "POST") -> Exchange:
    body = json.dumps({"createdAt": int(made_at * 1000)}).encode()
    request = Request(method, "http", "x.test", "/notes")
    return Exchange(seq, request, Response(201, (), body), BASE + seq * 10, 50)


def test_a_clock_that_agrees_has_none() -> None:
    assert estimate_skew(write(n, BASE + n * 10 + 0.02) for n in range(1, 9)) == 0.0


def test_a_clock_that_is_ahead_is_found_in_spite_of_outliers() -> None:
    recorded = [write(n, BASE + n * 10 + 7.02) for n in range(1, 9)]
    recorded.append(write(9, BASE - 4000))
    skew = estimate_skew(recorded)
    assert skew is not None
    assert abs(skew - 7) < 0.05


def test_readings_and_chaos_tell_nothing() -> None:
    assert estimate_skew([write(1, BASE + 10, "GET")]) is None
    assert estimate_skew(write(n, BASE + n * n * 40) for n in range(1, 9)) is None


def test_a_clock_of_whole_seconds_tells_too() -> None:
    def made(seq: int) -> Exchange:
        exchange = write(seq, 0)
        body = json.dumps({"createdAt": f"2023-11-14T22:1{3 + seq}:20Z"}).encode()
        return Exchange(seq, exchange.request, Response(201, (), body), BASE + 60 * seq + 0.3, 50)

    assert estimate_skew(made(n) for n in range(1, 6)) == 0.0
