"""Read HAR 1.2, entry by entry."""

import base64
import binascii
import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from harness.errors import TrafficError
from harness.traffic.addresses import host_in_scheme
from harness.traffic.bodies import decoded, still_encoded, without_encoding
from harness.traffic.exchange import Exchange, Headers, Request, Response, header
from harness.traffic.json_stream import BrokenJsonError, ByteStream, JsonStream, TruncatedJsonError
from harness.traffic.report import ImportReport


class _Part(msgspec.Struct, gc=False):
    """Common to all parts: unknown keys are ignored."""


class _Pair(_Part):
    name: str
    value: str | int | float | bool | None = ""


class _PostData(_Part):
    mimeType: str | None = None  # noqa: N815 - names of the format
    text: str | None = None
    params: list[_Pair] | None = None
    encoding: str | None = None


class _Request(_Part):
    method: str
    url: str
    headers: list[_Pair] | None = None
    cookies: list[_Pair] | None = None
    postData: _PostData | None = None  # noqa: N815


class _Content(_Part):
    size: int | float | None = None
    mimeType: str | None = None  # noqa: N815
    text: str | None = None
    encoding: str | None = None


class _Response(_Part):
    status: int | float | None = None
    headers: list[_Pair] | None = None
    content: _Content | None = None


class _Message(_Part):
    type: str
    data: str | None = None
    time: float | None = None
    opcode: int | float | None = None


class _Entry(_Part, rename={"resource_type": "_resourceType", "messages": "_webSocketMessages"}):
    request: _Request
    response: _Response | None = None
    startedDateTime: str | None = None  # noqa: N815
    time: float | None = None
    resource_type: str | None = None
    messages: list[_Message] | None = None


_decode = msgspec.json.Decoder(_Entry, strict=False).decode
_ENTRY_START = re.compile(
    rb'\{\s*"(?:startedDateTime|pageref|request|response|connection|cache|time|_[A-Za-z]\w*)"\s*:'
)
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_NO_HAR = "Export the traffic as HAR 1.2, from the browser's network panel or from a proxy."
_WHITE = re.compile(r"\s+")
_BINARY_FRAME = 2


def read_har(file: ByteStream, report: ImportReport) -> Iterator[Exchange]:
    """Yield the exchanges of a HAR in its order, WebSocket messages after their handshake."""
    clock = 0.0
    for number, text in _entries(JsonStream(file), report):
        report.entries += 1
        try:
            entry = _parse(text, report)
            clock = _moment(entry.startedDateTime) or clock
            exchange = _exchange(entry, number, clock)
            messages = [_message(exchange, message) for message in entry.messages or ()]
        except ValueError as error:
            report.skip(number, str(error))
            continue
        if entry.resource_type == "preflight":
            report.drop("preflight")
            continue
        yield exchange
        yield from messages


def _entries(stream: JsonStream, report: ImportReport) -> Iterator[tuple[int, bytes]]:
    """Yield each entry's number and text; skip what is broken, stop where the file is cut off."""
    _enter(stream, b"log")
    _enter(stream, b"entries")
    if not stream.take(b"["):
        raise TrafficError("log.entries of the HAR is no list", do=_NO_HAR)
    for number in itertools.count(1):
        if stream.take(b"]"):
            return
        try:
            yield number, stream.value()
        except TruncatedJsonError:
            report.skip(number, "the file ends in the middle of this entry")
            return
        except BrokenJsonError as error:
            report.skip(number, f"this entry is not JSON ({error})")
            if not stream.skip_to(_ENTRY_START):
                return
            continue
        if not stream.take(b",") and stream.peek() != b"]":
            report.note("The file is cut off: the list of entries has no end.")
            return


def _enter(stream: JsonStream, wanted: bytes) -> None:
    """Step into the value of a key of the object that is next."""
    try:
        if not stream.take(b"{"):
            raise TrafficError("this is no HAR: not a JSON object", do=_NO_HAR)
        while stream.peek() == b'"':
            key = stream.value()
            if not stream.take(b":"):
                break
            if msgspec.json.decode(key) == wanted.decode():
                return
            stream.value()
            stream.take(b",")
    except (BrokenJsonError, TruncatedJsonError, msgspec.DecodeError) as error:
        problem = f"this is no HAR: it is broken before {wanted.decode()} ({error})"
        raise TrafficError(problem, do=_NO_HAR) from error
    raise TrafficError(f"this is no HAR: it has no {wanted.decode()}", do=_NO_HAR)


