"""Saying a recorded request to a live backend: recorded values become the bound ones."""

import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from harness.traffic.exchange import Headers, Request, parse_json
from harness.verify.bindings import Bindings, Place, path_place
from harness.verify.values import noun

_FORM = "application/x-www-form-urlencoded"
_NOT_SENT = {
    "host", "connection", "content-length", "transfer-encoding", "keep-alive", "expect", "te",
    "upgrade", "proxy-connection", "proxy-authorization", "accept-encoding", "trailer",
    "if-none-match", "if-modified-since", "forwarded", "via",
}  # fmt: skip


class Translator:
    """Translates the parts of requests; `origins` maps recorded origins to the live one."""

    def __init__(self, bindings: Bindings, origins: dict[str, str]) -> None:
        self._bindings = bindings
        self._origins = origins

    def target(self, request: Request) -> str:
        """Return path and query."""
        path = self._path(request.path)
        return f"{path}?{self._query(request)}" if request.query else path

    def headers(self, request: Request) -> Headers:
        return tuple(
            (name, self._header(name.lower(), value))
            for name, value in request.headers
            if name.lower() not in _NOT_SENT and not name.lower().startswith(("x-forwarded-", ":"))
        )

    def body(self, request: Request) -> bytes:
        if not request.body:
            return b""
        owner = _collection(request.path)
        if request.content_type == _FORM:
            return self._form(request.body, owner)
        try:
            value = parse_json(request.body)
        except ValueError:
            return self._raw(request.body)
        translated = self._json(value, "", owner)
        return request.body if translated == value else json.dumps(translated).encode()

    def _path(self, path: str) -> str:
        segments, previous = [], ""
        for segment in path.split("/"):
            text = unquote(segment)
            live = self._bindings.translate_text(text, path_place(previous))
            segments.append(segment if live == text else quote(live, safe="-._~:@!$&'()*+,;="))
            previous = text
        return "/".join(segments)

    def _query(self, request: Request) -> str:
        owner = _collection(request.path)
        parts = []
        for part in request.query.split("&"):
            [(name, value)] = parse_qsl(part, keep_blank_values=True) or [("", "")]
            live = self._text(value, Place(name, owner))
            parts.append(part if live == value else urlencode([(name, live)]))
        return "&".join(parts)

    def _form(self, body: bytes, owner: str) -> bytes:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
        live = [(name, self._text(value, Place(name, owner))) for name, value in pairs]
        return body if live == pairs else urlencode(live).encode()

    def _raw(self, body: bytes) -> bytes:
        try:
            return self._text(body.decode(), Place()).encode()
        except UnicodeDecodeError:
            return body

    def _json(self, value: Any, key: str, owner: str) -> Any:
        if isinstance(value, dict):
            inner = noun(key) if key else owner
            return {name: self._json(item, name, inner) for name, item in value.items()}
        if isinstance(value, list):
            return [self._json(item, key, owner) for item in value]
        if isinstance(value, str):
            return self._text(value, Place(key, owner))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._bindings.translate_number(value, Place(key, owner))
        return value

    def _header(self, name: str, value: str) -> str:
        if name == "cookie":
            return "; ".join(self._cookie(part.strip()) for part in value.split(";"))
        return self._text(value, Place())

    def _cookie(self, pair: str) -> str:
        name, separator, value = pair.partition("=")
        return name + separator + self._bindings.translate_text(value, Place())

    def _text(self, value: str, place: Place) -> str:
        for recorded, live in self._origins.items():
            value = value.replace(recorded, live)
        return self._bindings.translate_text(value, place)


def _collection(path: str) -> str:
    named = [part for part in path.split("/") if part and not any(c.isdigit() for c in part)]
    return noun(named[-1]) if named else ""
