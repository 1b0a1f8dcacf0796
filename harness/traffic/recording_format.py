"""The file format of recordings: schema, version, and how blobs are packed."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.errors import TrafficError

SUFFIX = ".traffic.db"
APPLICATION_ID = 0x554E4453
"""`UNDS`: marks a SQLite file as a recording."""
VERSION = 2
"""2 added `exchanges.client`."""

SCHEMA = """
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
    message INTEGER REFERENCES blobs,
    client TEXT NOT NULL DEFAULT ''
);
"""
UPGRADE = f"""
ALTER TABLE exchanges ADD COLUMN client TEXT NOT NULL DEFAULT '';
PRAGMA user_version = {VERSION};
"""
_RAW, _ZSTD = b"\x00", b"\x01"
_SMALL = 64

encode_headers = msgspec.json.Encoder().encode
decode_headers = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


def name_of(path: Path) -> str:
    """Return the name of a recording: its file name without the suffix."""
    return path.name.removesuffix(SUFFIX)


def packed(data: bytes, compress: Callable[[bytes], bytes]) -> bytes:
    return _RAW + data if len(data) < _SMALL else _ZSTD + compress(data)


def unpacked(data: bytes, decompress: Callable[[bytes], bytes]) -> bytes:
    return decompress(data[1:]) if data[:1] == _ZSTD else data[1:]


def check(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a recording's format; raise TrafficError where it is none."""
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
    return int(version)
