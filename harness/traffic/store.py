"""The traffic store: one SQLite file a recording.

Exchanges are appended and never changed. Bodies and header lists are kept once by content hash,
compressed with zstd. While a writer is open the file is in WAL mode, so that a reader sees every
exchange that was committed; when it closes, the recording is a single file again.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import zstandard

from harness.errors import SetupError, TrafficError
from harness.traffic.exchange import Exchange, Headers, Request, Response

SUFFIX = ".traffic.db"
APPLICATION_ID = 0x554E4453
"""`UNDS`: marks a SQLite file as a recording."""
VERSION = 1

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (id INTEGER PRIMARY KEY, hash BLOB NOT NULL, data BLOB NOT NULL);
CREATE INDEX blobs_by_hash ON blobs (hash);
CREATE TABLE exchanges (
    seq INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    started REAL NOT NULL,
    duration_ms REAL NOT NULL,
    method TEXT NOT NULL,
    scheme TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    request_headers INTEGER REFERENCES blobs,
    request_body INTEGER REFERENCES blobs,
    status INTEGER,
    response_headers INTEGER REFERENCES blobs,
    response_body INTEGER REFERENCES blobs,
    message INTEGER REFERENCES blobs
);
"""
_INSERT = "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = """
SELECT seq, channel, started, duration_ms, method, scheme, host, path, query, request_headers,
       body.data, status, response_headers, answer.data, note.data
FROM exchanges
LEFT JOIN blobs AS body ON body.id = request_body
LEFT JOIN blobs AS answer ON answer.id = response_body
LEFT JOIN blobs AS note ON note.id = message
ORDER BY seq
"""
_DISORDER = """
SELECT 1 FROM exchanges AS one JOIN exchanges AS next ON next.seq = one.seq + 1
WHERE next.started < one.started LIMIT 1
"""
_ARRANGE = """
BEGIN;
CREATE TEMP TABLE ranks (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
INSERT INTO ranks SELECT seq, row_number() OVER (ORDER BY started, seq) FROM exchanges;
UPDATE exchanges SET seq = -(SELECT new FROM ranks WHERE old = seq);
UPDATE exchanges SET seq = -seq;
DELETE FROM blobs WHERE id NOT IN (
    SELECT request_headers FROM exchanges WHERE request_headers IS NOT NULL
    UNION SELECT request_body FROM exchanges WHERE request_body IS NOT NULL
    UNION SELECT response_headers FROM exchanges WHERE response_headers IS NOT NULL
    UNION SELECT response_body FROM exchanges WHERE response_body IS NOT NULL
    UNION SELECT message FROM exchanges WHERE message IS NOT NULL
);
COMMIT;
DROP TABLE ranks;
"""
_RAW, _ZSTD = b"\x00", b"\x01"
_SMALL = 64
_CACHED_HASHES = 100_000

_LAST_BLOB = """
SELECT max(max(ifnull(request_headers, 0), ifnull(request_body, 0), ifnull(response_headers, 0),
               ifnull(response_body, 0), ifnull(message, 0)))
FROM exchanges WHERE seq <= ?
"""
_BLOB = "SELECT data FROM blobs WHERE id = ?"
_SET_BLOB = "UPDATE blobs SET hash = ?, data = ? WHERE id = ?"
_LINES = "SELECT seq, path, query FROM exchanges WHERE seq <= ?"
_SET_LINE = "UPDATE exchanges SET path = ?, query = ? WHERE seq = ?"

_decompress = zstandard.ZstdDecompressor().decompress
_encode_headers = msgspec.json.Encoder().encode
_decode_headers = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


def name_of(path: Path) -> str:
    """Return the name of a recording: its file name without the suffix."""
    return path.name.removesuffix(SUFFIX)


class Recording:
    """The read side of a recording: iterate it for its exchanges, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = name_of(path)
        with _reading(path) as connection:
            self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))

    def __len__(self) -> int:
        with _reading(self.path) as connection:
            (count,) = connection.execute("SELECT count(*) FROM exchanges").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[Exchange]:
        with _reading(self.path) as connection:

            @lru_cache(maxsize=2048)
            def headers(blob: int) -> Headers:
                row = connection.execute("SELECT data FROM blobs WHERE id = ?", (blob,)).fetchone()
                return _decode_headers(_unpacked(row[0]))

            for row in connection.execute(_SELECT):
                yield self._exchange(row, headers)

    def _exchange(self, row: tuple[Any, ...], headers: Callable[[int], Headers]) -> Exchange:
        (seq, channel, started, duration, method, scheme, host, path, query) = row[:9]
        request_headers, request_body, status, response_headers, response_body, message = row[9:]
        request = Request(
            method=method,
            scheme=scheme,
            host=host,
            path=path,
            query=query,
            headers=headers(request_headers) if request_headers else (),
            body=_unpacked(request_body),
        )
        response = None
        if status is not None:
            response = Response(
                status=status,
                headers=headers(response_headers) if response_headers else (),
                body=_unpacked(response_body),
            )
        return Exchange(seq, request, response, started, duration, channel, _unpacked(message))


