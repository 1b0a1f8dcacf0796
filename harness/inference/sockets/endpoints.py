"""The endpoints of the recordings' connections, those of one path and framing as one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from harness.inference.model import (
    Documents,
    Finding,
    Operation,
    Socket,
    VirtualRequests,
)
from harness.inference.sockets.calls import learn_calls
from harness.inference.sockets.events import learn_events
from harness.inference.sockets.subscriptions import learn_subscriptions
from harness.traffic.framings import sockets as seen
from harness.traffic.framings.events import Push
from harness.traffic.framings.graphql.fields import FieldCall
from harness.traffic.framings.graphql_ws import GraphQLWs
from harness.traffic.framings.pushed import Spoken, Write
from harness.traffic.framings.routes import leads_to
from harness.traffic.framings.translation import Translation

_SHOWN = 5
_NOT_FOUND = 404
_OF_ONE_SESSION = ("sid", "upgrades")


@runtime_checkable
class Translated(Protocol):
    """A recording whose messages were read."""

    @property
    def name(self) -> str: ...

    @property
    def translation(self) -> Translation: ...


def learn_sockets(
    recordings: Sequence[object], operations: list[Operation], findings: list[Finding]
) -> list[Socket]:
    """Return the endpoints of every connection that was read, by path.

    What their clients are told, and nothing explains, is added to the findings.
    """
    translated = [each for each in recordings if isinstance(each, Translated)]
    found: dict[tuple[str, str], list[tuple[str, seen.Socket]]] = defaultdict(list)
    for recording in translated:
        for socket in recording.translation.sockets:
            found[socket.path, socket.framing].append((recording.name, socket))
    sockets = [_merged(found[key]) for key in sorted(found)]
    for each in sockets:
        spoken = list(_spoken(translated, each.path))
        writes = list(_writes(translated, each.path))
        if each.framing in (seen.GRAPHQL, GraphQLWs.name):
            spoken = list(_documents_spoken(translated))
            each.documents = _documents(translated, spoken)
        if each.requests is None:
            each.calls = learn_calls(spoken)
        each.subscriptions = learn_subscriptions(spoken)
        if each.framing != seen.GRAPHQL:
            subscribed = each.documents is not None
            each.events = learn_events(writes, operations, findings, subscribed=subscribed)
        by_id = {operation.id: operation for operation in operations}
        broadcast = [(by_id[event.operation], event.name) for event in each.events if event.writer]
        for call in each.calls:
            name = None if call.reply is None else call.reply.event
            if any(
                (name, call.method) == (told, operation.method)
                and leads_to(call.path, operation.path)
                for operation, told in broadcast
            ):
                call.reply = None
        findings += _unexplained(each, spoken, writes)
    return sockets


def _unexplained(
    socket: Socket, spoken: list[tuple[str, Spoken]], writes: list[tuple[str, Write]]
) -> Iterator[Finding]:
    """Yield what is pushed, but neither because of a write nor to answer a call."""
    known = {told.name for _, write in writes for told in write.told}
    replies = [reply for call in socket.calls for reply in (call.reply, call.refusal)]
    known |= {reply.event for reply in replies if reply is not None and reply.event}
    seen: dict[str, list[str]] = defaultdict(list)
    for recording, one in spoken:
        for timed in one.events:
            if isinstance(timed.event, Push) and timed.event.name not in known:
                seen[timed.event.name].append(f"{recording}#{timed.seq}")
    for name, evidence in seen.items():
        yield Finding(
            level="info",
            where=socket.path,
            detail=f"`{name}` follows no write: clients of the clone are not told",
            evidence=evidence[:_SHOWN],
        )


def _spoken(recordings: Sequence[Translated], path: str) -> list[tuple[str, Spoken]]:
    return [
        (recording.name, each)
        for recording in recordings
        for each in recording.translation.spoken
        if each.connection.endpoint == path
    ]


def _documents_spoken(recordings: Sequence[Translated]) -> Iterator[tuple[str, Spoken]]:
    """Yield all conversations in GraphQL: a root field is the same wherever it is asked for."""
    for recording in recordings:
        for each in recording.translation.spoken:
            if any(isinstance(turn.asked, FieldCall) for turn in each.turns):
                yield recording.name, each


def _documents(recordings: Sequence[Translated], spoken: Sequence[tuple[str, Spoken]]) -> Documents:
    learned = [each for one in recordings if (each := one.translation.documents) is not None]
    absent = {
        turn.asked.name
        for _, one in spoken
        for turn, meaning in zip(one.turns, one.meanings, strict=True)
        for operation in meaning
        if isinstance(turn.asked, FieldCall)
        and (operation.status, operation.answer) == (_NOT_FOUND, None)
    }
    return Documents(
        typenames={path: name for each in learned for path, name in each.typenames.items()},
        nullable=sorted({name for each in learned for name in each.nullable}),
        absent=sorted(absent),
        subscriptions=sorted({name for each in learned for name in each.subscriptions}),
        located=any(each.located for each in learned),
    )


def _writes(recordings: Sequence[Translated], path: str) -> list[tuple[str, Write]]:
    return [
        (recording.name, write)
        for recording in recordings
        for write in recording.translation.writes
        if write.socket == path
    ]


def _merged(family: list[tuple[str, seen.Socket]]) -> Socket:
    sockets = [socket for _, socket in family]
    settings = next((each.settings for each in reversed(sockets) if each.settings), {})
    evidence = [f"{name}#{seq}" for name, socket in family for seq in socket.evidence]
    return Socket(
        path=sockets[0].path,
        framing=sockets[0].framing,
        version=max((each.version for each in sockets if each.version is not None), default=None),
        enveloped=any(each.enveloped for each in sockets),
        requests=_requests(sockets),
        settings={name: each for name, each in settings.items() if name not in _OF_ONE_SESSION},
        grammar=sockets[0].grammar,
        date_members=sorted({name for each in sockets for name in each.date_members}),
        query_tokens=sorted({name for each in sockets for name in each.query_tokens}),
        opening_tokens=sorted({name for each in sockets for name in each.opening_tokens}),
        answer_tokens=sorted({name for each in sockets for name in each.answer_tokens}),
        evidence=evidence[:_SHOWN],
    )


def _requests(sockets: list[seen.Socket]) -> VirtualRequests | None:
    found = [each.members for each in sockets if each.members is not None]
    if not found:
        return None
    first = found[0]
    headers = sorted({name for each in found for name in each.headers})
    return VirtualRequests(
        address=first.address, body=first.body, status=first.status, headers=headers
    )
