"""What a message means, whatever its framing."""

from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any


class UnreadableError(ValueError):
    """A message that is not of this framing."""


@dataclass(frozen=True, slots=True)
class Call:
    """The client asks for something by name; without an `id` no answer is named after it.

    `space` is the namespace, topic or channel it goes to.
    """

    name: str
    arguments: tuple[Json, ...] = ()
    id: str | None = None
    space: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to. `failed` is None where the framing leaves it to the application."""

    id: str
    values: tuple[Json, ...] = ()
    failed: bool | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """The server tells something unasked."""

    name: str
    arguments: tuple[Json, ...] = ()
    space: str = ""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client wants to be told of changes."""

    id: str
    name: str
    arguments: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """Subscriptions have told all that there is so far; `values` where that comes in one piece."""

    ids: tuple[str, ...]
    values: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A subscription is over: the client left it, or the server refused it."""

    id: str
    error: Json = None


@dataclass(frozen=True, slots=True)
class Change:
    """A row of a collection as the server tells it. `cleared` names the fields that are gone."""

    kind: Literal["added", "changed", "removed"]
    collection: str
    key: str
    fields: dict[str, Json] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Everything that these calls changed has been told."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """The client opens the conversation, perhaps saying who it is."""

    payload: Json = None
    space: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """Of the protocol itself: heartbeats, confirmations."""

    kind: str


Event = Call | Answer | Push | Subscribe | Ready | Ended | Change | Settled | Opening | Control
