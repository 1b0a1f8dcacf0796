"""Pseudonyms: secrets are replaced on the way in, so that what belongs together still does."""

import base64
import binascii
import re
from dataclasses import replace
from functools import lru_cache

from harness.traffic.exchange import Exchange, Headers, Request, Response
from harness.traffic.known import KnownSecrets
from harness.traffic.lexicon import is_password, is_session, is_token
from harness.traffic.named import DISTINCT, NamedSecrets, Side, is_token_like, is_word
from harness.traffic.stand_ins import StandIns

_PART = re.compile(
    rb'(content-disposition:[^\r\n]*;\s*name="([^"\r\n]*)"(?:\r?\n[^\r\n]+)*\r?\n\r?\n)'
    rb"(.*?)(?=\r?\n--)",
    re.IGNORECASE | re.DOTALL,
)
_CREDENTIALS = re.compile(rb"([A-Za-z][\w\-]*)\s+(\S+)\s*")
_SIGNED = re.compile(rb'(?i)((?:response|c?nonce|signature|credential|opaque)="?)([^",\s]+)')
_SCHEMES = frozenset({b"bearer", b"token", b"basic", b"digest", b"jwt"})
_CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization"})
_PUBLIC_PREFIXES = ("access-control-", "sec-", "accept", "content-")
_PUBLIC_HEADERS = frozenset(
    {"age", "cache-control", "connection", "date", "etag", "expires", "host", "last-modified"}
    | {"pragma", "server", "strict-transport-security", "user-agent", "vary", "www-authenticate"}
)
_TELLING = re.compile(rb"=|eyJ|_live_|_test_")
_CACHED = 8192
_ERRORS = 400


