"""Proof of a sandbox: what it is for is tried from inside, and seen from outside to fail."""

import secrets
import select
import shlex
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .python_environment import interpreter
from .session import Session
from .spec import SandboxSpec

_CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"


@dataclass(frozen=True, slots=True)
class Proof:
    """One attempt, in words, and whether the sandbox held."""

    attempt: str
    held: bool


def prove(kind: Callable[[SandboxSpec], Session]) -> tuple[Proof, ...]:
    """Try a write outside, a read of a planted secret and a connection out in such a sandbox.

    Raise SandboxUnavailable where none can be opened.
    """
    secret = secrets.token_hex(16)
    with (
        tempfile.TemporaryDirectory(prefix="sandbox-") as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        base = Path(folder).resolve()
        root, planted, new = base / "project", base / "secret", base / "new"
        root.mkdir()
        planted.write_text(secret, encoding="ascii")
        connect = _CONNECT.format(port=listener.getsockname()[1])
        with kind(SandboxSpec(root=root)) as sandbox:
            sandbox.run(f"echo x > {shlex.quote(str(new))}", timeout_s=10)
            read = sandbox.run(f"cat {shlex.quote(str(planted))}", timeout_s=10)
            sandbox.run([str(interpreter()), "-I", "-S", "-c", connect], timeout_s=10)
        came, _, _ = select.select([listener], [], [], 0)
        return (
            Proof("a write outside", not new.exists()),
            Proof("a read of a planted secret", secret not in read.stdout),
            Proof("a connection out", not came),
        )
