"""Which framing a connection speaks: its messages strike out those that cannot read them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.traffic.framings import sockjs
from harness.traffic.framings.actioncable import ActionCable
from harness.traffic.framings.connections import Connection, Message
from harness.traffic.framings.ddp import DDP
from harness.traffic.framings.events import Control, UnreadableError
from harness.traffic.framings.framing import Framing
from harness.traffic.framings.graphql_ws import GraphQLWs
from harness.traffic.framings.jsonrpc import JsonRpc
from harness.traffic.framings.phoenix import Phoenix
from harness.traffic.framings.plain_json import PlainJson
from harness.traffic.framings.signalr import SignalR
from harness.traffic.framings.socketio import SocketIO
from harness.traffic.framings.turns import Timed

NAMED: Sequence[Framing] = (
    SocketIO(),
    SignalR(),
    DDP(),
    JsonRpc(),
    Phoenix(),
    ActionCable(),
    GraphQLWs(),
)
"""The most telling first: of those that read as much, the first is taken."""

_TOLERATED = 0.25
"""The share of messages that a framing may fail to read: some are cut off, or binary."""


@dataclass(slots=True)
class Reading:
    """A connection, read in one framing. `unread` are the messages that it cannot read."""

    framing: Framing | None
    events: list[Timed] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    meant: int = 0

    @property
    def name(self) -> str:
        return self.framing.name if self.framing else "unknown"


def learn(family: Iterable[Connection]) -> PlainJson:
    """Learn plain JSON from connections of the same kind."""
    return PlainJson.learned(
        [(message.data, message.sent) for message in _unwrapped(each.messages)] for each in family
    )


def read_all(family: Sequence[Connection], learned: PlainJson) -> list[Reading]:
    """Read connections of the same kind; those that say nothing, in the framing of the others."""
    readings = [read(each, learned) for each in family]
    usual = Counter(each.name for each in readings if each.meant).most_common(1)
    for place, each in enumerate(family):
        if usual and readings[place].name != usual[0][0]:
            readings[place] = read(each, learned, usual[0][0])
    return readings


def read(connection: Connection, learned: PlainJson, preferred: str = "") -> Reading:
    """Read a connection in the framing that reads most of it; without one where none does."""
    messages = _unwrapped(connection.messages)
    spoken = {message.seq for message in messages}
    frames = [each for each in connection.messages if each.seq not in spoken]
    readings = [_read(messages, framing) for framing in (*NAMED, learned)]
    best = min(readings, key=lambda one: (len(one.unread), one.name != preferred, not one.meant))
    if len(best.unread) > _TOLERATED * len(messages):
        return Reading(None, unread=[message.seq for message in connection.messages])
    best.events[:0] = [Timed(each.seq, each.at, each.sent, Control("sockjs")) for each in frames]
    return best


def _unwrapped(messages: list[Message]) -> list[Message]:
    """Return the messages in SockJS frames, where all are such."""
    found = []
    try:
        for message in messages:
            found += [
                replace(message, data=inner)
                for inner in sockjs.unwrap(message.data, sent=message.sent)
            ]
    except UnreadableError:
        return messages
    return found or messages


def _read(messages: list[Message], framing: Framing) -> Reading:
    reading = Reading(framing)
    for message in messages:
        try:
            events = framing.decode(message.data, sent=message.sent)
        except UnreadableError:
            reading.unread.append(message.seq)
            continue
        for event in events:
            reading.events.append(Timed(message.seq, message.at, message.sent, event))
            reading.meant += not isinstance(event, Control)
    return reading
