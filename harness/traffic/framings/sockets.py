"""The endpoints that connections spoke to, as a server in their place sees them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from harness.traffic.framings import engineio, pushed, virtual
from harness.traffic.framings.connections import Connection
from harness.traffic.framings.events import (
    Answer,
    Change,
    Event,
    Opening,
    Push,
    UnreadableError,
)
from harness.traffic.framings.framing import Framing, object_in
from harness.traffic.framings.plain_json import PlainJson
from harness.traffic.framings.turns import Timed, Turn
from harness.traffic.framings.virtual import Members
from harness.traffic.lexicon import is_token

GRAPHQL = "graphql"
"""The framing of documents that go over HTTP."""
_SHOWN = 5
_OF_EVERY_RESPONSE = frozenset({"content-type", "content-length", "date", "server"})
"""Headers that each response over HTTP has; over sockets, only where most answers show them."""


@dataclass(frozen=True, slots=True)
class Socket:
    """One connection's endpoint. `evidence` are seqs.

    `version` is that of engine.io; `settings` what the server said of itself when it opened;
    `members` how virtual requests name their parts, None where calls are none. Tokens came in
    these parameters of the handshake, these members of what the client opened with, and of
    answers. `date_members` are those that extended JSON says to be dates, `enveloped` says that
    messages are in SockJS frames, `grammar` what the members of plain JSON are for.
    """

    path: str
    framing: str
    version: int | None = None
    members: Members | None = None
    enveloped: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    grammar: dict[str, str | None] = field(default_factory=dict)
    query_tokens: tuple[str, ...] = ()
    opening_tokens: tuple[str, ...] = ()
    answer_tokens: tuple[str, ...] = ()
    date_members: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()


def socket_of(
    connection: Connection, framing: Framing, events: Sequence[Timed], turns: Sequence[Turn]
) -> Socket:
    """Return the endpoint of a connection, whether it was polled or a WebSocket."""
    params = dict(connection.request.params())
    version = params.get("EIO", "")
    named = [(turn.seq, each) for turn in turns if (each := virtual.members(turn)) is not None]
    return Socket(
        path=connection.endpoint,
        framing=framing.name,
        version=int(version) if version.isdecimal() else None,
        members=_merged([each for _, each in named]),
        enveloped=connection.endpoint != connection.request.path,
        settings=_settings(connection) if version else {},
        grammar=asdict(framing.grammar) if isinstance(framing, PlainJson) else {},
        query_tokens=tuple(name for name in params if is_token(name)),
        opening_tokens=tuple(
            name
            for timed in events
            if isinstance(timed.event, Opening) and isinstance(timed.event.payload, dict)
            for name, value in timed.event.payload.items()
            if is_token(name) and isinstance(value, str)
        ),
        answer_tokens=tuple(
            dict.fromkeys(
                name
                for timed in events
                for value in _told(timed.event)
                for name, text in pushed.leaves(value)
                if is_token(name) and isinstance(text, str)
            )
        ),
        date_members=tuple(
            dict.fromkeys(n for timed in events for n in _dates(_shown(timed.event)))
        ),
        evidence=tuple([seq for seq, _ in named] or [turn.seq for turn in turns])[:_SHOWN],
    )


def _told(event: Event) -> tuple[Any, ...]:
    """What the server says to one client."""
    if isinstance(event, Answer):
        return () if event.failed else event.values
    return event.arguments if isinstance(event, Push) else ()


def _shown(event: Event) -> list[Any]:
    return [event.fields] if isinstance(event, Change) else list(_told(event))


def _dates(value: Any) -> Iterator[str]:
    """Yield the names of members that hold a date of extended JSON."""
    if isinstance(value, list):
        for each in value:
            yield from _dates(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, dict) and each.keys() == {"$date"}:
                yield name
            yield from _dates(each)


def _merged(found: list[Members]) -> Members | None:
    if not found:
        return None
    usual = Counter(replace(each, headers=()) for each in found).most_common(1)[0][0]
    counts = Counter(name for each in found for name in each.headers)
    headers = [
        name
        for name, count in counts.items()
        if name.lower() not in _OF_EVERY_RESPONSE or count * 2 > len(found)
    ]
    return replace(usual, headers=tuple(headers))


def _settings(connection: Connection) -> dict[str, Any]:
    for message in connection.messages:
        try:
            packet = engineio.read_packet(message.data.decode())
            if packet.type == "open" and not message.sent:
                return object_in(packet.data)
        except (UnreadableError, UnicodeDecodeError):
            continue
    return {}
