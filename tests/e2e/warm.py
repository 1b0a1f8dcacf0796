"""Backends that start quickly: forked from a process that has the libraries loaded already."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LIBRARIES = [
    "asyncpg", "email_validator", "fastapi", "jwt", "pydantic_settings", "sqlalchemy.ext.asyncio",
    "sqlalchemy.dialects.postgresql.asyncpg", "uvicorn", "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio", "uvicorn.protocols.http.h11_impl",
]  # fmt: skip


@contextmanager
def serving(directory: Path, database_url: str) -> Iterator[str]:
    """Run the backend of a directory; its base URL accepts connections at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = listener.getsockname()[1]
        process = context.Process(
            target=_serve, args=(str(directory), database_url, listener), daemon=True
        )
        process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()
        process.close()


def _serve(directory: str, database_url: str, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - loaded in the process that this one is forked from

    os.chdir(directory)
    os.environ["DATABASE_URL"] = database_url
    sys.path.insert(0, directory)
    sys.dont_write_bytecode = True
    with Path(os.devnull).open("w") as nothing, suppress(SystemExit):
        sys.stdout = sys.stderr = nothing
        config = uvicorn.Config("app.main:app", access_log=False, log_level="critical")
        uvicorn.Server(config).run(sockets=[listener])
