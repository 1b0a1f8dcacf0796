"""The texts of an exchange, one by one: what is read, and what is replaced."""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode

import msgspec

from harness.traffic.exchange import Exchange, Headers, Request, Response, parse_json
from harness.verify.known import pairs

FORM = "application/x-www-form-urlencoded"
PLACES = frozenset({"location", "content-location", "link", "content-disposition"})
"""Headers of answers that may say what a client chose."""
_SAFE = "-._~:@!$&'()*+,;="
_PIECE = re.compile(r"[^/?&=#<>]+")

Change = Callable[[str], str]


def sent(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the texts of a body with their keys; nothing of one that is neither JSON nor a form."""
    if request.content_type == FORM:
        yield from parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
        return
    yield from texts(json_of(request.body))


def unread(request: Request) -> Iterator[str]:
    """Yield a body that `sent` does not understand, such as that of a file."""
    if request.body and request.content_type != FORM and json_of(request.body) is None:
        yield request.body.decode(errors="replace")


def texts(value: Any) -> Iterator[tuple[str, str]]:
    return ((key, text) for key, text in pairs("", value) if isinstance(text, str))


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def json_of(body: bytes) -> Any:
    """Return the JSON value of a body; None where it is none."""
    try:
        return parse_json(body)
    except ValueError:
        return None


def segments(path: str) -> list[str]:
    return [unquote(part) for part in path.split("/") if part]


def pieces(text: str) -> list[str]:
    """Return the parts of a path or URL, decoded."""
    return [unquote_plus(part) for part in _PIECE.findall(text)]


# ------------------------------------------------------------------------------ replacing


def rewritten(exchange: Exchange, parameters: Collection[str], change: Change) -> Exchange:
    """Return an exchange with its texts changed, in its path only these parameters.

    Names of fields and of parameters stay.
    """
    response = exchange.response
    return replace(
        exchange,
        request=_request(exchange.request, parameters, change),
        response=response and _response(response, change),
    )


def rewritten_json(value: Any, change: Change) -> Any:
    if isinstance(value, dict):
        return {key: rewritten_json(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten_json(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _request(request: Request, parameters: Collection[str], change: Change) -> Request:
    body = request.body
    if request.content_type == FORM:
        sent_pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
        changed = [(name, change(value)) for name, value in sent_pairs]
        body = body if changed == sent_pairs else urlencode(changed).encode()
    else:
        body = _json_body(body, change) or body
    return replace(
        request,
        path="/".join(_segment(part, parameters, change) for part in request.path.split("/")),
        query="&".join(_parameter(part, change) for part in request.query.split("&")),
        headers=tuple((name, _credentials(name, value, change)) for name, value in request.headers),
        body=body,
    )


def _response(response: Response, change: Change) -> Response:
    body = _json_body(response.body, change)
    if body is None:
        try:
            body = change(response.body.decode()).encode()
        except UnicodeDecodeError:
            body = response.body
    headers: Headers = tuple(
        (name, change(value) if name.lower() in PLACES else value)
        for name, value in response.headers
    )
    return replace(response, headers=headers, body=body)


def by_pieces(text: str, change: Change) -> str:
    """Return a path or URL with its parts changed."""
    return _PIECE.sub(lambda found: _quoted(found[0], change), text)


def _json_body(body: bytes, change: Change) -> bytes | None:
    try:
        value = parse_json(body)
    except ValueError:
        return None
    changed = rewritten_json(value, change)
    return body if changed == value else msgspec.json.encode(changed)


def _segment(part: str, parameters: Collection[str], change: Change) -> str:
    plain = unquote(part)
    return _quoted(part, change) if any(one and one in plain for one in parameters) else part


def _quoted(part: str, change: Change) -> str:
    plain = unquote(part)
    fresh = change(plain)
    return part if fresh == plain else quote(fresh, safe=_SAFE)


def _parameter(part: str, change: Change) -> str:
    [(name, value)] = parse_qsl(part, keep_blank_values=True) or [("", "")]
    fresh = change(value)
    return part if fresh == value else urlencode([(name, fresh)])


def _credentials(name: str, value: str, change: Change) -> str:
    """Change the user and the password of HTTP's basic authentication."""
    scheme, _, encoded = value.partition(" ")
    if name.lower() != "authorization" or scheme.lower() != "basic":
        return value
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (ValueError, binascii.Error):
        return value
    return f"{scheme} {base64.b64encode(change(plain).encode()).decode()}"
