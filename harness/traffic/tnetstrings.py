"""Tagged netstrings, the format of mitmproxy's flow files."""

from collections.abc import Callable, Iterator
from typing import Any

from harness.traffic.json_stream import ByteStream

_LONGEST_LENGTH = 12


class TnetstringError(ValueError):
    """A value is damaged; the next one can still be read."""


class LostTnetstringError(TnetstringError):
    """The file ends inside a value, or there is no telling where the next one starts."""


def read_value(file: ByteStream) -> Any:
    """Return the next value of a file; raise EOFError at its end."""
    size = _read_size(file)
    payload = file.read(size + 1)
    if len(payload) <= size:
        raise LostTnetstringError("the file ends in the middle of it")
    return _decode(payload[size], payload, 0, size)


def _read_size(file: ByteStream) -> int:
    """Read `123:`."""
    digits = b""
    while (byte := file.read(1)) != b":":
        if not byte and not digits:
            raise EOFError
        if not byte.isdigit() or len(digits) == _LONGEST_LENGTH:
            raise LostTnetstringError("it does not start with a length")
        digits += byte
    if not digits:
        raise LostTnetstringError("it does not start with a length")
    return int(digits)


def _decode(tag: int, data: bytes, start: int, end: int) -> Any:
    scalar = _SCALARS.get(tag)
    try:
        if scalar is not None:
            return scalar(data[start:end])
        if tag == ord("]"):
            return list(_items(data, start, end))
        if tag == ord("}"):
            flat = list(_items(data, start, end))
            return dict(zip(flat[::2], flat[1::2], strict=True))
    except (TypeError, ValueError) as error:
        raise TnetstringError(f"it is damaged ({error})") from error
    raise TnetstringError(f"it holds an unknown type {chr(tag)!r}")


def _items(data: bytes, start: int, end: int) -> Iterator[Any]:
    while start < end:
        colon = data.index(b":", start, min(end, start + _LONGEST_LENGTH))
        first = colon + 1
        last = first + int(data[start:colon])
        if last >= end:
            raise TnetstringError("an item is longer than what it is in")
        yield _decode(data[last], data, first, last)
        start = last + 1


def _null(_: bytes) -> None:
    return None


_SCALARS: dict[int, Callable[[bytes], Any]] = {
    ord(","): bytes,
    ord(";"): bytes.decode,
    ord("#"): int,
    ord("^"): float,
    ord("!"): b"true".__eq__,
    ord("~"): _null,
}
