"""Who speaks on a connection: credentials that messages carry once stand for all that follow."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.traffic.exchange import Request
from harness.traffic.framings import failures
from harness.traffic.framings.events import Answer, Call, Opening, Push
from harness.traffic.framings.recipes import Step, find, places_in
from harness.traffic.framings.rest import Operation
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import action_path, parse_name
from harness.traffic.lexicon import is_token

_HEADER = "authorization"
_SHORTEST = 8
_OK = 200


class Identity:
    """The credential of a connection: the newest of what was offered and what was given."""

    def __init__(self, handshake: Request) -> None:
        self._given: list[tuple[float, str]] = []
        for name, value in handshake.params():
            if is_token(name) and len(value) >= _SHORTEST:
                self._given.append((float("-inf"), f"Bearer {value}"))

    def take(self, at: float, event: object) -> None:
        """Learn from a message: how the client opened, or what the server gave it."""
        if isinstance(event, Opening):
            found = next(credentials(event.payload), None)
        elif isinstance(event, Answer) and not event.failed:
            found = next(credentials(list(event.values)), None)
        elif isinstance(event, Push):
            found = next(credentials(list(event.arguments)), None)
        else:
            return
        if found is not None:
            self._given.append((at, found))

    def sign(self, operation: Operation, at: float) -> Operation:
        """Add the credential that was known when a call was made."""
        known = [value for when, value in self._given if when < at]
        return operation.authorized(_HEADER, known[-1]) if known else operation


Places = dict[str, tuple[Step, ...]]
"""Where in their arguments calls of a name hold the credential of the session they go on with."""


def resumptions(turns: Iterable[Turn]) -> Places:
    """Learn which calls go on with a session: they bring what was given before, and are given one.

    A call that names a kind of thing is an operation on that.
    """
    known: set[str] = set()
    found: Places = {}
    for turn in turns:
        given = _given_by(turn)
        if isinstance(turn.asked, Call) and given and parse_name(turn.asked.name).verb is None:
            for path, value in places_in(list(turn.asked.arguments)):
                if isinstance(value, str) and f"Bearer {value}" in known:
                    found.setdefault(turn.asked.name, path)
        known.update(given)
    return found


def resumed(turn: Turn, places: Places) -> Operation | None:
    """Return a call that goes on with a session as reading whose it is; None for other calls."""
    asked, reply = turn.asked, turn.reply
    if not isinstance(asked, Call) or asked.name not in places or not isinstance(reply, Answer):
        return None
    token = find(list(asked.arguments), places[asked.name])
    if not isinstance(token, str) or not reply.values:
        return None
    answer = reply.values[-1]
    failed = reply.failed or not _given_by(turn)
    status = (failures.status_of(answer) or failures.UNAUTHORIZED) if failed else _OK
    headers = ((_HEADER, f"Bearer {token}"),)
    return Operation("GET", action_path(asked.name), headers=headers, status=status, answer=answer)


def _given_by(turn: Turn) -> list[str]:
    if not isinstance(turn.reply, Answer) or turn.reply.failed:
        return []
    return list(credentials(list(turn.reply.values)))


def credentials(value: Any) -> Iterator[str]:
    """Yield header values for the tokens in a JSON value, outermost first."""
    if isinstance(value, list):
        for each in value:
            yield from credentials(each)
    if not isinstance(value, dict):
        return
    for name, text in value.items():
        if isinstance(text, str) and is_token(name) and len(text) >= _SHORTEST:
            yield text if " " in text else f"Bearer {text}"
    for each in value.values():
        yield from credentials(each)
