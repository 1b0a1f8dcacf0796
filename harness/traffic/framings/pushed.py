"""What is pushed to clients because somebody wrote something, and what they knew of it."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.traffic.exchange import Exchange, Request
from harness.traffic.framings.connections import Connection
from harness.traffic.framings.events import (
    Answer,
    Call,
    Control,
    Ended,
    Opening,
    Push,
    Ready,
    Subscribe,
)
from harness.traffic.framings.framing import Framing
from harness.traffic.framings.identities import credentials
from harness.traffic.framings.replies import said_by
from harness.traffic.framings.rest import NOTHING, Operation
from harness.traffic.framings.spaces import parts_of
from harness.traffic.framings.turns import Timed, Turn
from harness.traffic.framings.verbs import collection, parse_name
from harness.traffic.lexicon import is_token

KEYS = ("id", "_id", "uuid", "key", "slug")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SUCCESS = range(200, 300)
_LONGEST_S, _GRACE_S = 30.0, 2.0
"""A call takes no longer than this; what it brings about is told so soon after its answer."""
_SKEW_S = 0.05
"""Messages of several pages are not stamped by one clock: an effect may seem to come first."""
_LARGEST = 1 << 16
"""Bodies over HTTP that are longer (bytes) are not looked into."""
_SMALL = 10
_METHODS = {
    "create": ("POST",),
    "update": ("PATCH", "PUT"),
    "replace": ("PUT",),
    "delete": ("DELETE",),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a connection was told, in the space with these parts."""

    to: int
    name: str
    arguments: tuple[Any, ...]
    space: Any


