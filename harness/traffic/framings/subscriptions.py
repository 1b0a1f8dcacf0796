"""Subscriptions: what they tell at first is a list that could have been read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from harness.traffic.framings import failures
from harness.traffic.framings.events import Answer, Change, Ended, Ready, Subscribe
from harness.traffic.framings.operations import Rows
from harness.traffic.framings.pushed import Spoken
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import collection, parse_name

_OK = 200


@dataclass(slots=True)
class Shown:
    """What subscriptions of one name show.

    `names` are by place the members that bare arguments are the values of, in all rows told.
    `guarded` says that topics of this kind were refused to somebody.
    """

    collections: dict[str, None] = field(default_factory=dict)
    names: dict[int, list[str]] = field(default_factory=dict)
    guarded: bool = False

    def take(self, asked: Subscribe, rows: list[Change]) -> None:
        """Learn from the rows that one subscription told at first."""
        self.collections.update(dict.fromkeys(row.collection for row in rows))
        for place, each in enumerate(asked.arguments):
            if isinstance(each, str | int) and rows:
                same = [n for n in rows[0].fields if all(r.fields.get(n) == each for r in rows)]
                self.names[place] = [n for n in self.names.get(place, same) if n in same]


def learn(spoken: Iterable[Spoken]) -> dict[str, Shown]:
    """Learn what the subscriptions of each name tell of.

    One that never told a row at first shows the collection that goes by its name, if there is one.
    """
    found: dict[str, Shown] = defaultdict(Shown)
    told: dict[str, None] = {}
    for one in spoken:
        changes = [each.event for each in one.events if isinstance(each.event, Change)]
        told.update(dict.fromkeys(change.collection for change in changes))
        for turn in one.turns:
            if isinstance(turn.asked, Subscribe) and isinstance(turn.reply, Ready):
                rows = [each.event for each in turn.told if isinstance(each.event, Change)]
                found[turn.asked.name].take(turn.asked, rows)
            elif isinstance(turn.asked, Subscribe) and isinstance(turn.reply, Answer):
                found[_kind(turn.asked)].guarded |= bool(turn.reply.failed)
    for name, shown in found.items():
        if not shown.collections:
            shown.collections = dict.fromkeys(_called(name, told))
    return found


def _called(name: str, collections: Iterable[str]) -> list[str]:
    words = {collection(word) for word in parse_name(name).noun.split("-")}
    named = [each for each in collections if _segment(each) in words]
    return named if len(named) == 1 else []


def explain(turn: Turn, rows: Rows, known: dict[str, Shown]) -> list[Operation]:
    """Return a GET for each collection that a subscription shows, with the rows it told at first.

    A client is told each row once: what it knew of a collection before is not told again, so that
    only a first subscription shows a whole list. Where no row was told, there was none of those
    that other subscriptions of this name tell of.
    """
    asked, reply = turn.asked, turn.reply
    assert isinstance(asked, Subscribe)  # noqa: S101 - calls are read elsewhere
    before = {name for name, known_rows in rows.known.items() if known_rows}
    told: dict[str, list[dict[str, Any]]] = {}
    for each in turn.told:
        if isinstance(each.event, Change):
            row = rows.take(each.event)
            if each.event.kind == "added":
                told.setdefault(each.event.collection, []).append(row)
    shown = known.get(asked.name, Shown())
    query = tuple(_query(asked, shown))
    if isinstance(reply, Answer):
        guarded = known.get(_kind(asked), Shown()).guarded
        return _joined(asked, reply, guarded=guarded)
    if isinstance(reply, Ended) and reply.error is not None:
        status = failures.status_of(reply.error) or failures.BAD_REQUEST
        path = f"/{collection(parse_name(asked.name).noun)}"
        return [Operation("GET", path, query, status=status, answer=reply.error)]
    if isinstance(reply, Ready):
        told = {**{name: [] for name in sorted(shown.collections)}, **told}
    return [
        Operation("GET", f"/{_segment(name)}", query, status=_OK, answer=listed)
        for name, listed in told.items()
        if name not in before
    ]


def _query(asked: Subscribe, shown: Shown) -> Iterator[tuple[str, str]]:
    """What is asked for besides; a bare value by the name of the member that has it."""
    for place, each in enumerate(asked.arguments):
        if isinstance(each, dict):
            yield from query_pairs(each)
        elif names := shown.names.get(place):
            yield names[0], str(each)


def final(spoken: Spoken) -> Iterator[Operation]:
    """Yield the lists that are watched at the end, if by one subscription and changed meanwhile."""
    ended = {each.event.id for each in spoken.events if isinstance(each.event, Ended)}
    watched: dict[str, list[Operation]] = defaultdict(list)
    for turn, meaning in zip(spoken.turns, spoken.meanings, strict=True):
        if isinstance(turn.asked, Subscribe) and turn.asked.id not in ended:
            for operation in meaning:
                watched[operation.path].append(operation)
    rows = Rows()
    for timed in spoken.events:
        if isinstance(timed.event, Change):
            rows.take(timed.event)
    for name, known in rows.known.items():
        lists = watched.get(f"/{_segment(name)}", [])
        listed = [{"_id": key, **fields} for key, fields in known.items()]
        if len(lists) == 1 and not lists[0].query and listed != lists[0].answer:
            yield replace(lists[0], answer=listed)


def _joined(asked: Subscribe, reply: Answer, *, guarded: bool) -> list[Operation]:
    """A topic that is joined, as its resource: `room:42` -> `/rooms/42`.

    One that says nothing of itself is none, unless others of its kind were refused.
    """
    answer = reply.values[0] if reply.values else NOTHING
    if not guarded and (not answer or answer is NOTHING):
        return []
    kind, *keys = asked.name.split(":")
    path = "/".join(["", _segment(kind), *keys])
    status = (failures.status_of(answer) or failures.BAD_REQUEST) if reply.failed else _OK
    return [Operation("GET", path, status=status, answer=answer)]


def _kind(asked: Subscribe) -> str:
    return asked.name.partition(":")[0]


def _segment(name: str) -> str:
    return collection(parse_name(name).noun)
