"""The journal: what happened, in order, for good.

One SQLite file. Rows are only ever added (triggers refuse anything else), each in a transaction
of its own that is on disk when `append` returns.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import SetupError
from harness.sessions.events import AnyEvent

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    run TEXT NOT NULL,
    session INTEGER,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_hold BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place: when (seconds since the epoch), in which run and session."""

    id: int
    at: float
    run: str
    session: int | None
    event: AnyEvent


class Journal:
    """Write and read a journal. `run` and `session` stamp what is appended."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.run = ""
        self.session: int | None = None
        self._clock = clock
        self._listeners: list[Callable[[Entry], None]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Call `listener` with every entry from now on."""
        self._listeners.append(listener)

    def append(self, event: AnyEvent) -> None:
        self.append_all([event])

    def append_all(self, events: Sequence[AnyEvent]) -> None:
        """Append several events, all of them or none."""
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                entries = [self._insert(event) for event in events]
        except sqlite3.OperationalError as error:
            raise SetupError(
                f"The journal {self.path} cannot be written: {error}.",
                do="Make room on the disk, then go on with `understudy resume`.",
            ) from error
        for entry in entries:
            for listener in self._listeners:
                listener(entry)

    def _insert(self, event: AnyEvent) -> Entry:
        at = self._clock()
        text = msgspec.json.encode(event).decode()
        kind = str(type(event).__struct_config__.tag)
        cursor = self._db.execute(
            "INSERT INTO events (at, run, session, kind, data) VALUES (?, ?, ?, ?, ?)",
            (at, self.run, self.session, kind, text),
        )
        return Entry(int(cursor.lastrowid or 0), at, self.run, self.session, event)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        rows = self._db.execute(
            "SELECT id, at, run, session, data FROM events WHERE id > ? ORDER BY id", (after,)
        )
        for number, at, run, session, data in rows.fetchall():
            yield Entry(number, at, run, session, _decoder.decode(data))

    def close(self) -> None:
        self._db.close()

    @classmethod
    def existing(cls, path: Path) -> "Journal | None":
        """Open a journal for reading; None where nothing ever ran."""
        return cls(path) if path.exists() else None


_decoder = msgspec.json.Decoder(AnyEvent)
