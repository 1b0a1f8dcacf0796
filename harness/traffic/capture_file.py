"""Open a capture as plain UTF-8 bytes, whether it is compressed or written otherwise."""

import codecs
import io
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import TrafficError
from harness.traffic.report import ImportReport

_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP_WINDOW = 31
_CHUNK = 1 << 18
_HEAD = 4096


class CaptureFile:
    """A readable stream; `head` is how it starts. Damage of the compression ends it early."""

    def __init__(self, path: Path, report: ImportReport) -> None:
        self._report = report
        try:
            file = path.open("rb")
        except OSError as error:
            raise TrafficError(
                f"cannot read {path}: {error.strerror}", do="Give the path of a HAR or flow file."
            ) from error
        self._file: io.BufferedReader = file
        if file.peek(2)[:2] == _GZIP:
            self._file = io.BufferedReader(_Unzipped(file, report), _CHUNK)
        self.head = self._file.peek(_HEAD)[:_HEAD]
        self._text: io.TextIOWrapper | None = None
        if self.head.startswith(_UTF16):
            self._text = io.TextIOWrapper(self._file, encoding="utf-16", errors="replace")
            self.head = self.head.decode("utf-16", "ignore").encode()
        elif self.head.startswith(codecs.BOM_UTF8):
            self._file.read(len(codecs.BOM_UTF8))
            self.head = self.head.removeprefix(codecs.BOM_UTF8)

    def read(self, size: int) -> bytes:
        if self._text is not None:
            return self._text.read(size).encode()
        return self._file.read(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class _Unzipped(io.RawIOBase):
    """The content of a gzip file; ends early, with a note, where the file is damaged."""

    def __init__(self, file: io.BufferedReader, report: ImportReport) -> None:
        self._file = file
        self._report = report
        self._unpack = zlib.decompressobj(_GZIP_WINDOW)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any, /) -> int:
        view = memoryview(target).cast("B")
        while not self._ready and (packed := self._unpack.unused_data or self._file.read(_CHUNK)):
            self._step(packed)
        if not self._ready and not self._unpack.eof:
            self._report.note("The compressed file is cut off or damaged.")
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()

    def _step(self, packed: bytes) -> None:
        if self._unpack.eof:
            self._unpack = zlib.decompressobj(_GZIP_WINDOW)
        try:
            self._ready = self._unpack.decompress(packed)
        except zlib.error:
            self._report.note("The compressed file is cut off or damaged.")
            self._file.seek(0, io.SEEK_END)
