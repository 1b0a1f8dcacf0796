"""Virtual requests: messages that are HTTP requests in all but name.

A call with an address and a method, answered by an object with a status code, needs no further
explanation.
"""

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


def explain(turn: Turn) -> Operation | None:
    """Return the HTTP exchange that a turn is; None where it is no virtual request."""
    asked = turn.asked
    if not isinstance(asked, Call):
        return None
    said = next((each for each in asked.arguments if isinstance(each, dict)), None)
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


def _address(said: dict[str, Any]) -> str | None:
    for name in _ADDRESSES:
        value = said.get(name)
        if isinstance(value, str) and (value.startswith("/") or "://" in value):
            return value
    return None


def _answered(turn: Turn) -> tuple[int | None, Any, Headers]:
    if not isinstance(turn.reply, Answer):
        return None, NOTHING, ()
    told = next((each for each in turn.reply.values if isinstance(each, dict)), {})
    for name in _STATUSES:
        status = told.get(name)
        if isinstance(status, int) and _LOWEST_STATUS <= status < _TOO_HIGH:
            return status, told.get("body", NOTHING), _headers(told.get("headers"))
    return None, NOTHING, ()


def _headers(value: Any) -> Headers:
    if not isinstance(value, dict):
        return ()
    return tuple((str(name).lower(), each) for name, each in value.items() if isinstance(each, str))