class RecordingWriter:
    """Appends exchanges to a recording; a context manager.

    Every `batch` exchanges are one transaction: with the default each one is on disk when
    `append` returns. An existing recording is continued.
    """

    def __init__(self, path: Path, *, meta: dict[str, str] | None = None, batch: int = 1) -> None:
        self.path = path
        self._batch = batch
        self._pending = 0
        self._pack = zstandard.ZstdCompressor(level=3, write_checksum=False).compress
        self._blob_ids: dict[bytes, int] = {}
        self._connection = _open_for_writing(path)
        (last,) = self._connection.execute("SELECT max(seq) FROM exchanges").fetchone()
        self._seq: int = last or 0
        (last,) = self._connection.execute("SELECT max(id) FROM blobs").fetchone()
        self._blob: int = last or 0
        self._knows_all = self._blob == 0
        self.set_meta(meta or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM exchanges").fetchone()
        return int(count)

    def set_meta(self, meta: dict[str, str]) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
        self._connection.commit()

    def append(
        self,
        request: Request,
        response: Response | None,
        *,
        started: float,
        duration_ms: float,
        channel: Literal["http", "sent", "received"] = "http",
        message: bytes = b"",
    ) -> int:
        """Append one exchange and return its number in the recording."""
        seq = self._seq + 1
        row = (
            seq,
            channel,
            started,
            duration_ms,
            request.method,
            request.scheme,
            request.host,
            request.path,
            request.query,
            self._headers(request.headers),
            self._put(request.body),
            None if response is None else response.status,
            None if response is None else self._headers(response.headers),
            None if response is None else self._put(response.body),
            self._put(message),
        )
        try:
            self._connection.execute(_INSERT, row)
            self._pending += 1
            if self._pending >= self._batch:
                self.flush()
        except sqlite3.OperationalError as error:
            raise _cannot_write(self.path, error) from error
        self._seq = seq
        return seq

    def flush(self) -> None:
        """Make everything appended so far durable and visible to readers."""
        self._connection.commit()
        self._pending = 0

    def forget(self, host: str) -> int:
        """Take back what was appended of a host, and say how many exchanges that was."""
        return self._connection.execute("DELETE FROM exchanges WHERE host = ?", (host,)).rowcount

    def rewrite(self, change: Callable[[bytes], bytes], until: int) -> None:
        """Pass what exchanges up to this number hold through a function, and store the result."""
        execute = self._connection.execute
        last = execute(_LAST_BLOB, (until,)).fetchone()[0] or 0
        for blob in range(1, last + 1):
            before = _unpacked(execute(_BLOB, (blob,)).fetchone()[0])
            after = change(before)
            if after != before:
                execute(_SET_BLOB, (_digest(after), self._packed(after), blob))
        self._forget_digests()
        for seq, path, query in execute(_LINES, (until,)).fetchall():
            line = f"{path}?{query}".encode("utf-8", "surrogateescape")
            after = change(line)
            if after != line:
                new_path, _, new_query = after.decode("utf-8", "surrogateescape").partition("?")
                execute(_SET_LINE, (new_path, new_query, seq))

    def arrange(self) -> None:
        """Number the exchanges anew in the order in which they started; drop unused bodies."""
        execute = self._connection.execute
        if execute(_DISORDER).fetchone() is not None or len(self) != self._seq:
            self._connection.executescript(_ARRANGE)
            execute("VACUUM")
            self._seq = len(self)

    def close(self) -> None:
        """Flush, and leave one file behind that needs no -wal next to it."""
        try:
            self.flush()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            raise _cannot_write(self.path, error) from error
        finally:
            self._connection.close()

    def _headers(self, headers: Headers) -> int | None:
        return self._put(_encode_headers(headers)) if headers else None

    def _put(self, data: bytes) -> int | None:
        if not data:
            return None
        digest = _digest(data)
        known = self._blob_ids.get(digest)
        if known is None and not self._knows_all:
            known = self._stored(digest)
        if known is None:
            self._blob += 1
            known = self._blob
            row = (known, digest, self._packed(data))
            self._connection.execute("INSERT INTO blobs VALUES (?, ?, ?)", row)
        if len(self._blob_ids) >= _CACHED_HASHES:
            self._forget_digests()
        self._blob_ids[digest] = known
        return known

    def _forget_digests(self) -> None:
        self._blob_ids.clear()
        self._knows_all = False

    def _packed(self, data: bytes) -> bytes:
        return _RAW + data if len(data) < _SMALL else _ZSTD + self._pack(data)

    def _stored(self, digest: bytes) -> int | None:
        query = "SELECT id FROM blobs WHERE hash = ?"
        row = self._connection.execute(query, (digest,)).fetchone()
        return None if row is None else int(row[0])


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _unpacked(data: bytes | None) -> bytes:
    if data is None:
        return b""
    return _decompress(data[1:]) if data[:1] == _ZSTD else data[1:]


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a recording without ever writing to it."""
    if not path.is_file():
        raise TrafficError(f"there is no recording {path}", do="Check the path.")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        _check(connection, path)
        yield connection


def _open_for_writing(path: Path) -> sqlite3.Connection:
    fresh = not path.exists()
    try:
        connection = sqlite3.connect(path)
        if fresh:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        else:
            _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.OperationalError as error:
        raise _cannot_write(path, error) from error
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise TrafficError(
            f"{path} is damaged or no recording ({error})",
            do="Import or capture it again.",
        ) from error
    if application != APPLICATION_ID:
        raise TrafficError(
            f"{path} is a SQLite file but no recording",
            do="Recordings come from `understudy import` and `understudy capture`.",
        )
    if version > VERSION:
        raise TrafficError(
            f"{path} has format {version}; this understudy reads up to {VERSION}",
            do="Update understudy, or import the capture again with this version.",
        )


def _cannot_write(path: Path, error: sqlite3.Error) -> SetupError:
    return SetupError(
        f"cannot write the recording {path}: {error}",
        do="Free some disk space or make the directory writable, then run the command again.",
    )
