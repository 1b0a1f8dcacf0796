"""The traffic store: one SQLite file a recording.

Exchanges are appended and never changed. Bodies and header lists are kept once by content hash,
compressed with zstd. While a writer is open the file is in WAL mode, so that a reader sees every
exchange that was committed; when it closes, the recording is a single file again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import zstandard

from harness.errors import TrafficError
from harness.traffic.exchange import Exchange, Headers, Request, Response
from harness.traffic.recording_format import SUFFIX, check, decode_headers, name_of, unpacked
from harness.traffic.recording_writer import RecordingWriter

__all__ = ["SUFFIX", "Recording", "RecordingWriter", "name_of"]

_SELECT = """
SELECT seq, channel, started, duration_ms, method, scheme, host, path, query, {client}, asked.data,
       body.data, status, told.data, answer.data, note.data
FROM exchanges
LEFT JOIN blobs AS asked ON asked.id = request_headers
LEFT JOIN blobs AS told ON told.id = response_headers
LEFT JOIN blobs AS body ON body.id = request_body
LEFT JOIN blobs AS answer ON answer.id = response_body
LEFT JOIN blobs AS note ON note.id = message
ORDER BY seq
"""
_CLIENT_SINCE = 2
_MESSAGES = """
SELECT 1 FROM exchanges WHERE channel <> 'http' OR query LIKE '%transport=polling%' LIMIT 1
"""
_NAMED = "SELECT 1 FROM exchanges WHERE path LIKE ? LIMIT 1"


class Recording:
    """The read side of a recording: iterate it for its exchanges, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = name_of(path)
        with _reading(path) as (connection, _):
            self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))

    def __len__(self) -> int:
        with _reading(self.path) as (connection, _):
            (count,) = connection.execute("SELECT count(*) FROM exchanges").fetchone()
        return int(count)

    @property
    def has_messages(self) -> bool:
        """Whether there are WebSocket messages, or requests that polled for them."""
        with _reading(self.path) as (connection, _):
            return connection.execute(_MESSAGES).fetchone() is not None

    def has_path_with(self, text: str) -> bool:
        """Whether a path of the recording holds a text, whatever its case."""
        with _reading(self.path) as (connection, _):
            return connection.execute(_NAMED, [f"%{text}%"]).fetchone() is not None

    def __iter__(self) -> Iterator[Exchange]:
        with _reading(self.path) as (connection, version):
            exchange = _Rows().exchange
            client = "client" if version >= _CLIENT_SINCE else "''"
            for row in connection.execute(_SELECT.format(client=client)):
                yield exchange(row)


class _Rows:
    """Turns rows into exchanges; header lists that repeat are decoded once."""

    def __init__(self) -> None:
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._headers = lru_cache(maxsize=2048)(self._read_headers)

    def exchange(self, row: tuple[Any, ...]) -> Exchange:
        (seq, channel, started, duration, method, scheme, host, path, query, client) = row[:10]
        request_headers, request_body, status, response_headers, response_body, message = row[10:]
        request = Request(
            method=method,
            scheme=scheme,
            host=host,
            path=path,
            query=query,
            headers=self._headers(request_headers),
            body=self._body(request_body),
        )
        response = None
        if status is not None:
            response = Response(
                status=status,
                headers=self._headers(response_headers),
                body=self._body(response_body),
            )
        noted = self._body(message)
        return Exchange(seq, request, response, started, duration, channel, noted, client)

    def _body(self, data: bytes | None) -> bytes:
        return b"" if data is None else unpacked(data, self._decompress)

    def _read_headers(self, data: bytes | None) -> Headers:
        return () if data is None else decode_headers(unpacked(data, self._decompress))


@contextmanager
def _reading(path: Path) -> Iterator[tuple[sqlite3.Connection, int]]:
    """Open a recording without ever writing to it; also say which version its format has."""
    if not path.is_file():
        raise TrafficError(f"there is no recording {path}", do="Check the path.")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection, check(connection, path)
