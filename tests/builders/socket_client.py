"""A client of socket.io, as browsers' libraries are, with virtual requests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from websockets.sync.client import connect


class Wire(Protocol):
    def send(self, message: Any) -> None: ...

    def recv(self, timeout: float | None = None) -> str | bytes: ...


class SocketClient:
    def __init__(self, connection: Wire, namespace: str = "") -> None:
        self._connection = connection
        self._prefix = f"{namespace}," if namespace else ""
        self._number = 0
        self.pings = 0

    def say(self, text: str | bytes) -> None:
        self._connection.send(text)

    def hear(self) -> str:
        """Return the next message; the server's pings are answered."""
        while (text := self._connection.recv(timeout=10)) == "2":
            self.pings += 1
            self.say("3")
        assert isinstance(text, str)
        return text

    def fall_silent(self) -> None:
        """Say nothing more; raise ConnectionClosed once the server has had enough."""
        while True:
            self._connection.recv(timeout=10)

    def emit(self, name: str, *arguments: Any) -> int:
        """Send an event that wants an acknowledgement; return its number."""
        self._number += 1
        self.say(f"42{self._prefix}{self._number}{json.dumps([name, *arguments])}")
        return self._number

    def request(
        self, method: str, url: str, data: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Make a virtual request; return what its acknowledgement says."""
        said = {"method": method, "url": url, "headers": headers or {}, "data": data or {}}
        head = f"43{self._prefix}{self.emit(method, said)}"
        text = self.hear()
        assert text.startswith(f"{head}["), text
        (told,) = json.loads(text.removeprefix(head))
        assert isinstance(told, dict)
        return told


@contextmanager
def opened(
    base_url: str,
    *,
    version: int = 4,
    query: str = "",
    opening: str = "",
    headers: dict[str, str] | None = None,
) -> Iterator[SocketClient]:
    """Open a connection, join the main namespace, and leave at the end."""
    address = f"{base_url.replace('http', 'ws', 1)}/socket.io/"
    url = f"{address}?EIO={version}&transport=websocket{query}"
    with connect(url, additional_headers=headers or {}, proxy=None) as connection:
        client = SocketClient(connection)
        assert client.hear().startswith('0{"sid": "')
        if version > 3:
            client.say(f"40{opening}")
        assert client.hear().startswith("40")
        yield client
