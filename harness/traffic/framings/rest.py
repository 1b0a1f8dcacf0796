"""An operation as the HTTP exchange that it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from harness.traffic.exchange import Exchange, Headers, Request, Response, header
from harness.traffic.framings.framing import text_of

NOTHING = object()
"""No body at all, which is not `null`."""

JSON_TYPE = "application/json"
_NO_CONTENT = 204
_ABOUT_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding"})
_KEPT_OF_HANDSHAKE = frozenset({"authorization", "cookie", "accept-language", "x-api-key"})


@dataclass(frozen=True, slots=True)
class Operation:
    """Method, path and JSON values of what a turn stands for.

    `answer` is NOTHING where the server says no more than that it is done; `status` is None where
    no answer was seen.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = NOTHING
    headers: Headers = ()
    status: int | None = None
    answer: Any = NOTHING
    answer_headers: Headers = ()

    def exchange(
        self, handshake: Request, *, seq: int, started: float, duration_ms: float, json_type: str
    ) -> Exchange:
        """Write the operation as an exchange with the host of its connection.

        `json_type` is the content type of answers that do not say theirs.
        """
        request = Request(
            method=self.method,
            scheme=handshake.scheme,
            host=handshake.host,
            path=self.path,
            query=urlencode(self.query),
            headers=_headers(
                self.body, JSON_TYPE, (*_inherited(handshake, self.headers), *self.headers)
            ),
            body=_bytes(self.body, self.headers),
        )
        return Exchange(seq, request, self._response(json_type), started, duration_ms)

    def _response(self, json_type: str) -> Response | None:
        if self.status is None:
            return None
        body = b"" if self.status == _NO_CONTENT else _bytes(self.answer, self.answer_headers)
        headers = _headers(self.answer if body else NOTHING, json_type, self.answer_headers)
        return Response(self.status, headers, body)

    def authorized(self, name: str, value: str) -> "Operation":
        """Add a credential, unless the message brought one of its own."""
        if header(self.headers, name) is not None:
            return self
        return replace(self, headers=(*self.headers, (name, value)))


def query_pairs(data: Any, prefix: str = "") -> Iterable[tuple[str, str]]:
    """Flatten JSON into query parameters, as browsers' libraries do: `a[b]=1&list[]=2`."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from query_pairs(value, f"{prefix}[{key}]" if prefix else str(key))
    elif isinstance(data, list):
        for value in data:
            yield from query_pairs(value, f"{prefix}[]")
    elif prefix:
        yield prefix, _plain(data)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else text_of(value)


def _inherited(handshake: Request, own: Headers) -> Headers:
    return tuple(
        (name.lower(), value)
        for name, value in handshake.headers
        if name.lower() in _KEPT_OF_HANDSHAKE and header(own, name) is None
    )


def _headers(body: Any, json_type: str, headers: Headers) -> Headers:
    kept = tuple(pair for pair in headers if pair[0].lower() not in _ABOUT_BODY)
    if body is NOTHING or header(kept, "content-type") is not None:
        return kept
    return (*kept, ("content-type", json_type))


def plain(value: Any) -> Any:
    """Return JSON with the dates of extended JSON (`{"$date": 0}`) as text."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$date"} and isinstance(value["$date"], int | float):
        try:
            moment = datetime.fromtimestamp(value["$date"] / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            return value
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {name: plain(each) for name, each in value.items()}


def _bytes(value: Any, headers: Headers) -> bytes:
    if value is NOTHING:
        return b""
    value = plain(value)
    kind = header(headers, "content-type") or JSON_TYPE
    return (value if isinstance(value, str) and "json" not in kind else text_of(value)).encode()
