"""The recordings, as a model reads them: found by what they say, shown in bounded text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.traffic.exchange import Exchange, Headers, parse_json
from harness.traffic.store import Recording

_SHOWN_HEADERS = (
    *("authorization", "content-type", "cookie", "location", "link", "set-cookie", "allow"),
    *("x-total-count", "www-authenticate", "accept"),
)


@dataclass(frozen=True, slots=True)
class Query:
    """What exchanges are wanted; everything that is given has to hold."""

    method: str = ""
    path: str = ""
    """Part of the path and query."""
    status: int = 0
    text: str = ""
    """Part of a body."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Query":
        return cls(
            str(given.get("method") or "").upper(),
            str(given.get("path") or ""),
            int(given.get("status") or 0),
            str(given.get("text") or ""),
        )

    def wants(self, one: Exchange) -> bool:
        if one.response is None or not one.is_http:
            return False
        text = self.text.encode()
        return (
            self.method in ("", one.request.method)
            and self.path in _target(one)
            and self.status in (0, one.response.status)
            and (text in one.request.body or text in one.response.body)
        )


def named(recordings: Iterable[Recording], name: str) -> Exchange | None:
    """Return the exchange called `recording#seq`."""
    recording, _, seq = name.partition("#")
    for one in recordings:
        if one.name == recording and seq.isdigit():
            return next((exchange for exchange in one if exchange.seq == int(seq)), None)
    return None


def found(recordings: Iterable[Recording], query: Query) -> Iterator[tuple[str, Exchange]]:
    for recording in recordings:
        for exchange in recording:
            if query.wants(exchange):
                yield f"{recording.name}#{exchange.seq}", exchange


def line(name: str, one: Exchange) -> str:
    """Return an exchange in a line."""
    status = one.response.status if one.response else "no answer"
    return f"{name} {one.request.method} {_target(one)} -> {status}"


def shown(name: str, one: Exchange, most: int = 3000) -> str:
    """Return an exchange in full, each body cut at `most` characters."""
    parts = [line(name, one), *_headers(one.request.headers)]
    parts += _body(one.request.body, most)
    if one.response is not None:
        parts += [f"--- {one.response.status}", *_headers(one.response.headers)]
        parts += _body(one.response.body, most)
    return "\n".join(parts)


def _target(one: Exchange) -> str:
    return one.request.path + (f"?{one.request.query}" if one.request.query else "")


def _headers(headers: Headers) -> list[str]:
    return [f"{name}: {value[:200]}" for name, value in headers if name.lower() in _SHOWN_HEADERS]


def _body(body: bytes, most: int) -> list[str]:
    if not body:
        return []
    try:
        text = json.dumps(parse_json(body), ensure_ascii=False, indent=1)
    except ValueError:
        text = body.decode(errors="replace")
    return [text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"]
