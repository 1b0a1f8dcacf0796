"""Timestamps: recorded and live ones must be written alike and belong to the same moment.

A recorded timestamp that the backend made is told by the exchange during which it was made; the
live one must have been made during the same exchange. Where the recording's clock does not match
its timings (`expiresAt`, a server in another place), the distance to some moment is compared.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:(?P<sep>[T ])\d\d:\d\d(?P<sec>:\d\d(?:\.(?P<frac>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_HTTP = re.compile(
    r"[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?P<zone>GMT|UTC|[+-]\d{4})"
)
_FRACTION = re.compile(r"([T ])(\d)(.*)")
_USUAL_DIGITS = {0, 3, 6, 9}
_EPOCH_S = (1e9, 4e9)
_EPOCH_MS = (1e12, 4e12)
_SLACK_S = 0.001
_DISTANCE_S = 2.0
_SURELY_LATER_S = 1.0

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment as it was written: its format, and the span of time that the text stands for."""

    format: str
    low: float
    high: float

    @property
    def coarse(self) -> bool:
        """Whether it says no more than the second."""
        return self.high - self.low >= 1


def parse_stamp(value: object) -> Stamp | None:
    """Read a timestamp, a date, an HTTP date, or seconds or milliseconds since the epoch."""
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if _EPOCH_S[0] <= value <= _EPOCH_S[1]:
        whole = isinstance(value, int)
        return Stamp("epoch-int" if whole else "epoch", value, value + (1 if whole else 1e-3))
    if isinstance(value, int) and _EPOCH_MS[0] <= value <= _EPOCH_MS[1]:
        return Stamp("epoch-ms", value / 1000, (value + 1) / 1000)
    return None


def _parse_text(text: str) -> Stamp | None:
    try:
        if (found := _HTTP.fullmatch(text)) is not None:
            at = parsedate_to_datetime(text).timestamp()
            return Stamp(f"http{_zone_style(found['zone'])}", at, at + 1)
        if (found := _ISO.fullmatch(text)) is None:
            return None
        return _parse_iso(text, found)
    except ValueError:
        return None


def _parse_iso(text: str, found: re.Match[str]) -> Stamp:
    zone, fraction = found["zone"] or "", found["frac"] or ""
    head = text[: 10 if not found["sep"] else 16].replace(" ", "T")
    at = datetime.fromisoformat(head).replace(tzinfo=_zone(zone)).timestamp()
    if not found["sep"]:
        return Stamp("date", at, at + 86400)
    if found["sec"] is None:
        return Stamp(f"{found['sep']}minutes{_zone_style(zone)}", at, at + 60)
    at += float(found["sec"][1:])
    style = f"{found['sep']}{len(fraction)}{_zone_style(zone)}"
    exact = fraction.strip("0") != ""
    return Stamp(style, at, at + (10.0 ** -len(fraction) if exact else 1.0))


def _zone(text: str) -> timezone:
    if text in {"", "Z"}:
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _zone_style(text: str) -> str:
    return "±hh:mm" if ":" in text else "±hhmm" if text[:1] in {"+", "-"} else text


@dataclass
class Clock:
    """When each exchange ran, in the recording and live, in the order of replay.

    `skew` is how far the original's clock was ahead of the recorder's, None when unknown.
    """

    skew: float | None = 0.0
    recorded: list[Span] = field(default_factory=list)
    live: list[Span] = field(default_factory=list)
    _longest: float = 0.0
    _pairs: list[tuple[Stamp, Stamp]] = field(default_factory=list)

    def begin(self, recorded: Span, live_start: float) -> None:
        """Note that an exchange is about to be played; they come in the order of recording."""
        self._longest = max(self._longest, recorded[1] - recorded[0])
        self.recorded.append(recorded)
        self.live.append((live_start, float("inf")))

    def end(self, live_end: float) -> None:
        self.live[-1] = (self.live[-1][0], live_end)

    def same_moment(self, expected: Stamp, actual: Stamp) -> bool:
        """Whether both were written alike and made in the same exchange; remembered if so."""
        if not _written_alike(expected.format, actual.format):
            return False
        made = self._recorded_exchanges(expected)
        if made:
            same = any(_overlap(self.live[index], actual) for index in made)
        else:
            same = self._same_distance(expected, actual) and self._same_order(expected, actual)
        if same:
            self._pairs.append((expected, actual))
        return same

    def same_live_exchange(self, one: Stamp, other: Stamp) -> bool:
        """Whether two live timestamps can be of one moment."""
        return one.format == other.format and any(
            _overlap(span, one) and _overlap(span, other) for span in self.live
        )

    def _recorded_exchanges(self, stamp: Stamp) -> list[int]:
        if self.skew is None:
            return []
        moved = Stamp(stamp.format, stamp.low - self.skew, stamp.high - self.skew)
        last = bisect_right(self.recorded, (moved.high + _SLACK_S, float("inf")))
        found = []
        for index in range(last - 1, -1, -1):
            if self.recorded[index][0] < moved.low - self._longest - _SLACK_S:
                break
            if self.recorded[index][0] > 0 and _overlap(self.recorded[index], moved):
                found.append(index)
        return found

    def _same_distance(self, expected: Stamp, actual: Stamp) -> bool:
        timed = [pair for pair in zip(self.recorded, self.live, strict=True) if pair[0][0] > 0]
        if not timed:
            return any(_overlap(span, actual) for span in self.live)
        tolerance = _DISTANCE_S + expected.high - expected.low
        return any(
            abs((expected.low - recorded[0]) - (actual.low - live[0])) <= tolerance
            for recorded, live in timed
        )

    def _same_order(self, expected: Stamp, actual: Stamp) -> bool:
        """Whether earlier stays earlier, and what was surely later stays later."""
        for other, live in self._pairs:
            if other.format != expected.format:
                continue
            gap, live_gap = expected.low - other.low, actual.low - live.low
            if gap * live_gap < 0 or (abs(gap) > _SURELY_LATER_S and live_gap == 0):
                return False
        return True


def _written_alike(expected: str, actual: str) -> bool:
    """Whether two formats agree; where zeros at the end are cut, more digits agree too."""
    if expected == actual:
        return True
    one, other = _FRACTION.fullmatch(expected), _FRACTION.fullmatch(actual)
    if one is None or other is None or one[1] + one[3] != other[1] + other[3]:
        return False
    return int(one[2]) not in _USUAL_DIGITS and int(other[2]) > int(one[2])


def _overlap(span: Span, stamp: Stamp) -> bool:
    return span[0] - _SLACK_S < stamp.high and stamp.low <= span[1] + _SLACK_S
