"""How far the original's clock was off the recorder's, as its own timestamps show."""

from collections.abc import Iterable, Iterator
from statistics import median

from harness.traffic.exchange import Exchange, parse_json
from harness.verify.clock import Stamp, parse_stamp
from harness.verify.known import pairs

_READ_METHODS = {"GET", "HEAD", "OPTIONS"}
_ERROR = 400
_FINE_S = 0.01
_WHOLE_S = 1.0
_RECENT_S = 86400.0
_CONVINCING = 0.7

Span = tuple[float, float]


def estimate_skew(recorded: Iterable[Exchange]) -> float | None:
    """Return the seconds to take off recorded timestamps; None when they tell nothing.

    A timestamp that first appears in the answer to a write was made while that was under way.
    """
    exchanges = list(recorded)
    spans = list(_spans(exchanges, _FINE_S)) or list(_spans(exchanges, _WHOLE_S))
    if not spans:
        return None
    for guess in (0.0, median((low + high) / 2 for low, high in spans)):
        agreeing = sum(low <= guess <= high for low, high in spans)
        if agreeing >= _CONVINCING * len(spans):
            return guess
    return None


def _spans(recorded: Iterable[Exchange], width: float) -> Iterator[Span]:
    """For each write that answers with a new timestamp, the skews that would explain it."""
    seen: set[str] = set()
    for exchange in recorded:
        started = exchange.started
        if started <= 0 or exchange.response is None or exchange.response.status >= _ERROR:
            continue
        ended = started + exchange.duration_ms / 1000
        sent = {value for value, _ in _stamps(exchange.request.body, width)}
        new = [
            stamp
            for value, stamp in _stamps(exchange.response.body, width)
            if value not in seen | sent and abs(stamp.low - started) < _RECENT_S
        ]
        seen.update(value for value, _ in _stamps(exchange.response.body, width))
        if new and exchange.request.method not in _READ_METHODS:
            latest = max(new, key=lambda stamp: stamp.low)
            yield latest.low - ended, latest.high - started


def _stamps(body: bytes, width: float) -> Iterator[tuple[str, Stamp]]:
    try:
        values = pairs("", parse_json(body))
    except ValueError:
        return
    for _, value in values:
        stamp = parse_stamp(value)
        if stamp is not None and stamp.high - stamp.low <= width:
            yield str(value), stamp
