"""Calls paired with their answers, and with what was pushed between."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.traffic.framings.events import (
    Answer,
    Call,
    Change,
    Ended,
    Event,
    Push,
    Ready,
    Settled,
    Subscribe,
)


@dataclass(frozen=True, slots=True)
class Timed:
    """An event with the message that it came in."""

    seq: int
    at: float
    sent: bool
    event: Event


@dataclass(slots=True)
class Turn:
    """One call or subscription: what was asked, what came back, and what was told meanwhile.

    `ended` is None where nothing came back. `told` are changes and pushes until then.
    """

    seq: int
    started: float
    asked: Call | Subscribe
    ended: float | None = None
    reply: Answer | Ready | Ended | None = None
    reply_seq: int | None = None
    told: list[Timed] = field(default_factory=list)

    @property
    def duration_ms(self) -> float:
        return 0.0 if self.ended is None else max(self.ended - self.started, 0.0) * 1000


@dataclass(slots=True)
class Dialogue:
    """A connection's turns in order."""

    turns: list[Turn] = field(default_factory=list)
    untold: list[Timed] = field(default_factory=list)
    """Changes and pushes that no call of this connection was waiting for."""
    left: set[int] = field(default_factory=set)
    """Messages of those that forget a row, because the client ended its subscription."""


def pair(events: Sequence[Timed]) -> Dialogue:
    """Pair the events of one connection.

    What is told until a call's answer is because of it; where the framing says when all effects
    were told, until then. Without an answer to wait for, until the client's next call.
    """
    return _Pairing(settles=any(isinstance(each.event, Settled) for each in events)).of(events)


class _Pairing:
    def __init__(self, *, settles: bool) -> None:
        self._settles = settles
        self._latest: Turn | None = None
        self._dialogue = Dialogue()
        self._waiting: dict[str, Turn] = {}
        self._settling: dict[str, Turn] = {}
        self._leaving: set[str] = set()

    def of(self, events: Iterable[Timed]) -> Dialogue:
        for timed in events:
            self._take(timed)
        return self._dialogue

    def _take(self, timed: Timed) -> None:
        match timed.event:
            case Call(id=reference) | Subscribe(id=reference):
                self._begin(timed, reference)
            case Answer(id=reference) as answer:
                self._end(timed, reference, answer)
            case Ready(ids=references) as ready:
                for reference in references:
                    self._end(timed, reference, ready)
            case Ended() as ended:
                self._leave(timed, ended)
            case Settled(ids=references):
                for reference in references:
                    self._settling.pop(reference, None)
            case Change() | Push():
                self._tell(timed)
            case _:
                pass

    def _begin(self, timed: Timed, reference: str | None) -> None:
        assert isinstance(timed.event, Call | Subscribe)  # noqa: S101 - told to the type checker
        turn = Turn(timed.seq, timed.at, timed.event)
        self._dialogue.turns.append(turn)
        self._latest = turn if reference is None else None
        if reference is not None:
            self._waiting[reference] = turn
            self._settling[reference] = turn

    def _end(self, timed: Timed, reference: str, reply: Answer | Ready | Ended) -> None:
        turn = self._waiting.pop(reference, None)
        if turn is None and isinstance(reply, Answer):
            self._tell(replace(timed, event=Push("", reply.values)))
        elif turn is not None:
            turn.ended, turn.reply, turn.reply_seq = timed.at, reply, timed.seq
            if not (self._settles and isinstance(reply, Answer) and not reply.failed):
                self._settling.pop(reference, None)

    def _leave(self, timed: Timed, ended: Ended) -> None:
        """Until the server confirms the end of a subscription, it takes back what that told."""
        if timed.sent:
            self._leaving.add(ended.id)
        else:
            self._leaving.discard(ended.id)
            self._end(timed, ended.id, ended)

    def _tell(self, timed: Timed) -> None:
        if self._leaving and isinstance(timed.event, Change) and timed.event.kind == "removed":
            self._dialogue.untold.append(timed)
            self._dialogue.left.add(timed.seq)
            return
        open_turns = [*self._settling.values(), *([self._latest] if self._latest else [])]
        for turn in open_turns:
            turn.told.append(timed)
        if not open_turns:
            self._dialogue.untold.append(timed)