def _parse(text: bytes, report: ImportReport) -> _Entry:
    try:
        return _decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(_decode_odd(text, report), _Entry, strict=False)
    except UnicodeDecodeError:
        return msgspec.convert(_decode_odd(text, report), _Entry, strict=False)


def _decode_odd(text: bytes, report: ImportReport) -> Any:
    """Decode an entry with lone surrogates, or with text that is not UTF-8."""
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        report.note("The file is not UTF-8; it was read as Windows-1252.")
        return json.loads(text.decode("cp1252", "replace"))


def _exchange(entry: _Entry, number: int, started: float) -> Exchange:
    request = _request(entry.request)
    return Exchange(
        seq=number,
        request=request,
        response=_response(entry.response, request.method),
        started=started,
        duration_ms=max(entry.time or 0.0, 0.0),
    )


def _request(entry: _Request) -> Request:
    parts = urlsplit(_clean(entry.url))
    scheme = _SCHEMES.get(parts.scheme)
    host = parts.netloc
    if scheme is None or not host:
        raise ValueError(f"not a web address: {entry.url[:80]}")
    headers = _headers(entry.headers)
    if entry.cookies and header(headers, "cookie") is None:
        pairs = "; ".join(f"{pair.name}={_text(pair)}" for pair in entry.cookies)
        headers = (*headers, ("cookie", pairs))
    body, headers = _request_body(entry.postData, headers)
    return Request(
        method=entry.method.upper(),
        scheme=scheme,
        host=host_in_scheme(host, scheme),
        path=parts.path or "/",
        query=parts.query,
        headers=headers,
        body=body,
    )


def _request_body(data: _PostData | None, headers: Headers) -> tuple[bytes, Headers]:
    if data is None:
        return b"", headers
    if data.mimeType and header(headers, "content-type") is None:
        headers = (*headers, ("content-type", data.mimeType))
    if data.text:
        body = _body(data.text, data.encoding)
        return decoded(body, headers), without_encoding(headers)
    if data.params:
        return urlencode([(pair.name, _text(pair)) for pair in data.params]).encode(), headers
    return b"", headers


def _response(entry: _Response | None, method: str) -> Response | None:
    """Return None when no answer was seen, or its body was not kept by the exporting tool."""
    if entry is None or not entry.status or not 100 <= int(entry.status) < 1000:  # noqa: PLR2004
        return None
    status = int(entry.status)
    headers = _headers(entry.headers)
    content = entry.content or _Content()
    media = content.mimeType
    if media and media != "x-unknown" and header(headers, "content-type") is None:
        headers = (*headers, ("content-type", media))
    if content.text is None and (content.size or 0) > 0 and _has_body(status, method):
        return None
    body = _body(content.text or "", content.encoding)
    if content.encoding and still_encoded(body, headers):
        body = decoded(body, headers)
    return Response(status=status, headers=without_encoding(headers), body=body)


def _has_body(status: int, method: str) -> bool:
    return method != "HEAD" and status not in (101, 204, 205, 304) and not 300 <= status < 400  # noqa: PLR2004


def _body(text: str, encoding: str | None) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode(_WHITE.sub("", text), validate=True)
        except binascii.Error as error:
            raise ValueError(f"its body is not valid base64 ({error})") from error
    return text.encode("utf-8", "surrogateescape")


def _message(exchange: Exchange, message: _Message) -> Exchange:
    text = message.data or ""
    data = _body(text, "base64" if message.opcode == _BINARY_FRAME else None)
    return Exchange(
        seq=exchange.seq,
        request=exchange.request,
        response=None,
        started=message.time or exchange.started,
        channel="sent" if message.type in ("send", "request") else "received",
        message=data,
    )


def _headers(pairs: list[_Pair] | None) -> Headers:
    """HTTP/2's pseudo headers repeat the request line; they go."""
    return tuple((pair.name, _text(pair)) for pair in pairs or () if pair.name[:1] != ":")


def _text(pair: _Pair) -> str:
    value = pair.value
    return _clean(value) if isinstance(value, str) else "" if value is None else str(value)


def _clean(text: str) -> str:
    """Replace lone surrogates, which cannot be stored."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _moment(text: str | None) -> float:
    """Return seconds since the epoch; 0 when it is not a date."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        return 0.0
