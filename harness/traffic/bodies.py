"""Undo content encodings."""

import zlib
from collections.abc import Callable

import brotli
import zstandard

from harness.traffic.exchange import Headers, header

_ENCODING_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def decoded(body: bytes, headers: Headers) -> bytes:
    """Return the body without its content encodings; as it is where it does not decode."""
    encodings = (header(headers, "content-encoding") or "").lower().split(",")
    for encoding in reversed([part.strip() for part in encodings]):
        try:
            body = _decode(body, encoding)
        except (zlib.error, brotli.error, zstandard.ZstdError):
            return body
    return body


def still_encoded(body: bytes, headers: Headers) -> bool:
    """Whether a body that should be decoded already is not (some tools export it raw)."""
    encodings = (header(headers, "content-encoding") or "").lower()
    encoding = encodings.rpartition(",")[2].strip()
    if body.startswith((_GZIP, _ZSTD)):
        return bool(encoding)
    return encoding in ("br", "deflate") and not _is_text(body)


def without_encoding(headers: Headers) -> Headers:
    """Drop what describes the encoding of a body that was decoded."""
    if header(headers, "content-encoding") is None:
        return headers
    return tuple(pair for pair in headers if pair[0].lower() not in _ENCODING_HEADERS)


def _gunzip(body: bytes) -> bytes:
    return _inflate(body, 31)


def _deflated(body: bytes) -> bytes:
    try:
        return _inflate(body, 15)
    except zlib.error:
        return _inflate(body, -15)


def _unbrotli(body: bytes) -> bytes:
    return bytes(brotli.Decompressor().process(body))


def _unzstd(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflated,
    "br": _unbrotli,
    "zstd": _unzstd,
}


def _decode(body: bytes, encoding: str) -> bytes:
    decoder = _DECODERS.get(encoding)
    return decoder(body) if decoder and body else body


def _inflate(body: bytes, window: int) -> bytes:
    stream = zlib.decompressobj(window)
    return stream.decompress(body) + stream.flush()


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
