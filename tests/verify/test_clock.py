import pytest

from harness.verify.clock import Clock, parse_stamp


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2026-11-21T03:23:36.596Z", "T3Z"),
        ("2026-11-21T03:23:36.596123+00:00", "T6±hh:mm"),
        ("2026-11-21 03:23:36+0000", " 0±hhmm"),
        ("2026-11-21T03:23:36", "T0"),
        ("2026-11-21T03:23Z", "TminutesZ"),
        ("2026-11-21", "date"),
        ("Sat, 21 Nov 2026 03:23:36 GMT", "httpGMT"),
        ("Sat, 21 Nov 2026 03:23:36 +0000", "http±hhmm"),
        (1795231416, "epoch-int"),
        (1795231416.5, "epoch"),
        (1795231416596, "epoch-ms"),
    ],
)
def test_formats_are_told_apart(value: object, written: str) -> None:
    found = parse_stamp(value)
    assert found is not None
    assert found.format == written
    assert found.low < found.high


def test_a_moment_is_the_same_in_every_zone() -> None:
    here, there = parse_stamp("2026-11-21T03:00:00Z"), parse_stamp("2026-11-21T05:00:00+02:00")
    assert here is not None
    assert there is not None
    assert here.low == there.low


@pytest.mark.parametrize(
    "value",
    ["2026-13-41T00:00:00Z", "21.11.2026", "2026", "", 12, 1e20, True, None, [], "1795231416"],
)
def test_other_values_are_no_timestamps(value: object) -> None:
    assert parse_stamp(value) is None


def stamp(seconds: float):  # type: ignore[no-untyped-def]  # noqa: ANN201
    found = parse_stamp(int(seconds * 1000))
    assert found is not None
    return found


def clock(*spans: tuple[float, float], skew: float | None = 0.0) -> Clock:
    """Exchanges recorded at `spans` and played for 100 ms each, a second apart."""
    made = Clock(skew)
    for index, span in enumerate(spans):
        live = 1.9e9 + index
        made.begin(span, live)
        made.end(live + 0.1)
    return made


BASE = 1.7e9


def test_the_skew_of_the_original_is_taken_off() -> None:
    spans = ((BASE, BASE + 0.1), (BASE + 60, BASE + 60.1))
    ahead = stamp(BASE + 30.05)
    assert not clock(*spans).same_moment(ahead, stamp(1.9e9 + 0.05))
    assert clock(*spans, skew=30).same_moment(ahead, stamp(1.9e9 + 0.05))
    assert not clock(*spans, skew=30).same_moment(ahead, stamp(1.9e9 + 1.05))


def test_without_a_common_clock_the_order_counts() -> None:
    made = clock((BASE, BASE + 0.1), (BASE + 1, BASE + 1.1), skew=None)
    first, second = stamp(BASE + 0.5), stamp(BASE + 1.9)
    assert made.same_moment(first, stamp(1.9e9 + 0.5))
    assert not made.same_moment(second, stamp(1.9e9 + 0.4))
    assert not made.same_moment(second, stamp(1.9e9 + 0.5))
    assert made.same_moment(second, stamp(1.9e9 + 1.05))


def test_without_timings_a_timestamp_is_of_the_replay() -> None:
    made = clock((0.0, 0.0), skew=None)
    assert made.same_moment(stamp(BASE), stamp(1.9e9 + 0.05))
    assert not made.same_moment(stamp(BASE + 5), stamp(1.9e9 - 9))


def test_a_clock_of_whole_seconds_may_tick_between_two_rows() -> None:
    made = clock((BASE + 0.4, BASE + 0.5), (BASE + 0.6, BASE + 0.7))
    whole = parse_stamp("2023-11-14T22:13:20.000000Z")
    assert whole is not None
    assert whole.low == BASE
    assert whole.coarse
    for live in ("2030-03-17T17:46:40.000000Z", "2030-03-17T17:46:41.000000Z"):
        seen = parse_stamp(live)
        assert seen is not None
        assert made.same_moment(whole, seen)


def test_zeros_at_the_end_may_be_cut() -> None:
    for recorded, live, alike in (
        ("2023-11-14T22:13:20.05Z", "2030-03-17T17:46:40.051123Z", True),
        ("2023-11-14T22:13:20.051Z", "2030-03-17T17:46:40.05Z", False),
        ("2023-11-14T22:13:20.051Z", "2030-03-17T17:46:40.051123Z", False),
    ):
        expected, actual = parse_stamp(recorded), parse_stamp(live)
        assert expected is not None
        assert actual is not None
        assert clock((BASE, BASE + 0.1)).same_moment(expected, actual) is alike
