import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from harness.verify.bridge import Bridge, bridge_to
from harness.verify.postgres import PostgresServer


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends everything back."""

    def serve(connection: socket.socket) -> None:
        with connection:
            while part := connection.recv(1000):
                connection.sendall(part)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _through(bridge: Bridge, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as near:
        near.connect(str(bridge.directory / ".s.PGSQL.5432"))
        near.sendall(sent)
        got = b""
        while len(got) < len(sent) and (part := near.recv(1 << 20)):
            got += part
        return got


def test_everything_is_carried_both_ways(echo: int) -> None:
    with Bridge("127.0.0.1", echo) as bridge:
        assert _through(bridge, b"x" * 300_000) == b"x" * 300_000
        assert _through(bridge, b"again") == b"again"
    assert not bridge.directory.exists()


def test_a_server_that_is_gone_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Bridge("127.0.0.1", port) as bridge, suppress(ConnectionResetError):
        assert _through(bridge, b"x") == b""


def test_a_server_on_the_network_is_reached_over_a_unix_socket(
    postgres: PostgresServer, echo: int
) -> None:
    """The server behind TCP is played by a bridge's opposite: its socket under a TCP port."""
    postgres.create_database("bridged")
    inner = f"{postgres.socket_directory}/.s.PGSQL.5432"
    with _tcp_to(inner) as port:
        user = urlsplit(postgres.admin_url).netloc
        outer = f"postgresql://{user}127.0.0.1:{port}/bridged"
        with PostgresServer(database_url=outer) as server:
            url = server.url("bridged", "postgresql")
            assert "127.0.0.1" not in url
            assert asyncio.run(_one(url)) == 1


def test_a_server_on_a_unix_socket_needs_no_bridge(tmp_path: Path) -> None:
    assert bridge_to(f"postgresql://postgres:@/x?host={tmp_path}") is None


async def _one(url: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


class _tcp_to:  # noqa: N801 - reads as what it does
    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> int:
        self._loop = asyncio.new_event_loop()
        started: threading.Event = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait(5)
        return self._port

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    def _run(self, started: threading.Event) -> None:
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await self._stop.wait()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._path)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
        await writer.drain()
    writer.close()
