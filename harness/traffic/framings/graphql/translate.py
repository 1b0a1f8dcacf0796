"""All GraphQL documents of a recording, as the exchanges that they stand for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.traffic.exchange import Exchange
from harness.traffic.framings.catalogue import Reading
from harness.traffic.framings.connections import Connection
from harness.traffic.framings.graphql import fields, over_http
from harness.traffic.framings.graphql.resolve import Learned, Resolved, resolve
from harness.traffic.framings.graphql_ws import GraphQLWs
from harness.traffic.framings.outside import Busy
from harness.traffic.framings.pushed import Spoken, Write
from harness.traffic.framings.pushed import over_http as written
from harness.traffic.framings.rest import Operation
from harness.traffic.framings.sockets import GRAPHQL, Socket
from harness.traffic.framings.translation import Note, Translation
from harness.traffic.framings.turns import Timed, Turn, pair

_SHOWN = 5
_COOKIES = "set-cookie"


class Documents:
    """Gathers documents that went over HTTP, and makes fields of those in messages too."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._exchanges: dict[str, dict[int, Exchange]] = defaultdict(dict)
        self.spoken: list[Spoken] = []
        """What was said over HTTP, by path."""

    def take(self, exchange: Exchange) -> bool:
        """Keep an exchange that carries documents; say whether it does."""
        if not over_http.payloads(exchange):
            return False
        self._exchanges[exchange.request.path][exchange.seq] = exchange
        return True

    def resolve(self, readings: Sequence[Reading]) -> None:
        """Put the fields of all documents in the place of the messages that carried them."""
        spoken = [each for each in readings if isinstance(each.framing, GraphQLWs)]
        if not spoken and not self._exchanges:
            return
        told = [list(_events(each)) for each in self._exchanges.values()]
        learned = Learned()
        found = resolve([*(each.events for each in spoken), *told], learned)
        for reading, resolved in zip(spoken, found, strict=False):
            reading.events = resolved.events
            self._note_unread(resolved, reading.name)
        for path, resolved in zip(self._exchanges, found[len(spoken) :], strict=True):
            self._note_unread(resolved, path)
            first = next(iter(self._exchanges[path].values()))
            turns = pair(resolved.events).turns
            connection = Connection(first.request)
            self.spoken.append(Spoken(connection, None, resolved.events, turns, []))
            evidence = tuple(turn.seq for turn in turns)[:_SHOWN]
            socket = Socket(path, GRAPHQL, evidence=evidence)
            self._translation.sockets.append(socket)
        self._translation.documents = learned

    def translate(self, busy: Busy, habits: fields.Habits) -> Iterator[Write]:
        """Put each field that went over HTTP in its place; yield what was written."""
        for spoken in self.spoken:
            exchanges = self._exchanges[spoken.connection.request.path]
            self._translation.consumed |= exchanges.keys()
            for turn in spoken.turns:
                operation = fields.explain(turn, habits)
                spoken.meanings.append([] if operation is None else [operation])
                if operation is None:
                    self._note_unexplained(spoken, turn)
                    continue
                exchange = self._put(operation, exchanges[turn.seq])
                busy.add(exchange)
                if (write := written(exchange)) is not None:
                    yield write

    def _put(self, operation: Operation, carrier: Exchange) -> Exchange:
        response = carrier.response
        assert response is not None  # noqa: S101 - those without one carry no documents
        cookies = tuple(pair for pair in response.headers if pair[0].lower() == _COOKIES)
        exchange = replace(operation, answer_headers=cookies).exchange(
            carrier.request,
            seq=carrier.seq,
            started=carrier.started,
            duration_ms=carrier.duration_ms,
            json_type=self._translation.json_type,
        )
        exchange = replace(exchange, client=carrier.client)
        self._translation.put(carrier.seq, exchange)
        return exchange

    def _note_unread(self, resolved: Resolved, where: str) -> None:
        for detail, seq in resolved.unread:
            self._translation.notes.append(Note("warning", where, detail, (seq,)))

    def _note_unexplained(self, spoken: Spoken, turn: Turn) -> None:
        assert isinstance(turn.asked, fields.FieldCall)  # noqa: S101 - all that is asked over HTTP
        detail = f"nothing shows what `{turn.asked.name}` came to"
        where = spoken.connection.endpoint
        self._translation.notes.append(Note("warning", where, detail, (turn.seq,)))


def _events(exchanges: dict[int, Exchange]) -> Iterator[Timed]:
    for exchange in exchanges.values():
        yield from over_http.events(exchange)
