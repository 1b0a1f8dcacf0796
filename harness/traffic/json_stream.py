"""Cut the values of a large JSON document out of a stream, one at a time."""

import re
from typing import Protocol

import msgspec

CHUNK = 1 << 20
_SPACE = re.compile(rb"[ \t\r\n]*")
_BRACE = re.compile(rb'"(?:[^"\\]|\\.)*+"|["{}]', re.DOTALL)
_PLACE = re.compile(r"\(byte (\d+)\)")
_NEAR = 16
_raw = msgspec.json.Decoder(msgspec.Raw)


class ByteStream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BrokenJsonError(Exception):
    """The text at the current place is not JSON."""


class TruncatedJsonError(Exception):
    """The stream ends inside a value."""


class JsonStream:
    """A cursor over a JSON document of which only the current value is in memory."""

    def __init__(self, file: ByteStream) -> None:
        self._file = file
        self._buffer = b""
        self._position = 0
        self._ended = False

    def peek(self) -> bytes:
        """Return the next byte that is not white space; empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._buffer):
                return self._buffer[self._position : self._position + 1]
            if not self._fill():
                return b""

    def take(self, expected: bytes) -> bool:
        """Step over one byte of punctuation if it is next."""
        if self.peek() != expected:
            return False
        self._position += 1
        return True

    def value(self) -> bytes:
        """Return the text of the next value and step over it."""
        if not self.peek():
            raise TruncatedJsonError
        while True:
            end = self._end_of_value()
            if end is not None:
                start, self._position = self._position, end
                return self._buffer[start:end]
            if not self._fill():
                raise TruncatedJsonError

    def skip_to(self, marker: re.Pattern[bytes]) -> bool:
        """Step to the next match after the current byte; False when there is none."""
        self._position += 1
        while True:
            match = marker.search(self._buffer, self._position)
            if match:
                self._position = match.start()
                return True
            self._position = max(self._position, len(self._buffer) - 256)
            if not self._fill():
                return False

    def _end_of_value(self) -> int | None:
        """Return where the value ends; None when it does not end in the buffer."""
        rest = memoryview(self._buffer)[self._position :]
        try:
            _raw.decode(rest)
        except msgspec.DecodeError as error:
            text = str(error)
            place = _PLACE.search(text)
            offset = int(place[1]) if place else 0
            if "trailing characters" in text:
                return self._position + offset - 1
            at_the_edge = offset + _NEAR > len(rest) and not self._ended
            if "truncated" in text or at_the_edge:
                return None
            if "surrogate" in text or "UTF-8" in text:
                return self._end_by_braces()
            raise BrokenJsonError(text) from error
        return len(self._buffer) if self._ended else None

    def _end_by_braces(self) -> int | None:
        """Return where an object ends whose texts are not all valid Unicode."""
        depth = 0
        for match in _BRACE.finditer(self._buffer, self._position):
            if match[0] == b'"':
                return None
            depth += {b"{": 1, b"}": -1}.get(match[0], 0)
            if depth == 0:
                return match.end()
        return None

    def _fill(self) -> bool:
        """Read on, as much again as is waiting; False at the end of the stream."""
        if self._ended:
            return False
        waiting = len(self._buffer) - self._position
        more = self._file.read(max(CHUNK, waiting))
        self._buffer = self._buffer[self._position :] + more
        self._position = 0
        self._ended = not more
        return not self._ended or waiting > 0
