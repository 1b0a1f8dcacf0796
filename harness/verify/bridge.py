"""A unix socket that leads to a PostgreSQL server on the network, for whom the network is shut."""

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

_PORT = 5432
_CHUNK = 1 << 16


class Bridge:
    """Accepts on a socket in a directory of its own; every connection is carried to the server."""

    def __init__(self, host: str, port: int | None) -> None:
        self._target = (host, port or _PORT)
        self.directory = Path(tempfile.mkdtemp(prefix="us-db-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.directory / f".s.PGSQL.{_PORT}"))
        self._listener.listen()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="database-bridge", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and remove the socket; may be called again."""
        for one in (self._listener, *self._open):
            _shut(one)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        self._open.add(near)
        try:
            with near, socket.create_connection(self._target) as far:
                far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(far)
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join()
                self._open.discard(far)
        except OSError:
            _shut(near)
        finally:
            self._open.discard(near)


def bridge_to(url: str) -> Bridge | None:
    """Return a bridge to the server of a URL; None where it is on a unix socket already."""
    parts = urlsplit(url)
    return Bridge(parts.hostname, parts.port) if parts.hostname else None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(_CHUNK):
            target.sendall(part)
    _shut(target)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
