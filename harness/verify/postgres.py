"""An embedded PostgreSQL server under our own supervision, or the one of `DATABASE_URL`."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from harness.verify.admin import Admin
from harness.verify.bridge import Bridge, bridge_to
from harness.verify.cluster import (
    NEXT,
    ROLE,
    SESSION,
    admit,
    binary,
    changes_user,
    hand_over,
    initialise,
    password,
    remove_orphan,
    unprivileged,
)
from harness.verify.errors import DatabaseUnavailable
from harness.verify.runner import Command, LocalRunner, clean_environment

_START_TIMEOUT_S = 30.0
_PORT = 5432
SCRATCH = "replay_"
"""How the names of databases begin that nobody needs after a replay."""
_THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = ("listen_addresses=", "max_connections=60", "shared_buffers=32MB", "jit=off")


class PostgresServer:
    """A PostgreSQL server for the time of a `with` block.

    Without a directory it is ephemeral: its data is removed at the end. With a directory the data
    stays and the next start is quick; `durable` servers write it through to the disk, others may
    be rebuilt from nothing after a crash. `DATABASE_URL` (or `database_url`) takes precedence over
    both: databases are then created on that server.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        durable: bool = False,
        database_url: str | None = None,
    ) -> None:
        self.directory = directory
        self.durable = durable
        self.external = database_url or os.environ.get("DATABASE_URL") or None
        self.socket_directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._temporary: list[Path] = []
        self._admin: Admin | None = None
        self._password: str | None = None
        self._backend_password = secrets.token_hex(16)
        self._bridge: Bridge | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        try:
            if self.external is None:
                self._start_embedded()
            else:
                self._bridge = bridge_to(self.external)
            self._admin = Admin(self.admin_url)
            self._admin.check()
            if self.external is None:
                self._admin.ensure_role(ROLE, self._backend_password)
                self._admin.ensure_role(SESSION)
            self._drop_leftovers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; ephemeral data is removed."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._bridge is not None:
            self._bridge.close()
            self._bridge = None
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        for path in self._temporary:
            shutil.rmtree(path, ignore_errors=True)
        self._temporary.clear()

    def url(self, name: str | None, driver: str = "postgresql+asyncpg") -> str:
        """Return a backend's URL of a database: over a unix socket, so that it needs no network."""
        if self.external is None:
            user = f"{ROLE}:{self._backend_password}"
            return f"{driver}://{user}@/{name or 'postgres'}?host={self.socket_directory}"
        parts = urlsplit(self.external)
        path = parts.path if name is None else f"/{name}"
        if self._bridge is None:
            return urlunsplit((driver, parts.netloc, path, parts.query, ""))
        user = parts.netloc.rpartition("@")[0]
        return f"{driver}://{user}@{path}?host={self._bridge.directory}"

    @property
    def admin_url(self) -> str:
        """The URL of whoever may create databases: not for backends."""
        if self.external is not None:
            return urlunsplit(urlsplit(self.external)._replace(scheme="postgresql"))
        return f"postgresql://postgres:{self._password}@/postgres?host={self.socket_directory}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create an empty database, or a copy of a template; one of that name is replaced."""
        self._create(name, template)

    def session_database(self) -> str:
        """Make the empty database of a session; return its URL, which opens no other."""
        if self.external is not None:
            self._create(SESSION)
            return self.url(SESSION)
        self.admin.create(SESSION, owner=SESSION, lasting=self.durable)
        return f"postgresql+asyncpg://{SESSION}:@/{SESSION}?host={self.socket_directory}"

    def drop_database(self, name: str) -> None:
        self.admin.drop(name)

    def ensure_template(self, name: str, prepare: Callable[[str], None]) -> None:
        """Make the database `name` once: `prepare` gets the URL of its draft."""
        if self.admin.exists(name):
            return
        draft = f"{name}_draft"
        self._create(draft)
        try:
            prepare(self.url(draft))
        except BaseException:
            self.admin.drop(draft)
            raise
        self.admin.rename(draft, name)

    def _create(self, name: str, template: str | None = None) -> None:
        embedded = self.external is None
        owner = ROLE if embedded else None
        self.admin.create(name, template, owner=owner, lasting=self.durable or embedded)

    @property
    def admin(self) -> Admin:
        if self._admin is None:
            raise DatabaseUnavailable("the PostgreSQL server is not running")
        return self._admin

    def _drop_leftovers(self) -> None:
        """Drop what a killed harness left on a server that is ours alone."""
        if self.external is None and not self.durable:
            for name in self.admin.names(SCRATCH):
                self.admin.drop(name)

    def _start_embedded(self) -> None:
        data = self._claim_directory()
        self.socket_directory = self._make_temporary()
        remove_orphan(data)
        self._set_aside_open(data)
        if not (data / "PG_VERSION").exists():
            initialise(data)
        try:
            self._launch(data)
        except DatabaseUnavailable:
            if self.durable:
                raise
            initialise(data)
            self._launch(data)

    def _set_aside_open(self, data: Path) -> None:
        """Move a directory out of the way whose superuser has no password; it is kept."""
        if (data / "PG_VERSION").exists() and password(data) is None:
            data.rename(data.with_name(f"{data.name}-{time.strftime('%Y%m%d-%H%M%S')}"))

    def _claim_directory(self) -> Path:
        """Return a data directory that is ours alone; a throw-away server moves on if need be."""
        if self.directory is None or (not self.durable and changes_user()):
            return self._make_temporary() / "data"
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            if self.durable:
                raise DatabaseUnavailable(
                    f"the database in {self.directory} is in use by another understudy process",
                    do="Stop that one first: it serves or runs this project.",
                ) from error
            return self._make_temporary() / "data"
        self._lock = lock
        return self.directory / "data"

    def _make_temporary(self) -> Path:
        path = Path(tempfile.mkdtemp(prefix="us-pg-"))
        self._temporary.append(path)
        hand_over(path)
        return path

    def _launch(self, data: Path) -> None:
        settings = [*_SETTINGS, f"port={_PORT}", f"unix_socket_directories={self.socket_directory}"]
        if not self.durable:
            settings += _THROW_AWAY
        arguments = [part for setting in settings for part in ("-c", setting)]
        admit(data)
        log = data.parent / "postgres.log"
        with log.open("wb") as output:
            self._process = LocalRunner().start(
                Command(
                    [*unprivileged(), str(binary("postgres")), "-D", str(data), *arguments],
                    cwd=data.parent,
                    env=clean_environment(),
                    output=output,
                    end_signal=signal.SIGINT,
                )
            )
        self._wait(log)
        self._password = password(data)

    def _wait(self, log: Path) -> None:
        assert self.socket_directory is not None  # noqa: S101 - set by the caller
        assert self._process is not None  # noqa: S101
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if b"ready to accept connections" in log.read_bytes():
                return
            time.sleep(0.005)
        _end(self._process)
        self._process = None
        raise DatabaseUnavailable(f"PostgreSQL does not start: {_last_lines(log)}", do=NEXT)


def socket_directories(url: str) -> tuple[Path, ...]:
    """Return where the unix sockets of a database's URL are."""
    return tuple(Path(path) for path in parse_qs(urlsplit(url).query).get("host", []))


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _last_lines(log: Path) -> str:
    with suppress(OSError):
        return " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
    return "no log was written"