class Pseudonyms:
    """Replaces secrets by stand-ins, exchange by exchange; remembers what it has seen.

    What a name gives away as a password, token or key is replaced where it stands. If it is
    distinctive, it is also replaced wherever else it occurs, from that exchange on.
    """

    def __init__(self, key: bytes, personal: bool = False) -> None:
        self._known = KnownSecrets()
        self._named = NamedSecrets(StandIns(key), self._known, personal=personal)
        self._handshake: tuple[Request, int, Request] | None = None
        self._keyed_header = lru_cache(maxsize=_CACHED)(self._header)
        self._known_header = lru_cache(maxsize=_CACHED)(self._settled_header)
        self._known_when_cached = 0

    def apply(self, exchange: Exchange) -> Exchange:
        """Return the exchange without its secrets."""
        if not exchange.is_http:
            side: Side = "asked" if exchange.channel == "sent" else "answered"
            message = self._named.in_text(exchange.message, side)
            request = self._handshake_of(exchange.request)
            return replace(exchange, request=request, message=self._known.replace(message))
        self._named.short.clear()
        request = self._keyed_request(exchange.request)
        echoed = {} if exchange.response is None else self._echoed(request)
        response = exchange.response and self._keyed_response(exchange.response, echoed)
        return replace(
            exchange,
            request=self._settled_request(request),
            response=response and self._settled_response(response),
        )

    def settle(self, text: bytes) -> bytes:
        """Replace in a text that was written earlier what has been learned by now."""
        return self._known.replace(text)

    @property
    def doubts(self) -> int:
        """How many secrets may have been in exchanges before they were known."""
        return self._known.doubts

    def _handshake_of(self, request: Request) -> Request:
        """Return the request of a message's handshake, made once for all its messages."""
        known = len(self._known)
        if self._handshake is None or self._handshake[:2] != (request, known):
            made = self._settled_request(self._keyed_request(request))
            self._handshake = request, known, made
        return self._handshake[2]

    # ------------------------------------------------------------ where names give them away

    def _keyed_request(self, request: Request) -> Request:
        query = self._named.in_text(_bytes(request.query), "asked") if request.query else b""
        return Request(
            request.method,
            request.scheme,
            request.host,
            request.path,
            _text(query),
            self._keyed_headers(request.headers, "asked"),
            self._keyed_body(request.body, request.content_type, "asked"),
        )

    def _keyed_response(self, response: Response, echoed: dict[bytes, bytes]) -> Response:
        side: Side = "refused" if response.status >= _ERRORS else "answered"
        body = self._keyed_body(response.body, response.content_type, side)
        if side == "refused":
            for secret, stand_in in echoed.items():
                value = rb'"' + re.escape(secret) + rb'"(?!\s*:)'
                made = b'"' + stand_in.replace(b"\\", rb"\\") + b'"'
                body = re.sub(value, made, body)
        return Response(response.status, self._keyed_headers(response.headers, side), body)

    def _echoed(self, request: Request) -> dict[bytes, bytes]:
        """Return what an error may repeat of the request: ordinary words, but secret there."""
        return {
            secret: stand_in
            for secret, stand_in in self._named.short.items()
            if b'"' + secret + b'"' not in request.body and b'"' not in secret
        }

    def _keyed_headers(self, headers: Headers, side: Side) -> Headers:
        keyed = self._keyed_header
        return tuple([(name, keyed(name, value, side)) for name, value in headers])

    def _header(self, name: str, value: str, side: Side) -> str:
        name = name.lower()
        if name in _PUBLIC_HEADERS or name.startswith(_PUBLIC_PREFIXES):
            return value
        data = _bytes(value)
        if name in _CREDENTIAL_HEADERS:
            return _text(self._credentials(data))
        if name in ("cookie", "set-cookie"):
            return _text(self._cookies(data, pairs=1 if name == "set-cookie" else None))
        if self._named.is_secret(name, data, "asked"):
            return _text(self._named.secret(data, "plain"))
        return _text(self._named.in_text(data, side)) if _TELLING.search(data) else value

    def _keyed_body(self, body: bytes, content_type: str, side: Side) -> bytes:
        if content_type == "multipart/form-data":
            return _PART.sub(self._part, body)
        return self._named.in_text(body, side) if body else body

    def _part(self, match: re.Match[bytes]) -> bytes:
        value = match[3]
        if value and self._named.is_secret(_text(match[2]), value, "asked"):
            value = self._named.secret(value, "plain")
        return match[1] + value

    def _credentials(self, value: bytes) -> bytes:
        """Replace what follows the scheme; of Basic the password alone."""
        match = _CREDENTIALS.fullmatch(value)
        if match is None:
            if b"=" in value and b" " in value:
                return _SIGNED.sub(lambda at: at[1] + self._named.secret(at[2], "plain"), value)
            return value if value.lower() in _SCHEMES else self._named.secret(value, "plain")
        if match[1].lower() == b"basic":
            return match[1] + b" " + self._basic(match[2])
        return match[1] + b" " + self._named.secret(match[2], "plain")

    def _basic(self, written: bytes) -> bytes:
        try:
            user, colon, password = base64.b64decode(written, validate=True).partition(b":")
        except binascii.Error:
            colon = b""
        if not colon:
            return self._named.secret(written, "plain")
        return base64.b64encode(user + colon + self._named.secret(password, "plain"))

    def _cookies(self, value: bytes, pairs: int | None) -> bytes:
        parts = value.split(b";")
        for index, part in enumerate(parts[:pairs]):
            name, equals, content = part.partition(b"=")
            if equals and _is_secret_cookie(_text(name.strip()), content):
                parts[index] = name + equals + self._named.secret(content, "url")
        return b";".join(parts)

    # ----------------------------------------------------------------- wherever they turn up

    def _settled_request(self, request: Request) -> Request:
        settle = self._known.replace
        return Request(
            request.method,
            request.scheme,
            request.host,
            _text(settle(_bytes(request.path))),
            _text(settle(_bytes(request.query))),
            self._settled_headers(request.headers),
            settle(request.body),
        )

    def _settled_response(self, response: Response) -> Response:
        headers = self._settled_headers(response.headers)
        return Response(response.status, headers, self._known.replace(response.body))

    def _settled_headers(self, headers: Headers) -> Headers:
        if len(self._known) != self._known_when_cached:
            self._known_header.cache_clear()
            self._known_when_cached = len(self._known)
        settled = self._known_header
        return tuple(
            [(name, settled(value) if len(value) >= DISTINCT else value) for name, value in headers]
        )

    def _settled_header(self, value: str) -> str:
        return _text(self._known.replace(_bytes(value)))


def _bytes(text: str) -> bytes:
    return text.encode()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _is_secret_cookie(name: str, value: bytes) -> bool:
    if is_word(value):
        return False
    return is_token(name) or is_password(name) or is_session(name) or is_token_like(value)
