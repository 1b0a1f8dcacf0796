"""The module that serves the WebSocket endpoint of the original's clients.

It is made where recordings show socket.io with virtual requests: these go through the application
itself, so that it answers as it does over HTTP.
"""

import re
from typing import Any

from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.inference.model import Socket
from harness.traffic.framings.pushed import KEYS

FRAMING = "socket.io"
_OLDEST, _NEWEST = 3, 4
_SETTINGS = {"pingInterval": 25_000, "pingTimeout": 20_000}
"""What servers tell unless they are set otherwise."""
_LIMIT = "maxPayload"
_PARAMETER = re.compile(r"\\\{[^}]+\\\}")


def served(backend: Backend) -> list[Socket]:
    """Return the endpoints that are served, the one that most is known of first."""
    found = [
        socket
        for socket in backend.model.sockets
        if socket.framing == FRAMING
        and socket.requests is not None
        and socket.version in (_OLDEST, _NEWEST)
    ]
    found.sort(key=lambda socket: -len(socket.evidence))
    return [socket for socket in found if socket.version == found[0].version]


def socket_values(backend: Backend, sockets: list[Socket]) -> dict[str, Any]:
    """Return what the template of the module needs to know."""
    first, requests = sockets[0], sockets[0].requests
    assert requests is not None  # noqa: S101 - only such are served
    told = {name: value for name, value in first.settings.items() if isinstance(value, int)}
    settings = {name: told.get(name, usual) for name, usual in _SETTINGS.items()}
    if _LIMIT in told:
        settings[_LIMIT] = told[_LIMIT]
    primary = {entity.pk for entity in backend.model.entities}
    return {
        "paths": [socket.path for socket in sockets],
        "pings": first.version == _NEWEST,
        "settings": settings,
        "requests": requests,
        "events": live_events(backend),
        "keys": [name for name in KEYS if name in primary] or KEYS,
        "query_tokens": first.query_tokens,
        "opening_tokens": first.opening_tokens,
        "cookies": backend.auth is not None and backend.auth.cookie is not None,
    }


def live_events(backend: Backend) -> list[dict[str, str]]:
    """Return the events of the operations that are built, as code."""
    built = {operation.id: operation for operation in backend.operations}
    return [
        {
            "method": operation.method,
            "pattern": literal(_pattern(operation.path)),
            "name": literal(event.name),
            "members": f"({', '.join(map(literal, event.members))},)",
        }
        for socket in served(backend)[:1]
        for event in socket.events
        if (operation := built.get(event.operation)) is not None
    ]


def _pattern(path: str) -> str:
    return _PARAMETER.sub("([^/]+)", re.escape(path)).replace("\\-", "-")
