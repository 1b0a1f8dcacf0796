"""Databases on a server: created, cloned from a template, renamed, dropped."""

import asyncio
import re
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from harness.verify.errors import DatabaseUnavailable

Result = TypeVar("Result")
_ATTEMPTS = 40
_PAUSE_S = 0.05
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class Admin:
    """A connection for administration, kept open; its methods block.

    It has an event loop in a thread of its own, so that it can be used inside and outside of one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._turn = threading.Lock()

    def check(self) -> None:
        """Raise unless the server answers."""
        self._run(self._fetch("SELECT 1"))

    def exists(self, name: str) -> bool:
        query = "SELECT 1 FROM pg_database WHERE datname = $1"
        return bool(self._run(self._fetch(query, name)))

    def ensure_role(self, name: str, password: str | None = None) -> None:
        """Make a role that may log in and do nothing else; it gets this password."""
        if not self._run(self._fetch("SELECT 1 FROM pg_roles WHERE rolname = $1", name)):
            self._execute(f"CREATE ROLE {_quoted(name)} LOGIN")
        if password is not None:
            self._execute(f"ALTER ROLE {_quoted(name)} PASSWORD {_text(password)}")

    def create(
        self,
        name: str,
        template: str | None = None,
        *,
        owner: str | None = None,
        lasting: bool = True,
    ) -> None:
        """Create a database; one that does not last need not wait for the disk."""
        self.drop(name)
        owned = f" OWNER {_quoted(owner)}" if owner else ""
        copied = f" TEMPLATE {_quoted(template)} STRATEGY FILE_COPY" if template else ""
        self._execute(f"CREATE DATABASE {_quoted(name)}{owned}{copied}")
        if not lasting:
            self._execute(f"ALTER DATABASE {_quoted(name)} SET synchronous_commit = off")

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def rename(self, name: str, new_name: str) -> None:
        self._execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(new_name)}")

    def names(self, prefix: str) -> list[str]:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, $1) ORDER BY oid"
        return [row[0] for row in self._run(self._fetch(query, prefix))]

    def close(self) -> None:
        if self._connection is not None:
            self._run(self._connection.close(timeout=2))
            self._connection = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _execute(self, statement: str) -> None:
        self._run(self._perform(statement))

    async def _perform(self, statement: str) -> None:
        import asyncpg  # noqa: PLC0415

        connection = await self._connected()
        for _ in range(_ATTEMPTS):
            try:
                await connection.execute(statement)
            except asyncpg.ObjectInUseError:  # a process that just ended is still connected
                await asyncio.sleep(_PAUSE_S)
            else:
                return
        await connection.execute(statement)

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        return list(await (await self._connected()).fetch(query, *arguments))

    async def _connected(self) -> Any:
        import asyncpg  # noqa: PLC0415 - only those who talk to a server pay for it

        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=10)
        return self._connection

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        import asyncpg  # noqa: PLC0415

        try:
            with self._turn:
                return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable(
                f"the PostgreSQL server refuses: {error or type(error).__name__}",
                do="Run `understudy doctor`; if DATABASE_URL is set, check its host, user and "
                "rights (databases are created there).",
            ) from error


def _text(value: str) -> str:
    if not value.isalnum():
        raise ValueError("a password of letters and digits is needed")
    return f"'{value}'"


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a database name: {name!r}")
    return f'"{name}"'
