"""What is pushed to other clients because one of them wrote something, and what they knew of it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.traffic.framings import virtual
from harness.traffic.framings.connections import Connection
from harness.traffic.framings.events import Answer, Control, Opening, Push
from harness.traffic.framings.turns import Timed, Turn

KEYS = ("id", "_id", "uuid", "key", "slug")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SUCCESS = range(200, 300)
_LONGEST_S, _GRACE_S = 30.0, 2.0
"""A call takes no longer than this; what it brings about is told so soon after its answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a client was told: members of the answer to the write, as they are there."""

    to: int
    name: str
    members: tuple[str, ...]


@dataclass(slots=True)
class Write:
    """A successful virtual request that is no reading, by the connections' numbers.

    `aware` are, by segment of the path, the other open connections that were shown such a key.
    """

    socket: str
    by: int
    seq: int
    method: str
    path: str
    answer: dict[str, Any]
    began: float
    ended: float
    aware: dict[str, set[int]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A connection that was read."""

    connection: Connection
    events: Sequence[Timed]
    turns: Sequence[Turn]


def writes(family: Sequence[Spoken]) -> list[Write]:
    """Return the writes of all connections in their order, with what they brought about."""
    found = [each for number, one in enumerate(family) for each in _writes(number, one)]
    found.sort(key=lambda write: write.began)
    if found:
        _note_awareness(found, family)
        _note_pushes(found, family)
    return found


def _writes(number: int, spoken: Spoken) -> Iterator[Write]:
    for turn in spoken.turns:
        operation = virtual.explain(turn)
        if (
            operation is not None
            and operation.method not in _SAFE
            and operation.status in _SUCCESS
            and isinstance(operation.answer, dict)
            and turn.ended is not None
        ):
            yield Write(
                spoken.connection.request.path, number, turn.seq, operation.method,
                operation.path, operation.answer, turn.started, turn.ended,
            )  # fmt: skip


def _note_awareness(found: list[Write], family: Sequence[Spoken]) -> None:
    """Go through all events in order, and note at each write who had been shown what."""
    begun = {(write.by, write.seq): write for write in found}
    last = [max((each.at for each in one.events), default=0.0) for one in family]
    shown: dict[int, set[str]] = defaultdict(set)
    present: set[int] = set()
    ordered = [(each.at, each.seq, n, each) for n, one in enumerate(family) for each in one.events]
    for at, seq, number, timed in sorted(ordered, key=lambda each: each[:3]):
        match timed.event:
            case Opening():
                present.add(number)
            case Control("disconnect" | "close"):
                present.discard(number)
            case Answer(values=values) | Push(arguments=values):
                shown[number].update(keys_in(list(values)))
        write = begun.pop((number, seq), None)
        if write is not None:
            others = {each for each in present if each != number and last[each] >= at}
            segments = write.path.split("/")
            write.aware = {one: {each for each in others if one in shown[each]} for one in segments}


def keys_in(value: Any) -> Iterator[str]:
    """Yield the keys of the rows in a JSON value."""
    if isinstance(value, list):
        for each in value:
            yield from keys_in(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in KEYS and isinstance(each, str | int):
                yield str(each)
            yield from keys_in(each)


def _note_pushes(found: list[Write], family: Sequence[Spoken]) -> None:
    starts = [write.began for write in found]
    for number, spoken in enumerate(family):
        for timed in spoken.events:
            if isinstance(timed.event, Push) and not timed.sent:
                recent = found[
                    bisect_right(starts, timed.at - _LONGEST_S) : bisect_right(starts, timed.at)
                ]
                _note_push(timed, timed.event, number, recent)


def _note_push(timed: Timed, push: Push, to: int, recent: list[Write]) -> None:
    said = push.arguments[0] if len(push.arguments) == 1 else None
    if not isinstance(said, dict) or not said:
        return
    causes = [
        write
        for write in recent
        if write.by != to
        and timed.at <= write.ended + _GRACE_S
        and all(name in write.answer and write.answer[name] == said[name] for name in said)
    ]
    if causes:
        cause = next((each for each in causes if timed.at <= each.ended), causes[-1])
        cause.told.append(Told(to, push.name, tuple(said)))
