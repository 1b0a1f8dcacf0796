"""What other clients are told after an operation, where every recorded time agrees.

One audience is believed in: the clients that were shown the row which the first key in the
operation's path names. An event that went to others, or not to all of these, is left out.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from harness.inference.model import LiveEvent, Operation
from harness.traffic.framings.pushed import Write
from harness.traffic.framings.translate import Translation

_SHOWN = 5
_PARAMETER = re.compile(r"\\\{[^}]+\\\}")


@runtime_checkable
class Translated(Protocol):
    """A recording whose messages were read."""

    @property
    def name(self) -> str: ...

    @property
    def translation(self) -> Translation: ...


def learn_events(
    recordings: Iterable[object], operations: list[Operation], socket: str
) -> list[LiveEvent]:
    """Return the events of a socket, in the order of the operations."""
    seen = [
        (recording.name, write)
        for recording in recordings
        if isinstance(recording, Translated)
        for write in recording.translation.writes
        if write.socket == socket
    ]
    return [event for each in operations for event in _events(each, seen)]


def _events(operation: Operation, seen: list[tuple[str, Write]]) -> Iterator[LiveEvent]:
    pattern = re.compile(_PARAMETER.sub("([^/]+)", re.escape(operation.path)))
    writes = [
        (name, write, match[1])
        for name, write in seen
        if write.method == operation.method
        and pattern.groups
        and (match := pattern.fullmatch(write.path))
    ]
    names = {told.name for _, write, _ in writes for told in write.told}
    for name in sorted(names):
        if all(_explained(write, key, name) for _, write, key in writes):
            told = [each for _, write, _ in writes for each in write.told if each.name == name]
            if len({each.members for each in told}) == 1:
                yield LiveEvent(
                    operation=operation.id,
                    name=name,
                    members=list(told[0].members),
                    evidence=[f"{recording}#{write.seq}" for recording, write, _ in writes][
                        :_SHOWN
                    ],
                )


def _explained(write: Write, key: str, name: str) -> bool:
    """Whether those who knew the row, and no others, were told the event once."""
    told = [each.to for each in write.told if each.name == name]
    return sorted(told) == sorted(write.aware.get(key, set()))
