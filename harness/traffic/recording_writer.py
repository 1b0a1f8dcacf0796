"""The write side of recordings."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import zstandard

from harness.errors import SetupError
from harness.traffic.exchange import Headers, Request, Response
from harness.traffic.recording_format import (
    APPLICATION_ID,
    SCHEMA,
    UPGRADE,
    VERSION,
    check,
    encode_headers,
    packed,
    unpacked,
)

_INSERT = "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
_LAST_BLOB = """
SELECT max(max(ifnull(request_headers, 0), ifnull(request_body, 0), ifnull(response_headers, 0),
               ifnull(response_body, 0), ifnull(message, 0)))
FROM exchanges WHERE seq <= ?
"""
_BLOB = "SELECT data FROM blobs WHERE id = ?"
_SET_BLOB = "UPDATE blobs SET hash = ?, data = ? WHERE id = ?"
_LINES = "SELECT seq, path, query FROM exchanges WHERE seq <= ?"
_SET_LINE = "UPDATE exchanges SET path = ?, query = ? WHERE seq = ?"
_CACHED_HASHES = 100_000


class RecordingWriter:
    """Appends exchanges to a recording; a context manager.

    Every `batch` exchanges are one transaction: with the default each one is on disk when
    `append` returns. An existing recording is continued.
    """

    def __init__(self, path: Path, *, meta: dict[str, str] | None = None, batch: int = 1) -> None:
        self.path = path
        self._batch = batch
        self._pending = 0
        self._blob_ids: dict[bytes, int] = {}
        self._compress = zstandard.ZstdCompressor(level=1, write_checksum=False).compress
        self._connection = _open(path)
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
        with _writing(self.path):
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
        client: str = "",
    ) -> int:
        """Append one exchange and return its number in the recording."""
        with _writing(self.path):
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
                client,
            )
            self._connection.execute(_INSERT, row)
            self._seq = seq
            self._pending += 1
            if self._pending >= self._batch:
                self.flush()
        return seq

    def flush(self) -> None:
        """Make everything appended so far durable and visible to readers."""
        with _writing(self.path):
            self._connection.commit()
        self._pending = 0

    def forget(self, host: str) -> int:
        """Take back what was appended of a host, and say how many exchanges that was."""
        return self._connection.execute("DELETE FROM exchanges WHERE host = ?", (host,)).rowcount

    def rewrite(self, change: Callable[[bytes], bytes], until: int) -> None:
        """Pass what exchanges up to this number hold through a function, and store the result."""
        with _writing(self.path):
            self._rewrite_blobs(change, until)
            self._rewrite_lines(change, until)

    def _rewrite_blobs(self, change: Callable[[bytes], bytes], until: int) -> None:
        execute = self._connection.execute
        decompress = zstandard.ZstdDecompressor().decompress
        last = execute(_LAST_BLOB, (until,)).fetchone()[0] or 0
        for blob in range(1, last + 1):
            before = unpacked(execute(_BLOB, (blob,)).fetchone()[0], decompress)
            after = change(before)
            if after != before:
                execute(_SET_BLOB, (_digest(after), packed(after, self._compress), blob))
        self._forget_digests()

    def _rewrite_lines(self, change: Callable[[bytes], bytes], until: int) -> None:
        execute = self._connection.execute
        for seq, path, query in execute(_LINES, (until,)).fetchall():
            line = f"{path}?{query}".encode()
            after = change(line)
            if after != line:
                new_path, _, new_query = after.decode().partition("?")
                execute(_SET_LINE, (new_path, new_query, seq))

    def arrange(self) -> None:
        """Number the exchanges anew in the order in which they started; drop unused bodies."""
        execute = self._connection.execute
        if execute(_DISORDER).fetchone() is not None or len(self) != self._seq:
            with _writing(self.path):
                self._connection.executescript(_ARRANGE)
                execute("VACUUM")
            self._seq = len(self)

    def close(self) -> None:
        """Flush, and leave one file behind that needs no -wal next to it."""
        with closing(self._connection), _writing(self.path):
            self._connection.commit()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def _headers(self, headers: Headers) -> int | None:
        return self._put(encode_headers(headers)) if headers else None

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
            row = (known, digest, packed(data, self._compress))
            self._connection.execute("INSERT INTO blobs VALUES (?, ?, ?)", row)
        if len(self._blob_ids) >= _CACHED_HASHES:
            self._forget_digests()
        self._blob_ids[digest] = known
        return known

    def _forget_digests(self) -> None:
        self._blob_ids.clear()
        self._knows_all = False

    def _stored(self, digest: bytes) -> int | None:
        query = "SELECT id FROM blobs WHERE hash = ?"
        row = self._connection.execute(query, (digest,)).fetchone()
        return None if row is None else int(row[0])


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _open(path: Path) -> sqlite3.Connection:
    with _writing(path):
        if not path.exists():
            _create(path)
        connection = sqlite3.connect(path)
        if check(connection, path) < VERSION:
            connection.executescript(UPGRADE)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _create(path: Path) -> None:
    """Make an empty recording; others see it whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as connection:
        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    fresh.replace(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise SetupError(
            f"cannot write the recording {path}: {error}",
            do="Free some disk space or make the directory writable, then run the command again.",
        ) from error
