"""The WebSocket endpoints of the recordings, those of one path and framing as one."""

from collections import defaultdict
from collections.abc import Sequence

from harness.inference.live_events import Translated, learn_events
from harness.inference.model import Operation, Socket, VirtualRequests
from harness.traffic.framings import sockets as seen

_SHOWN = 5
_OF_ONE_SESSION = ("sid", "upgrades")


def learn_sockets(recordings: Sequence[object], operations: list[Operation]) -> list[Socket]:
    """Return the endpoints of every connection that was read, by path."""
    found: dict[tuple[str, str], list[tuple[str, seen.Socket]]] = defaultdict(list)
    for recording in recordings:
        if isinstance(recording, Translated):
            for socket in recording.translation.sockets:
                found[socket.path, socket.framing].append((recording.name, socket))
    sockets = [_merged(found[key]) for key in sorted(found)]
    for each in sockets:
        if each.requests is not None:
            each.events = learn_events(recordings, operations, each.path)
    return sockets


def _merged(family: list[tuple[str, seen.Socket]]) -> Socket:
    sockets = [socket for _, socket in family]
    settings = next((each.settings for each in reversed(sockets) if each.settings), {})
    evidence = [f"{name}#{seq}" for name, socket in family for seq in socket.evidence]
    return Socket(
        path=sockets[0].path,
        framing=sockets[0].framing,
        version=max((each.version for each in sockets if each.version is not None), default=None),
        requests=_requests(sockets),
        settings={name: each for name, each in settings.items() if name not in _OF_ONE_SESSION},
        query_tokens=sorted({name for each in sockets for name in each.query_tokens}),
        opening_tokens=sorted({name for each in sockets for name in each.opening_tokens}),
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
