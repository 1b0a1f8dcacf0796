"""Subscriptions: what they tell at first is a list that could have been read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from harness.traffic.framings import failures
from harness.traffic.framings.events import Answer, Change, Ended, Ready, Subscribe
from harness.traffic.framings.operations import Rows, is_graphql
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.turns import Timed, Turn
from harness.traffic.framings.verbs import collection, parse_name

_OK = 200


def explain(turn: Turn, rows: Rows, collections: Collection[str]) -> list[Operation]:
    """Return a GET for each collection that a subscription shows, with the rows it told at first.

    A client is told each row once: what it knew of a collection before is not told again, so that
    only a first subscription shows a whole list. `collections` are all that the client was ever
    told of: one that goes by the subscription's name was empty where nothing was told.
    """
    asked, reply = turn.asked, turn.reply
    assert isinstance(asked, Subscribe)  # noqa: S101 - calls are read elsewhere
    if is_graphql(asked):
        return []
    before = {name for name, known in rows.known.items() if known}
    told: dict[str, list[dict[str, Any]]] = {}
    for each in turn.told:
        if isinstance(each.event, Change):
            row = rows.take(each.event)
            if each.event.kind == "added":
                told.setdefault(each.event.collection, []).append(row)
    if isinstance(reply, Answer):
        return _joined(asked, reply)
    if isinstance(reply, Ended) and reply.error is not None:
        status = failures.status_of(reply.error) or failures.BAD_REQUEST
        path = f"/{collection(parse_name(asked.name).noun)}"
        return [Operation("GET", path, _query(asked, []), status=status, answer=reply.error)]
    if isinstance(reply, Ready) and not told:
        told = {name: [] for name in _meant(asked, collections)}
    return [
        Operation("GET", f"/{_segment(name)}", _query(asked, listed), status=_OK, answer=listed)
        for name, listed in told.items()
        if name not in before
    ]


def final(
    understood: Iterable[tuple[Turn, list[Operation]]], events: Iterable[Timed]
) -> Iterator[Operation]:
    """Yield the lists that are watched at the end, if by one subscription and changed meanwhile."""
    watched: dict[str, list[Operation]] = defaultdict(list)
    for turn, meaning in understood:
        for operation in meaning if isinstance(turn.asked, Subscribe) else ():
            if isinstance(turn.reply, Ready) and operation.status == _OK:
                watched[operation.path].append(operation)
    rows = Rows()
    for timed in events:
        match timed.event:
            case Change() as change:
                rows.take(change)
            case Ended():
                return
    for name, known in rows.known.items():
        lists = watched.get(f"/{_segment(name)}", [])
        listed = [{"_id": key, **fields} for key, fields in known.items()]
        if len(lists) == 1 and not lists[0].query and listed != lists[0].answer:
            yield replace(lists[0], answer=listed)


def _meant(asked: Subscribe, collections: Collection[str]) -> list[str]:
    """The collection that a subscription goes by the name of; the only one, where there is one."""
    words = {collection(word) for word in parse_name(asked.name).noun.split("-")}
    named = [each for each in collections if _segment(each) in words]
    return (named or list(collections)) if len(named or collections) == 1 else []


def _query(asked: Subscribe, listed: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """What is asked for besides; a bare value by the name of the member that has it in all rows."""
    pairs: list[tuple[str, str]] = []
    for each in asked.arguments:
        if isinstance(each, dict):
            pairs += query_pairs(each)
        elif listed and isinstance(each, str | int):
            names = [name for name in listed[0] if all(row.get(name) == each for row in listed)]
            pairs += [(name, str(each)) for name in names[:1]]
    return tuple(pairs)


def _joined(asked: Subscribe, reply: Answer) -> list[Operation]:
    """A topic that is joined, as its resource: `room:42` -> `/rooms/42`."""
    answer = reply.values[0] if reply.values else NOTHING
    if not answer or answer is NOTHING:
        return []
    kind, _, key = asked.name.partition(":")
    path = f"/{_segment(kind)}" + (f"/{key}" if key else "")
    status = (failures.status_of(answer) or failures.BAD_REQUEST) if reply.failed else _OK
    return [Operation("GET", path, status=status, answer=answer)]


def _segment(name: str) -> str:
    return collection(parse_name(name).noun)
