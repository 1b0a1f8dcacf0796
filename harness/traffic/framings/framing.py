"""What a framing is: a way to write events as messages."""

import json
from typing import Any, Protocol

import msgspec

from harness.traffic.framings.events import Event, UnreadableError


class Framing(Protocol):
    """Reads messages; raises UnreadableError for those of another framing."""

    @property
    def name(self) -> str: ...

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        """Return the events of a message that the client sent, or received."""
        ...

    def encode(self, event: Event) -> bytes:
        """Write an event; the inverse of `decode`. ValueError where the framing cannot say it."""
        ...


def json_in(message: bytes | str) -> Any:
    """Return the JSON value of a message; raise UnreadableError where it has none."""
    try:
        return msgspec.json.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def object_in(message: bytes | str) -> dict[str, Any]:
    """Return the JSON object of a message; raise UnreadableError where it has none."""
    value = json_in(message)
    if not isinstance(value, dict):
        raise UnreadableError("not a JSON object")
    return value


def text_of(value: Any) -> str:
    """Write a JSON value without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def require(condition: object, why: str) -> None:
    """Raise UnreadableError unless the condition holds."""
    if not condition:
        raise UnreadableError(why)
