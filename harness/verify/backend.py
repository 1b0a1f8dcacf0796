"""The generated backend as a process of its own, and its two tools: migrations and seed."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Any, Self

from harness.verify.errors import BackendFailed
from harness.verify.postgres import socket_directories
from harness.verify.runner import Command, LocalRunner, Runner, clean_environment, stop_group

_READY_TIMEOUT_S = 30.0
_PROBE_TIMEOUT_S = 20.0
_PROBE = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TOOL_TIMEOUT_S = 120.0
_SHOWN_LINES = 12
_SERVE = (
    "import socket, sys, uvicorn; "
    "uvicorn.Server(uvicorn.Config('app.main:app', access_log=False, log_level='warning'))"
    ".run(sockets=[socket.socket(fileno=int(sys.argv[1]))])"
)


class BackendProcess:
    """A running backend for the time of a `with` block.

    It gets a socket that is bound already (no race for a port), the database's URL and the PATH,
    and nothing else of the harness. What it prints goes to `log` (thrown away without one).
    With `unix` it listens there instead of on a port.
    """

    def __init__(
        self,
        directory: Path,
        database_url: str,
        *,
        log: Path | None = None,
        port: int = 0,
        unix: Path | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.log = log
        self._port = port
        self._unix = unix
        self._runner = runner or LocalRunner()
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._bound = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._bound}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; `wait_ready` says when it answers."""
        with self._listen() as listener:
            argv = [sys.executable, "-c", _SERVE, str(listener.fileno())]
            self._output = self._open_log()
            self._process = self._runner.start(
                _command(self.directory, self.database_url, argv, self._output, listener.fileno())
            )

    def wait_ready(self, timeout_s: float = _READY_TIMEOUT_S) -> None:
        """Wait until the backend answers a request, whatever it says."""
        if self._process is None:
            self.start()
        deadline = time.monotonic() + min(timeout_s, _READY_TIMEOUT_S)
        while self.running and (left := deadline - time.monotonic()) > 0:
            with suppress(OSError):
                if self._answers(min(left, _PROBE_TIMEOUT_S)):
                    return
            time.sleep(0.01)
        why = "does not answer" if self.running else "ends while it starts"
        raise BackendFailed(f"the backend in {self.directory} {why}{self._said()}")

    def stop(self, grace_s: float = 1.0) -> None:
        """End the process and every process that it started."""
        if self._process is not None:
            stop_group(self._process, grace_s)
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None

    def _listen(self) -> socket.socket:
        """Return a socket that listens; the port that it has is noted."""
        listener = socket.socket(socket.AF_UNIX if self._unix else socket.AF_INET)
        try:
            if self._unix:
                listener.bind(str(self._unix))
            else:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                listener.bind(("127.0.0.1", self._port))
                self._bound = listener.getsockname()[1]
            listener.listen(128)
        except OSError as error:
            listener.close()
            where = self._unix or f"port {self._port}"
            raise BackendFailed(
                f"{where} cannot be used: {error.strerror}", do="Choose another one."
            ) from error
        return listener

    def _answers(self, timeout_s: float) -> bool:
        address = str(self._unix) if self._unix else ("127.0.0.1", self._bound)
        with socket.socket(socket.AF_UNIX if self._unix else socket.AF_INET) as probe:
            probe.settimeout(timeout_s)
            probe.connect(address)
            probe.sendall(_PROBE)
            return bool(probe.recv(1))

    def _open_log(self) -> IO[bytes]:
        if self.log is None:
            return TemporaryFile()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return self.log.open("w+b")

    def _said(self) -> str:
        if self._output is None:
            return ""
        self._output.seek(0)
        where = f"\nThe whole log is {self.log}." if self.log else ""
        return _tail(self._output.read()) + where


def migrate(directory: Path, url: str, *, runner: Runner | None = None) -> None:
    """Bring a database to the newest migration of a backend."""
    argv = [sys.executable, "-m", "alembic", "upgrade", "head"]
    run_tool(directory, url, argv, runner=runner)


def load_seed(
    directory: Path, url: str, seed: Mapping[str, Any], *, runner: Runner | None = None
) -> None:
    """Load an initial state into a migrated database with the backend's own tool."""
    with NamedTemporaryFile("w", suffix=".json", prefix="us-seed-", encoding="utf-8") as file:
        json.dump(seed, file)
        file.flush()
        argv = [sys.executable, "-m", "app.seed", file.name]
        run_tool(directory, url, argv, runner=runner, reads=(Path(file.name),))


def run_tool(
    directory: Path,
    url: str,
    argv: list[str],
    *,
    runner: Runner | None = None,
    reads: tuple[Path, ...] = (),
) -> None:
    """Run a command in the backend's directory; raise BackendFailed with its output."""
    with TemporaryFile() as output:
        command = replace(_command(directory, url, argv, output), reads=reads)
        process = (runner or LocalRunner()).start(command)
        try:
            code = process.wait(_TOOL_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            stop_group(process)
        if code != 0:
            output.seek(0)
            name = " ".join(argv[1:4])
            end = "does not end" if code is None else f"fails with exit code {code}"
            raise BackendFailed(f"`python {name}` {end} in {directory}{_tail(output.read())}")


def _command(
    directory: Path, url: str, argv: list[str], output: IO[bytes], *descriptors: int
) -> Command:
    return Command(
        argv,
        cwd=directory,
        env=clean_environment(DATABASE_URL=url, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1"),
        output=output,
        pass_fds=descriptors,
        databases=socket_directories(url),
    )


def _tail(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
    return "".join(f"\n  {line}" for line in lines)
