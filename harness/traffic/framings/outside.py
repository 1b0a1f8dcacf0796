"""Changes that nobody in the recording asked for: others made them, out of sight.

They become the requests that would have made them, so that what is read later is explained.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from harness.traffic.exchange import Exchange
from harness.traffic.framings.events import Change, Event, Push
from harness.traffic.framings.operations import Rows
from harness.traffic.framings.rest import NOTHING, Operation
from harness.traffic.framings.verbs import collection, parse_name

_GRACE_S = 2.0
"""Effects of a request are told within so many seconds after its answer."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OK, _CREATED, _NO_CONTENT = 200, 201, 204


@dataclass(slots=True)
class Busy:
    """When requests that may change something were under way, over HTTP or any connection."""

    _spans: list[tuple[float, float]] = field(default_factory=list)
    _ends: list[float] = field(default_factory=list)
    """The latest end of all spans that begin no later, by their place."""

    def add(self, exchange: Exchange) -> None:
        if exchange.request.method not in _SAFE:
            ended = exchange.started + exchange.duration_ms / 1000
            self._spans.append((exchange.started, ended + _GRACE_S))
            self._ends.clear()

    def at(self, moment: float) -> bool:
        if not self._ends:
            self._spans.sort()
            self._ends = list(accumulate((end for _, end in self._spans), max))
        place = bisect_right(self._spans, (moment, float("inf")))
        return place > 0 and moment <= self._ends[place - 1]


def operation(event: Event, rows: Rows) -> Operation | None:
    """Return the request that would have made a change; None where an event tells of none."""
    if isinstance(event, Change):
        return _changed(event, rows)
    return _pushed(event) if isinstance(event, Push) else None


def _changed(change: Change, rows: Rows) -> Operation:
    path = f"/{collection(parse_name(change.collection).noun)}"
    row = rows.take(change)
    if change.kind == "added":
        return _created(path, change.fields, row)
    path = f"{path}/{change.key}"
    if change.kind == "removed":
        return Operation("DELETE", path, status=_NO_CONTENT)
    cleared = dict.fromkeys(change.cleared)
    return Operation("PATCH", path, body={**change.fields, **cleared}, status=_OK, answer=row)


def _pushed(push: Push) -> Operation | None:
    name = parse_name(push.name)
    row = push.arguments[0] if push.arguments else None
    if name.verb is None or not name.noun or not isinstance(row, dict):
        return None
    path = f"/{collection(name.noun)}"
    key = next((row[each] for each in ("id", "_id", "uuid") if each in row), None)
    if name.verb == "create" and key is not None:
        return _created(path, {k: v for k, v in row.items() if v != key}, row)
    if key is None or name.verb in ("list", "read"):
        return None
    if name.verb == "delete":
        return Operation("DELETE", f"{path}/{key}", status=_NO_CONTENT)
    return Operation("PATCH", f"{path}/{key}", body=row, status=_OK, answer=row)


def _created(path: str, fields: dict[str, Any], row: dict[str, Any]) -> Operation:
    plain = Operation("POST", path, body=fields, status=_CREATED, answer=row)
    return plain if fields else replace(plain, body=NOTHING)
