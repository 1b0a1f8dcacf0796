"""What a person types, a line at a time, beside everything else."""

import asyncio
import codecs
import os
from typing import TextIO

_CHUNK = 1 << 16


class Lines:
    """The lines of an input; None at its end."""

    def __init__(self, source: TextIO) -> None:
        self._descriptor = source.fileno()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._part = ""
        self.is_person = source.isatty()

    def start(self) -> None:
        """Begin to read; what is in a file is there at once, and cannot be waited for."""
        try:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        except PermissionError:
            while self._read():
                pass

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)

    async def next(self) -> str | None:
        return await self._queue.get()

    def _read(self) -> bool:
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except OSError:
            chunk = b""
        *lines, self._part = (self._part + self._decoder.decode(chunk, not chunk)).split("\n")
        for line in lines:
            self._queue.put_nowait(line.strip())
        if not chunk:
            if self._part.strip():
                self._queue.put_nowait(self._part.strip())
            self._queue.put_nowait(None)
            self.stop()
        return bool(chunk)
