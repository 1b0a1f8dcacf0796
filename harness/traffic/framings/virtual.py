"""Virtual requests: messages that are HTTP requests in all but name.

A call with an address and a method, answered by an object with a status code, needs no further
explanation.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.traffic.exchange import Headers
from harness.traffic.framings.events import Answer, Call
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.turns import Turn

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_IN_QUERY = frozenset({"GET", "HEAD"})
_ADDRESSES = ("url", "path", "uri")
_BODIES = ("data", "body", "params", "payload")
_STATUSES = ("statusCode", "status", "code")
_LOWEST_STATUS, _TOO_HIGH = 100, 600


@dataclass(frozen=True, slots=True)
class Members:
    """How virtual requests and answers name their parts; the headers of answers as spelled."""

    address: str
    body: str
    status: str
    headers: tuple[str, ...] = ()


def members(turn: Turn) -> Members | None:
    """Return how a turn names its parts; None where it is no answered virtual request."""
    if not isinstance(turn.reply, Answer) or explain(turn) is None:
        return None
    assert isinstance(turn.asked, Call)  # noqa: S101 - explain says so
    said, told = _object(turn.asked.arguments), _object(turn.reply.values)
    if said is None or told is None:
        return None
    headers = told.get("headers")
    return Members(
        address=next(name for name in _ADDRESSES if _is_address(said.get(name))),
        body=next((name for name in _BODIES if name in said), _BODIES[0]),
        status=next(name for name in _STATUSES if _is_status(told.get(name))),
        headers=tuple(headers) if isinstance(headers, dict) else (),
    )


def explain(turn: Turn) -> Operation | None:
    """Return the HTTP exchange that a turn is; None where it is no virtual request."""
    asked = turn.asked
    if not isinstance(asked, Call):
        return None
    said = _object(asked.arguments)
    if said is None:
        return None
    method, address = _method(asked.name, said), _address(said)
    if method is None or address is None:
        return None
    status, answer, answer_headers = _answered(turn)
    if turn.reply is not None and status is None:
        return None
    parts = urlsplit(address)
    query = parse_qsl(parts.query, keep_blank_values=True)
    data = next((said[name] for name in _BODIES if name in said), NOTHING)
    if method in _IN_QUERY:
        query += query_pairs(data)
        data = NOTHING
    return Operation(
        method=method,
        path=parts.path or "/",
        query=tuple(query),
        body=NOTHING if method == "DELETE" and not data else data,
        headers=_headers(said.get("headers")),
        status=status,
        answer=answer,
        answer_headers=answer_headers,
    )


def _method(name: str, said: dict[str, Any]) -> str | None:
    for word in (said.get("method"), name):
        if isinstance(word, str) and word.lower() in _METHODS:
            return word.upper()
    return None


def _object(values: tuple[Any, ...]) -> dict[str, Any] | None:
    return next((each for each in values if isinstance(each, dict)), None)


def _address(said: dict[str, Any]) -> str | None:
    return next((said[name] for name in _ADDRESSES if _is_address(said.get(name))), None)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith("/") or "://" in value)


def _answered(turn: Turn) -> tuple[int | None, Any, Headers]:
    if not isinstance(turn.reply, Answer):
        return None, NOTHING, ()
    told = _object(turn.reply.values) or {}
    status = next((told[name] for name in _STATUSES if _is_status(told.get(name))), None)
    if status is None:
        return None, NOTHING, ()
    return status, told.get("body", NOTHING), _headers(told.get("headers"))


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and _LOWEST_STATUS <= value < _TOO_HIGH


def _headers(value: Any) -> Headers:
    if not isinstance(value, dict):
        return ()
    return tuple((str(name).lower(), each) for name, each in value.items() if isinstance(each, str))
