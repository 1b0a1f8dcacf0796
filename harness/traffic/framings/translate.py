"""A recording's WebSocket messages as the exchanges that they stand for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.traffic.exchange import Exchange
from harness.traffic.framings import operations, outside, subscriptions, virtual
from harness.traffic.framings.catalogue import Reading, learn, read
from harness.traffic.framings.connections import Connection, Gatherer, is_polling
from harness.traffic.framings.events import (
    Call,
    Change,
    Control,
    Opening,
    Settled,
    Subscribe,
)
from harness.traffic.framings.identities import Identity
from harness.traffic.framings.pushed import Spoken, Write, over_http, writes
from harness.traffic.framings.rest import JSON_TYPE, Operation
from harness.traffic.framings.routes import Key, Route, key_of, learn_route
from harness.traffic.framings.sockets import Socket, socket_of
from harness.traffic.framings.turns import Turn, pair

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Note:
    """What a translation could not tell, or took for granted. `evidence` are seqs."""

    level: Literal["info", "warning"]
    where: str
    detail: str
    evidence: tuple[int, ...] = ()


@dataclass(slots=True)
class Translation:
    """Exchanges in the place of messages, by the seq of the message that asked.

    `consumed` are messages that are part of an exchange, or of the protocol itself; the others
    stay what they are. `framings` counts messages, `sockets` are the connections' endpoints,
    `spoken` the connections with what their calls mean, `writes` what was written over them or over
    HTTP, with what was pushed because of it.
    """

    exchanges: dict[int, list[Exchange]] = field(default_factory=lambda: defaultdict(list))
    consumed: set[int] = field(default_factory=set)
    framings: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    last: int = 0
    json_type: str = JSON_TYPE
    """What the application says of JSON over HTTP, taken for messages too."""

    def apply(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """Yield the exchanges, those of messages in the place of the messages."""
        for exchange in exchanges:
            if exchange.seq in self.exchanges:
                yield from self.exchanges[exchange.seq]
            elif exchange.seq not in self.consumed and not is_polling(exchange):
                yield exchange

    def put(self, seq: int, exchange: Exchange) -> None:
        """Place an exchange; a message that says several has all but the first numbered anew."""
        if seq in self.exchanges:
            self.last += 1
            exchange = replace(exchange, seq=self.last)
        self.exchanges[seq].append(exchange)


def translate(exchanges: Iterable[Exchange]) -> Translation:
    """Find the exchanges that WebSocket messages stand for."""
    translation, busy = Translation(), outside.Busy()
    http: list[Write] = []
    gathered = Gatherer()
    for exchange in _overheard(exchanges, translation, gathered):
        busy.add(exchange)
        if (write := over_http(exchange)) is not None:
            http.append(write)
    families: dict[str, list[Connection]] = defaultdict(list)
    for connection in gathered.connections:
        families[connection.endpoint].append(connection)
    learned = {path: learn(family) for path, family in families.items()}
    spoken = [
        _Conversation(each, read(each, learned[each.endpoint]), translation)
        for each in gathered.connections
    ]
    routes = _routes(spoken)
    for conversation in spoken:
        conversation.translate_turns(routes, busy)
    for conversation in spoken:
        conversation.translate_rest(busy)
        conversation.translate_snapshots()
    translation.spoken = [each.spoken for each in spoken]
    for path in families:
        family = [each for each in translation.spoken if each.connection.endpoint == path]
        translation.writes += writes(family, http)
    translation.notes = _merged(translation.notes)
    return translation


def _overheard(
    exchanges: Iterable[Exchange], translation: Translation, gatherer: Gatherer
) -> Iterator[Exchange]:
    """Gather what belongs to connections; yield what went over HTTP."""
    kinds = Counter[str]()
    for exchange in exchanges:
        translation.last = max(translation.last, exchange.seq)
        gatherer.take(exchange)
        if exchange.is_http and not is_polling(exchange):
            yield exchange
            if exchange.response is not None and "json" in exchange.response.content_type:
                kinds[exchange.response.header("content-type") or ""] += 1
    if kinds:
        translation.json_type = kinds.most_common(1)[0][0]


def _routes(spoken: Iterable["_Conversation"]) -> dict[tuple[str, Key], Route]:
    """Learn what calls of one name have in common, so that those that failed are like the rest."""
    pairs: dict[tuple[str, Key], list[tuple[Call | Subscribe, Operation]]] = defaultdict(list)
    for conversation in spoken:
        endpoint = conversation.spoken.connection.endpoint
        for turn, meaning in conversation.understood():
            telling = isinstance(turn.asked, Call) or (len(meaning) == 1 and meaning[0].answer)
            if telling and virtual.explain(turn) is None:
                place = (endpoint, key_of(turn.asked))
                pairs[place] += [(turn.asked, each) for each in meaning]
    found = {place: learn_route(each) for place, each in pairs.items()}
    return {place: route for place, route in found.items() if route is not None}


class _Conversation:
    """One connection on its way to exchanges."""

    def __init__(self, connection: Connection, reading: Reading, translation: Translation) -> None:
        self._request = connection.request
        self._reading = reading
        self._translation = translation
        self._where = f"{connection.endpoint} ({reading.name})"
        self._rows = operations.Rows()
        self._identity = Identity(connection.request)
        self._dialogue = pair(reading.events)
        changes = [each.event for each in reading.events if isinstance(each.event, Change)]
        self._collections = list(dict.fromkeys(each.collection for each in changes))
        self._meanings = list(self._explained())
        turns = self._dialogue.turns
        self.spoken = Spoken(connection, reading.framing, reading.events, turns, self._meanings)
        translation.framings[reading.name] += len(connection.messages)
        if reading.framing is not None:
            socket = socket_of(connection, reading.framing, reading.events, turns)
            translation.sockets.append(socket)
        if reading.unread:
            self._note_unread(connection)
        for timed in reading.events:
            self._identity.take(timed.at, timed.event)
            if isinstance(timed.event, Control | Opening | Settled):
                translation.consumed.add(timed.seq)

    def _explained(self) -> Iterator[list[Operation]]:
        for number, turn in enumerate(self._dialogue.turns):
            for before, change in self._dialogue.forgotten:
                if before == number:
                    self._rows.take(change)
            yield self._explain(turn)

    def understood(self) -> Iterator[tuple[Turn, list[Operation]]]:
        """Yield each turn with the operations that explain it."""
        yield from zip(self._dialogue.turns, self._meanings, strict=True)

    def translate_turns(self, routes: dict[tuple[str, Key], Route], busy: outside.Busy) -> None:
        """Put each call that is understood in its place."""
        endpoint = self.spoken.connection.endpoint
        for number, (turn, found) in enumerate(self.understood()):
            if not found and isinstance(turn.asked, Call):
                detail = f"nothing shows what `{turn.asked.name}` came to"
                self._note("warning", detail, [turn.seq])
            route = routes.get((endpoint, key_of(turn.asked)))
            if route is not None and (isinstance(turn.asked, Call) or len(found) == 1):
                alike = [route.operation(turn.asked, each) or each for each in found]
                self._meanings[number] = alike
            for operation in self._meanings[number]:
                exchange = self._exchange(turn, self._identity.sign(operation, turn.started))
                busy.add(exchange)
                self._translation.put(turn.seq, exchange)
            if found or not isinstance(turn.asked, Call):
                self._consume(turn)

    def translate_snapshots(self) -> None:
        """Put what subscriptions showed in the end, where it is not what they showed at first."""
        heard = [timed for timed in self._reading.events if not timed.sent]
        for operation in subscriptions.final(self.understood(), self._reading.events):
            exchange = operation.exchange(
                self._request,
                seq=heard[-1].seq,
                started=heard[-1].at,
                duration_ms=0.0,
                json_type=self._translation.json_type,
            )
            self._translation.put(heard[-1].seq, exchange)

    def translate_rest(self, busy: outside.Busy) -> None:
        """Put what was told without anybody asking."""
        for timed, operation in outside.operations(self._dialogue.untold, busy, self._rows):
            exchange = operation.exchange(
                self._request,
                seq=timed.seq,
                started=timed.at,
                duration_ms=0.0,
                json_type=self._translation.json_type,
            )
            self._translation.put(timed.seq, exchange)
            detail = f"nobody asked for it: taken as {operation.method} by somebody out of sight"
            self._note("info", detail, [timed.seq])

    def _explain(self, turn: Turn) -> list[Operation]:
        if not isinstance(turn.asked, Call):
            return subscriptions.explain(turn, self._rows, self._collections)
        operation = virtual.explain(turn)
        if operation is None:
            operation = operations.explain(turn, self._request.path, self._rows)
        return [] if operation is None else [operation]

    def _exchange(self, turn: Turn, operation: Operation) -> Exchange:
        return operation.exchange(
            self._request,
            seq=turn.seq,
            started=turn.started,
            duration_ms=turn.duration_ms,
            json_type=self._translation.json_type,
        )

    def _consume(self, turn: Turn) -> None:
        consumed = self._translation.consumed
        consumed.add(turn.seq)
        if turn.reply_seq is not None:
            consumed.add(turn.reply_seq)
        consumed |= {each.seq for each in turn.told if isinstance(each.event, Change)}

    def _note_unread(self, connection: Connection) -> None:
        unread = self._reading.unread
        detail = "messages cannot be read"
        if self._reading.framing is None:
            first = connection.messages[0].data[:40].decode("utf-8", "backslashreplace")
            detail = f"messages are in a framing that is not known; the first begins {first!r}"
        self._note("warning", detail, unread)

    def _note(self, level: Literal["info", "warning"], detail: str, seqs: list[int]) -> None:
        self._translation.notes.append(Note(level, self._where, detail, tuple(seqs)))


def _merged(notes: list[Note]) -> list[Note]:
    """Say once what holds of several messages."""
    seqs: dict[tuple[Literal["info", "warning"], str, str], list[int]] = defaultdict(list)
    for note in notes:
        seqs[note.level, note.where, note.detail] += note.evidence
    return [
        Note(level, where, f"{detail} ({len(found)})", tuple(found[:_SHOWN]))
        for (level, where, detail), found in seqs.items()
    ]
