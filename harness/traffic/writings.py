"""Secrets as they are written: plain, inside JSON, or percent-encoded."""

import re
from typing import Literal
from urllib.parse import unquote_to_bytes

import msgspec

Writing = Literal["plain", "json", "url", "form"]

_TOKENS: dict[Writing, re.Pattern[bytes]] = {
    "plain": re.compile(rb".", re.DOTALL),
    "json": re.compile(rb"\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL),
    "url": re.compile(rb"%[0-9a-fA-F]{2}|.", re.DOTALL),
    "form": re.compile(rb"%[0-9a-fA-F]{2}|.", re.DOTALL),
}


def read_as(writing: Writing, written: bytes) -> bytes:
    """Return the plain text of a written secret."""
    if writing == "json" and b"\\" in written:
        try:
            return msgspec.json.decode(b'"' + written + b'"', type=str).encode()
        except msgspec.DecodeError:
            return written
    if writing == "form":
        return unquote_to_bytes(written.replace(b"+", b" "))
    return unquote_to_bytes(written) if writing == "url" else written


def write_like(writing: Writing, written: bytes, stand_in: bytes) -> bytes:
    """Write a stand-in the way its secret is written, escape by escape."""
    if len(stand_in) == len(written):
        return stand_in if writing != "form" else stand_in.replace(b" ", b"+")
    pieces = []
    position = 0
    for match in _TOKENS[writing].finditer(written):
        size = len(read_as(writing, match[0]))
        piece = stand_in[position : position + size]
        position += size
        pieces.append(piece if piece.isalnum() else match[0])
    return b"".join(pieces)
