"""What the messages of a recording were found to mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.traffic.exchange import Exchange
from harness.traffic.framings import signalr, sockjs
from harness.traffic.framings.connections import is_polling
from harness.traffic.framings.graphql.resolve import Learned
from harness.traffic.framings.pushed import Spoken, Write
from harness.traffic.framings.rest import JSON_TYPE
from harness.traffic.framings.sockets import Socket

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

    `consumed` are messages that are part of an exchange, or of the protocol itself; `sessions` the
    paths that only one connection has. Other messages stay what they are. `framings` counts
    messages, `sockets` are the connections' endpoints, `spoken` the connections with what their
    calls mean, `writes` what was written over them or HTTP, with what was pushed because of it.
    `documents` says how GraphQL is answered, where it is.
    """

    exchanges: dict[int, list[Exchange]] = field(default_factory=lambda: defaultdict(list))
    consumed: set[int] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    framings: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    documents: Learned | None = None
    last: int = 0
    json_type: str = JSON_TYPE
    """What the application says of JSON over HTTP, taken for messages too."""

    def apply(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        """Yield the exchanges, those of messages in the place of the messages."""
        for exchange in exchanges:
            if exchange.seq in self.exchanges:
                yield from self.exchanges[exchange.seq]
            elif not self._is_read(exchange):
                yield exchange

    def _is_read(self, exchange: Exchange) -> bool:
        return (
            exchange.seq in self.consumed
            or exchange.request.path in self.sessions
            or is_of_protocol(exchange)
        )

    def put(self, seq: int, exchange: Exchange) -> None:
        """Place an exchange; a message that says several has all but the first numbered anew."""
        if seq in self.exchanges:
            self.last += 1
            exchange = replace(exchange, seq=self.last)
        self.exchanges[seq].append(exchange)

    def merge_notes(self) -> None:
        """Say once what holds of several messages."""
        seqs: dict[tuple[Literal["info", "warning"], str, str], list[int]] = defaultdict(list)
        for note in self.notes:
            seqs[note.level, note.where, note.detail] += note.evidence
        self.notes = [
            Note(level, where, f"{detail} ({len(found)})", tuple(found[:_SHOWN]))
            for (level, where, detail), found in seqs.items()
        ]


def is_of_protocol(exchange: Exchange) -> bool:
    """Whether a request over HTTP only serves the transport of messages."""
    return is_polling(exchange) or sockjs.is_info(exchange) or signalr.is_negotiation(exchange)
