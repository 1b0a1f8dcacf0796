"""Who speaks on a connection: credentials that messages carry once stand for all that follow."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.traffic.exchange import Request
from harness.traffic.framings.events import Answer, Call, Opening
from harness.traffic.framings.rest import Operation
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import parse_name
from harness.traffic.lexicon import is_token

_HEADER = "authorization"
_SHORTEST = 8


class Identity:
    """The credential of a connection: the newest of what was offered and what was given."""

    def __init__(self, handshake: Request) -> None:
        self._given: list[tuple[float, str]] = []
        for name, value in handshake.params():
            if is_token(name) and len(value) >= _SHORTEST:
                self._given.append((float("-inf"), f"Bearer {value}"))

    def take(self, at: float, event: object) -> None:
        """Learn from a message: how the client opened, or what an answer gave it."""
        if isinstance(event, Opening):
            found = next(credentials(event.payload), None)
        elif isinstance(event, Answer) and not event.failed:
            found = next(credentials(list(event.values)), None)
        else:
            return
        if found is not None:
            self._given.append((at, found))

    def sign(self, operation: Operation, at: float) -> Operation:
        """Add the credential that was known when a call was made."""
        known = [value for when, value in self._given if when < at]
        return operation.authorized(_HEADER, known[-1]) if known else operation


def given(turns: Iterable[Turn]) -> frozenset[str]:
    """Return the credentials that answers gave."""
    return frozenset(found for turn in turns for found in _given_by(turn))


def resumes(turn: Turn, known: frozenset[str]) -> bool:
    """Whether a call only goes on with a session: it brings a credential, and is given one.

    A call that names a kind of thing is an operation on that.
    """
    asked = turn.asked
    if not isinstance(asked, Call) or not any(_given_by(turn)):
        return False
    if parse_name(asked.name).verb is not None:
        return False
    texts = {value for each in asked.arguments for value in _texts(each)}
    return any(text in known or f"Bearer {text}" in known for text in texts)


def _given_by(turn: Turn) -> Iterator[str]:
    if isinstance(turn.reply, Answer) and not turn.reply.failed:
        yield from credentials(list(turn.reply.values))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


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
