"""JSON bodies with their long lists taken apart: a row that was seen before is not read again."""

from dataclasses import dataclass
from typing import Any

import msgspec

from harness.inference.schemas.shape import UNREADABLE

_SMALL = 1_024
_SHOWN = 2
_MAX_SEEN = 50_000
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Digest:
    """A body: `value` with every long list cut to two rows, and the lists themselves."""

    value: Any
    lists: tuple[list[msgspec.Raw], ...] = ()


def digest(body: bytes) -> Digest | None:
    """Take a body apart; None where it is not a JSON object or list."""
    start = body[:64].lstrip()[:1]
    if start not in (b"{", b"["):
        return None
    try:
        if len(body) < _SMALL:
            return Digest(_VALUE.decode(body))
        if start == b"[":
            rows = _ROWS.decode(body)
            return Digest([_VALUE.decode(row) for row in rows[:_SHOWN]], (rows,))
        return _object(body)
    except UNREADABLE:
        return None


def _object(body: bytes) -> Digest:
    value: dict[str, Any] = {}
    lists: list[list[msgspec.Raw]] = []
    for key, raw in _FIELDS.decode(body).items():
        text = bytes(raw)
        if len(text) >= _SMALL and text[:1] == b"[":
            rows = _ROWS.decode(text)
            value[key] = [_VALUE.decode(row) for row in rows[:_SHOWN]]
            lists.append(rows)
        else:
            value[key] = _VALUE.decode(text)
    return Digest(value, tuple(lists))


class Unseen:
    """Passes on what it has not seen yet, bounded."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def __call__(self, text: bytes) -> bool:
        key = hash(text)
        if key in self._seen:
            return False
        if len(self._seen) < _MAX_SEEN:
            self._seen.add(key)
        return True


def decode(text: bytes) -> Any:
    return _VALUE.decode(text)
