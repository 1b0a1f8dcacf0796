"""Servers for the tests, in threads of this process."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(app: Any, port: int, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve an application; the value is its origin."""
    secure: dict[str, Any] = {}
    if certificate is not None:
        secure = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]}
    config = uvicorn.Config(
        app,
        port=port,
        log_level="critical",
        ws="wsproto",
        lifespan="off",
        timeout_graceful_shutdown=1,
        **secure,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
