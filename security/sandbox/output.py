"""What a command prints: read as it comes, kept up to a bound, dropped beyond it."""

import os

_PART = 1 << 16
_LARGEST_PIPE = 1 << 20
_PATIENCE = 64 << 20
"""How many bytes a server may print after its command has ended before its pipe is closed."""


class Stream:
    """A pipe: the command gets `writing`, and `reading` stays here."""

    def __init__(self, most: int) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.truncated = False
        self._most = most
        self._kept = bytearray()
        self._ended = False
        self._late = 0

    def read(self) -> bool:
        """Read what is there; return whether more may come."""
        try:
            part = os.read(self.reading, _PART)
        except BlockingIOError:
            return True
        if self._ended:
            self._late += len(part)
        else:
            room = self._most - len(self._kept)
            self._kept += part[:room]
            self.truncated |= len(part) > room
        return bool(part) and self._late < _PATIENCE

    def end(self) -> None:
        """Take what the ended command has left in the pipe; what its children add is dropped."""
        if self.reading >= 0:
            for _ in range(_LARGEST_PIPE // _PART):
                if not self.read():
                    break
        self._ended = True

    def give_away(self) -> None:
        """Close the writing end here, so that the pipe ends with those who write to it."""
        os.close(self.writing)

    def close(self) -> None:
        if self.reading >= 0:
            os.close(self.reading)
            self.reading = -1

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")
