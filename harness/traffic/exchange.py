"""One HTTP request with its response: the unit of traffic."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, whatever its case."""
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


def parse_json(body: bytes) -> Any:
    """Return the JSON value of a body; raise ValueError where there is none."""
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was sent. `path` keeps its percent-encoding, `query` has no question mark."""

    method: str
    scheme: str
    host: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    def params(self) -> list[tuple[str, str]]:
        """Query parameters in order, decoded; a name without `=` has the empty value."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case; empty when none was sent."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its body decoded (no content-encoding)."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @property
    def content_type(self) -> str:
        return (self.header("content-type") or "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its response, or one WebSocket message.

    `seq` counts from 1 within a recording. `started` is in seconds since the epoch.
    `response` is None when the client left before an answer came.
    A WebSocket message has the handshake's request, `channel` "sent" or "received",
    no response, and the message in `message`.
    `client` tells apart who sent it, where that was seen: a browser profile or a proxy's client.
    """

    seq: int
    request: Request
    response: Response | None
    started: float = 0.0
    duration_ms: float = 0.0
    channel: Literal["http", "sent", "received"] = "http"
    message: bytes = b""
    client: str = ""

    @property
    def is_http(self) -> bool:
        return self.channel == "http"


Exchanges = Iterator[Exchange]
