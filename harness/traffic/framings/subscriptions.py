"""Subscriptions: what they tell at first is a list that could have been read."""

from typing import Any

from harness.traffic.framings import failures
from harness.traffic.framings.events import Answer, Change, Ended, Subscribe
from harness.traffic.framings.operations import Rows, is_graphql
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import collection, parse_name

_OK = 200


def explain(turn: Turn, rows: Rows) -> list[Operation]:
    """Return a GET for each collection whose rows were told until all were; none where nothing was.

    A client is told each row once: what it knew of a collection before is not told again, so that
    only a first subscription shows a whole list.
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
    query = tuple(pair for each in asked.arguments for pair in query_pairs(each))
    if isinstance(reply, Answer):
        return _joined(asked, reply)
    if isinstance(reply, Ended) and reply.error is not None:
        status = failures.status_of(reply.error) or failures.BAD_REQUEST
        path = f"/{collection(parse_name(asked.name).noun)}"
        return [Operation("GET", path, query, status=status, answer=reply.error)]
    return [
        Operation("GET", f"/{_segment(name)}", query, status=_OK, answer=listed)
        for name, listed in told.items()
        if name not in before
    ]


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