@dataclass(slots=True)
class Write:
    """A successful operation that is no reading. Connections are numbers; `by` is None over HTTP.

    `present` are the open connections (the writer's too), `signed` those that said who they are,
    `joined` the spaces they are in, `aware` by key which of them were shown it or named it.
    """

    socket: str
    by: int | None
    seq: int
    method: str
    path: str
    body: Any
    answer: Any
    space: Any
    began: float
    ended: float
    present: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()
    joined: dict[int, tuple[str, ...]] = field(default_factory=dict)
    aware: dict[str, frozenset[int]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    @property
    def source(self) -> dict[str, Any]:
        """Return what recipes of its events take their values from."""
        return {"answer": self.answer, "body": self.body, "path": self.path.strip("/").split("/")}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A connection that was read; `meanings` are the operations of each turn."""

    connection: Connection
    framing: Framing | None
    events: Sequence[Timed]
    turns: Sequence[Turn]
    meanings: list[list[Operation]]


def over_http(exchange: Exchange) -> Write | None:
    """Return what a request over HTTP wrote, if anything; for any socket."""
    request, response = exchange.request, exchange.response
    if request.method in _SAFE or response is None or response.status not in _SUCCESS:
        return None
    return Write(
        "", None, exchange.seq, request.method, request.path, _value(request.body),
        _value(response.body), [], exchange.started,
        exchange.started + exchange.duration_ms / 1000,
    )  # fmt: skip


def writes(family: Sequence[Spoken], http: Sequence[Write]) -> list[Write]:
    """Return the writes of one socket's connections and over HTTP, with what they brought about."""
    socket = family[0].connection.endpoint
    found = [each for number, one in enumerate(family) for each in _writes(number, one)]
    found += [_at(socket, each) for each in http]
    found.sort(key=lambda write: (write.began, write.seq))
    if found:
        _note_audiences(found, family)
        _note_pushes(found, family)
    return found


def _value(body: bytes) -> Any:
    if not body or len(body) > _LARGEST:
        return NOTHING
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOTHING


def _at(socket: str, write: Write) -> Write:
    return Write(
        socket, None, write.seq, write.method, write.path, write.body, write.answer, [],
        write.began, write.ended,
    )  # fmt: skip


def _writes(number: int, spoken: Spoken) -> Iterator[Write]:
    for turn, meaning in zip(spoken.turns, spoken.meanings, strict=True):
        for operation in meaning:
            if operation.method not in _SAFE and operation.status in _SUCCESS:
                asked = turn.asked
                yield Write(
                    spoken.connection.endpoint, number, turn.seq, operation.method,
                    operation.path, operation.body, operation.answer,
                    parts_of(asked.space) if isinstance(asked, Call) else [],
                    turn.started, _ended(turn, operation),
                )  # fmt: skip


def _ended(turn: Turn, operation: Operation) -> float:
    """When a call was answered; where no answer names it, when the caller was told its outcome."""
    if turn.ended is not None:
        return turn.ended
    for timed in turn.told:
        if isinstance(timed.event, Push) and said_by(timed.event) == operation.answer:
            return timed.at
    return turn.started


def _note_audiences(found: list[Write], family: Sequence[Spoken]) -> None:
    """Go through all events in order, and note at each write who was there and knew what."""
    clients = [_Client(one) for one in family]
    events = [(each.at, each.seq, n, each) for n, one in enumerate(family) for each in one.events]
    events.sort(key=lambda each: each[:3])
    place = 0
    for write in found:
        while place < len(events) and events[place][:2] <= (write.began, write.seq):
            _, _, number, timed = events[place]
            clients[number].take(timed.event)
            place += 1
        there = [n for n, client in enumerate(clients) if client.is_there(write.began)]
        write.present = frozenset(there)
        write.signed = frozenset(n for n in there if clients[n].signed)
        write.joined = {n: tuple(clients[n].spaces) for n in there if clients[n].spaces}
        write.aware = {
            key: frozenset(n for n in there if key in clients[n].known)
            for key in set(_keys_of(write))
        }


class _Client:
    """Who is at the other end of a connection: when it was there, where, and what it knows."""

    def __init__(self, spoken: Spoken) -> None:
        times = [each.at for each in spoken.events]
        openings = [each.at for each in spoken.events if isinstance(each.event, Opening)]
        first = min(times, default=0.0)
        opened = spoken.connection.opened
        self._from = min(openings, default=first if opened is None else min(opened, first))
        self._until = max(times, default=0.0)
        self._left = False
        self._names: dict[str, str] = {}
        self.signed = _is_signed(spoken.connection.request)
        self.known: set[str] = set()
        self.spaces: dict[str, None] = {}

    def is_there(self, moment: float) -> bool:
        return self._from <= moment <= self._until and not self._left

    def take(self, event: object) -> None:
        match event:
            case Control("disconnect" | "close"):
                self._left = True
            case Opening(payload, space):
                self._left = False
                self.signed |= any(credentials(payload))
                if space:
                    self.spaces.setdefault(space)
            case Subscribe(identifier, name):
                self._names[identifier] = identifier if identifier.startswith("{") else name
                self.spaces.setdefault(self._names[identifier])
            case Ended(identifier):
                self.spaces.pop(self._names.get(identifier, identifier), None)
            case Answer(identifier, failed=True) if identifier in self._names:
                self.spaces.pop(self._names[identifier], None)
            case Answer(values=values) | Push(arguments=values) | Ready(values=values):
                self.known.update(keys_in(list(values)))
                self.signed |= any(credentials(list(values)))
            case Call(arguments=values):
                self.known.update(_named(values))


def _is_signed(handshake: Request) -> bool:
    cookies = (handshake.header("cookie") or "").split(";")
    named = [name for name, _ in handshake.params() if name != "sid"]
    named += [cookie.partition("=")[0].strip() for cookie in cookies]
    return handshake.header("authorization") is not None or any(map(is_token, named))


def _named(arguments: Sequence[Any]) -> Iterator[str]:
    """Yield the keys that a call names: joining a room says which."""
    for each in arguments:
        if isinstance(each, dict):
            yield from (str(v) for v in each.values() if _is_key(v))
        elif _is_key(each):
            yield str(each)


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _keys_of(write: Write) -> Iterator[str]:
    yield from write.path.strip("/").split("/")
    for each in (write.body, write.answer):
        yield from (str(value) for _, value in leaves(each) if _is_key(value))


def keys_in(value: Any) -> Iterator[str]:
    """Yield the keys of the rows in a JSON value."""
    if isinstance(value, list):
        for each in value:
            yield from keys_in(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in KEYS and isinstance(each, str | int):
                yield str(each)
            yield from keys_in(each)


# ------------------------------------------------------------------ which write brought it about


def _note_pushes(found: list[Write], family: Sequence[Spoken]) -> None:
    starts = [write.began for write in found]
    for number, spoken in enumerate(family):
        answering = set(_answering(spoken))
        for timed in spoken.events:
            if isinstance(timed.event, Push) and not timed.sent and timed.seq not in answering:
                first = bisect_right(starts, timed.at - _LONGEST_S)
                begun = found[first : bisect_right(starts, timed.at + _SKEW_S)]
                recent = [each for each in begun if timed.at <= each.ended + _GRACE_S]
                cause = _cause(timed.event, timed.at, recent)
                if cause is not None:
                    event = timed.event
                    told = Told(number, event.name, event.arguments, parts_of(event.space))
                    cause.told.append(told)


def _answering(spoken: Spoken) -> Iterator[int]:
    """Yield the messages that only say what a call came to which wrote nothing."""
    for turn, meaning in zip(spoken.turns, spoken.meanings, strict=True):
        for operation in meaning:
            if operation.method in _SAFE or operation.status not in _SUCCESS:
                for timed in turn.told:
                    if isinstance(timed.event, Push) and said_by(timed.event) == operation.answer:
                        yield timed.seq


def _cause(push: Push, at: float, recent: Sequence[Write]) -> Write | None:
    """The write that explains most of what is told; of those that explain as much, the latest.

    One that is under way comes before those that are over, though it may explain little.
    """
    said = {str(value) for each in push.arguments for n, value in leaves(each) if _tells(n, value)}
    if not said:
        alike = [write for write in recent if _is_called(push, write)]
        return alike[-1] if alike else recent[0] if len(recent) == 1 else None
    best, most = None, (False, 0, False)
    for write in recent:
        known = {str(value) for each in (write.answer, write.body) for _, value in leaves(each)}
        shared = len(said & (known | set(write.path.split("/"))))
        under_way = at <= write.ended
        score = (under_way, shared, _is_called(push, write))
        if score >= most and shared and (under_way or shared * 2 >= len(said)):
            best, most = write, score
    return best


def _is_called(push: Push, write: Write) -> bool:
    """Whether a push goes by the name of what a write did, and to what."""
    name = parse_name(push.name)
    segments = {parse_name(each).noun for each in write.path.split("/")}
    return write.method in _METHODS.get(name.verb or "", ()) and (
        not name.noun or collection(name.noun) in segments
    )


def _tells(name: str, value: Any) -> bool:
    if name in KEYS:
        return True
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= _SMALL


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of objects that hold no more of them, and bare values under no name."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from ((name, v) if not n else (n, v) for n, v in leaves(each))
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    elif value is not NOTHING:
        yield "", value
