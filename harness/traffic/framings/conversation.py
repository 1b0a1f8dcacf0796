"""One connection on its way to exchanges."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.traffic.exchange import Exchange
from harness.traffic.framings import effects, operations, outside, replies, subscriptions, virtual
from harness.traffic.framings.catalogue import Reading
from harness.traffic.framings.connections import Connection
from harness.traffic.framings.events import Call, Change, Control, Ended, Opening, Settled
from harness.traffic.framings.graphql import fields
from harness.traffic.framings.identities import Identity, Places, resumed, resumptions
from harness.traffic.framings.pushed import Spoken
from harness.traffic.framings.rest import Operation
from harness.traffic.framings.sockets import socket_of
from harness.traffic.framings.translation import Note, Translation
from harness.traffic.framings.turns import Timed, Turn, pair


@dataclass(frozen=True)
class Habits:
    """What calls and subscriptions of each name came to, wherever they were made.

    `replies` are pushes, where nothing else answers; `resumptions` calls that go on with a session;
    `fields` what GraphQL's root fields do.
    """

    effects: effects.Effects
    replies: replies.Replies
    subscriptions: dict[str, subscriptions.Shown]
    resumptions: Places
    fields: fields.Habits

    @classmethod
    def of(cls, spoken: Sequence[Spoken]) -> "Habits":
        turns = [turn for each in spoken for turn in each.turns]
        return cls(
            effects.learn(turns),
            replies.learn(turns),
            subscriptions.learn(spoken),
            resumptions(turns),
            fields.learn(turns),
        )


class Conversation:
    """What was said on a connection, put into the translation of its recording."""

    def __init__(self, connection: Connection, reading: Reading, translation: Translation) -> None:
        self._request = connection.request
        self._reading = reading
        self._translation = translation
        self._where = f"{connection.endpoint} ({reading.name})"
        self._rows = operations.Rows()
        self._identity = Identity(connection.request)
        self._dialogue = pair(reading.events)
        self._untold: list[tuple[Timed, Operation]] = []
        turns = self._dialogue.turns
        self.spoken = Spoken(connection, reading.framing, reading.events, turns, [])
        translation.framings[reading.name] += len(connection.messages)
        if reading.framing is not None:
            socket = socket_of(connection, reading.framing, reading.events, turns)
            translation.sockets.append(socket)
            if socket.enveloped:
                translation.sessions.add(connection.request.path)
        if reading.unread:
            self._note_unread(connection)
        for timed in reading.events:
            self._identity.take(timed.at, timed.event)
            if isinstance(timed.event, Control | Ended | Opening | Settled):
                translation.consumed.add(timed.seq)

    def translate_turns(self, busy: outside.Busy, habits: Habits) -> None:
        """Put each call that is understood in its place."""
        untold = deque(self._dialogue.untold)
        for turn in self._dialogue.turns:
            while untold and untold[0].seq < turn.seq:
                self._take_untold(untold.popleft())
            meaning = self._explain(turn, habits)
            self.spoken.meanings.append(meaning)
            for operation in meaning:
                signed = self._identity.sign(operation, turn.started)
                busy.add(self._put(signed, turn.seq, turn.started, turn.duration_ms))
        for timed in untold:
            self._take_untold(timed)

    def translate_rest(self, busy: outside.Busy) -> None:
        """Put what was told without anybody asking, and what subscriptions showed in the end."""
        for timed, operation in self._untold:
            if not busy.at(timed.at):
                self._put(operation, timed.seq, timed.at)
                who = f"taken as {operation.method} by somebody out of sight"
                self._note("info", f"nobody asked for it: {who}", [timed.seq])
        heard = [timed for timed in self._reading.events if not timed.sent]
        for operation in subscriptions.final(self.spoken):
            signed = self._identity.sign(operation, heard[-1].at)
            self._put(signed, heard[-1].seq, heard[-1].at)

    def _take_untold(self, timed: Timed) -> None:
        operation = outside.operation(timed.event, self._rows)
        if timed.seq in self._dialogue.left:
            self._translation.consumed.add(timed.seq)
        elif operation is not None:
            self._untold.append((timed, operation))

    def _explain(self, turn: Turn, habits: Habits) -> list[Operation]:
        """Return the operations of a turn; what belongs to them is said no more."""
        if not isinstance(turn.asked, Call):
            self._consume(turn)
            return subscriptions.explain(turn, self._rows, habits.subscriptions)
        if isinstance(turn.asked, fields.FieldCall):
            operation = fields.explain(turn, habits.fields)
        else:
            operation = virtual.explain(turn) or resumed(turn, habits.resumptions)
            operation = operation or operations.explain(
                turn, self._rows, habits.effects, habits.replies
            )
        if operation is None:
            self._note("warning", f"nothing shows what `{turn.asked.name}` came to", [turn.seq])
            return []
        self._consume(turn)
        return [operation]

    def _put(
        self, operation: Operation, seq: int, started: float, duration_ms: float = 0.0
    ) -> Exchange:
        exchange = operation.exchange(
            self._request,
            seq=seq,
            started=started,
            duration_ms=duration_ms,
            json_type=self._translation.json_type,
        )
        self._translation.put(seq, exchange)
        return exchange

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
