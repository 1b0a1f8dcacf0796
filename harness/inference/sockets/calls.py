"""What each kind of call comes to: an operation, and how its outcome is told."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.inference.model import Reply, SocketCall
from harness.traffic.exchange import header
from harness.traffic.framings.events import Answer, Call, Push, Subscribe
from harness.traffic.framings.framing import object_in
from harness.traffic.framings.plain_json import PlainJson
from harness.traffic.framings.pushed import Spoken
from harness.traffic.framings.recipes import Items, Recipe, Sample, learn
from harness.traffic.framings.replies import said_by
from harness.traffic.framings.rest import NOTHING, Operation
from harness.traffic.framings.routes import Key, key_of, learn_route, source_of
from harness.traffic.framings.spaces import kind_of, parts_of
from harness.traffic.framings.turns import Turn

_SHOWN = 5
_REFUSED = 400
_JOIN = "phx_join"


@dataclass(frozen=True, slots=True)
class Came:
    """A call with the operation that it came to, its answer's values, and its id as evidence."""

    turn: Turn
    operation: Operation
    values: list[Any]
    id: str

    @property
    def refused(self) -> bool:
        return (self.operation.status or 0) >= _REFUSED

    @property
    def credential(self) -> str | None:
        """The token with which a call brings its own session."""
        said = header(self.operation.headers, "authorization")
        return None if said is None else said.removeprefix("Bearer ")

    @property
    def source(self) -> dict[str, Any]:
        answer = self.operation.answer
        return {"answer": None if answer is NOTHING else answer}


def learn_calls(spoken: Iterable[tuple[str, Spoken]]) -> list[SocketCall]:
    """Return the calls of one endpoint whose operations are known, by recording and connection.

    Those that go on with a session have a credential, and may go by the name of others.
    """
    families: dict[tuple[Key, bool], list[Came]] = defaultdict(list)
    for recording, one in spoken:
        for turn, meaning in zip(one.turns, one.meanings, strict=True):
            if isinstance(turn.asked, Call) or isinstance(turn.reply, Answer):
                for each in meaning:
                    came = Came(turn, each, _answer(one, turn), f"{recording}#{turn.seq}")
                    families[_key(turn.asked), came.credential is not None].append(came)
    found = (_call(key, family) for (key, _), family in families.items())
    calls = [call for call in found if call is not None]
    replies = _most_usual([call.reply for call in calls])
    refusals = _most_usual([call.refusal for call in calls])
    for call in calls:
        call.reply = call.reply or replies
        call.refusal = call.refusal or refusals
    return calls


def _most_usual(replies: Sequence[Reply | None]) -> Reply | None:
    """What is told most often stands for what was never seen of a call."""
    counts = Counter(each.model_dump_json() for each in replies if each is not None)
    return Reply.model_validate_json(counts.most_common(1)[0][0]) if counts else None


def _key(asked: Call | Subscribe) -> Key:
    """Topics that are joined are called by the name of the event that does it."""
    if isinstance(asked, Call):
        return key_of(asked)
    return (kind_of(parts_of(asked.name)), _JOIN)


def _answer(spoken: Spoken, turn: Turn) -> list[Any]:
    """The values of an answer; in plain JSON, the whole message without the call's reference."""
    if not isinstance(turn.reply, Answer):
        return []
    if not isinstance(spoken.framing, PlainJson):
        return list(turn.reply.values)
    message = next(m for m in spoken.connection.messages if m.seq == turn.reply_seq)
    said = object_in(message.data)
    said.pop(spoken.framing.grammar.answered or "", None)
    return [said]


def _call(key: Key, family: Sequence[Came]) -> SocketCall | None:
    route = learn_route([(each.turn.asked, each.operation) for each in family])
    if route is None:
        return None
    credentials = [Sample(source_of(each.turn.asked), each.credential) for each in family]
    return SocketCall(
        key=list(key),
        credential=None if family[0].credential is None else learn(credentials),
        method=route.method,
        path=list(route.path),
        query=route.query,
        body=route.body,
        reply=_reply([each for each in family if not each.refused]),
        refusal=_reply([each for each in family if each.refused]),
        evidence=[each.id for each in family][:_SHOWN],
    )


def _reply(family: Sequence[Came]) -> Reply | None:
    """How an outcome is told: in answers to the calls, else in an event to the caller."""
    answered = [
        Sample(each.source, each.values) for each in family if isinstance(each.turn.reply, Answer)
    ]
    if answered:
        values = _values(answered)
        return None if values is None else Reply(values=values)
    told = [(each, push) for each in family for push in _echoed(each)]
    names = {push.name for _, push in told}
    if len(names) != 1 or len(told) != len(family):
        return None
    values = _values([Sample(each.source, list(push.arguments)) for each, push in told])
    return None if values is None else Reply(values=values, event=names.pop())


def _values(samples: Sequence[Sample]) -> Recipe | None:
    """The recipe of a list of values; answers that say nothing are like those that say null."""
    telling = [each for each in samples if each.target]
    return learn(telling) if telling else Items()


def _echoed(came: Came) -> Iterator[Push]:
    """Yield the first push to the caller which says what the call came to."""
    for timed in came.turn.told:
        event = timed.event
        if isinstance(event, Push) and said_by(event) == came.operation.answer:
            yield event
            return
