"""Who speaks on a connection: credentials that messages carry once stand for all that follow."""

from collections.abc import Iterator
from typing import Any

from harness.traffic.exchange import Request
from harness.traffic.framings.events import Answer, Opening
from harness.traffic.framings.rest import Operation
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
            found = next(_credentials(event.payload), None)
        elif isinstance(event, Answer) and not event.failed:
            found = next(_credentials(list(event.values)), None)
        else:
            return
        if found is not None:
            self._given.append((at, found))

    def sign(self, operation: Operation, at: float) -> Operation:
        """Add the credential that was known when a call was made."""
        known = [value for when, value in self._given if when < at]
        return operation.authorized(_HEADER, known[-1]) if known else operation


def _credentials(value: Any) -> Iterator[str]:
    """Yield header values for the tokens in a JSON value, outermost first."""
    if isinstance(value, list):
        for each in value:
            yield from _credentials(each)
    if not isinstance(value, dict):
        return
    for name, text in value.items():
        if isinstance(text, str) and is_token(name) and len(text) >= _SHORTEST:
            yield text if " " in text else f"Bearer {text}"
    for each in value.values():
        yield from _credentials(each)
