"""GraphQL documents that were sent as HTTP requests."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from harness.traffic.exchange import Exchange
from harness.traffic.framings.events import Answer, Call
from harness.traffic.framings.graphql.answers import is_answer
from harness.traffic.framings.turns import Timed

PATHS = ("graphql", "gql")
"""What addresses are called that documents are sent to."""
_NAMED = re.compile("|".join(PATHS), re.IGNORECASE)


def payloads(exchange: Exchange) -> list[Any]:
    """Return the documents that a request sends, with their variables; none where it is no such."""
    request, response = exchange.request, exchange.response
    if not exchange.is_http or response is None or _NAMED.search(request.path) is None:
        return []
    if request.method == "GET":
        asked: Any = {name: _parameter(name, text) for name, text in request.params()}
    elif request.method == "POST":
        asked = _json(request.body)
    else:
        return []
    found = asked if isinstance(asked, list) else [asked]
    return found if all(map(_is_document, found)) and _answers(exchange) else []


def events(exchange: Exchange) -> Iterator[Timed]:
    """Yield the documents of an exchange as calls, and what came back as answers."""
    ended = exchange.started + exchange.duration_ms / 1000
    asked, told = payloads(exchange), _answers(exchange)
    for number, payload in enumerate(asked):
        call = Call("", (payload,), f"{exchange.seq}.{number}")
        yield Timed(exchange.seq, exchange.started, True, call)
    for number, payload in enumerate(told[: len(asked)]):
        answer = Answer(f"{exchange.seq}.{number}", (payload,))
        yield Timed(exchange.seq, ended, False, answer)


def _is_document(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    query = value.get("query")
    return (isinstance(query, str) and "{" in query) or (
        query is None and "persistedQuery" in (value.get("extensions") or {})
    )


def _answers(exchange: Exchange) -> list[Any]:
    told = _json(exchange.response.body) if exchange.response is not None else None
    found = told if isinstance(told, list) else [told]
    return found if all(map(is_answer, found)) else []


def _parameter(name: str, text: str) -> Any:
    return _json(text.encode()) if name in ("variables", "extensions") else text


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
