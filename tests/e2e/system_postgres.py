"""The PostgreSQL 15 of the system's packages, on a Unix socket, for the time of a test."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.verify.cluster import hand_over, unprivileged
from harness.verify.postgres import PostgresServer
from harness.verify.runner import Command, LocalRunner, clean_environment

MISSING = (
    "PostgreSQL 15 is not here. Install it (apt install postgresql-15, brew install postgresql@15)."
)
_FOLDERS = [
    "/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin",
    "/opt/homebrew/opt/postgresql@15/bin", "/usr/local/opt/postgresql@15/bin",
]  # fmt: skip
_THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")


def binaries() -> Path | None:
    """Return the folder of PostgreSQL 15; None where it is not installed."""
    return next((path for path in map(Path, _FOLDERS) if (path / "postgres").exists()), None)


@contextmanager
def system_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Run a throw-away server with the binaries of a folder, as a user without rights."""
    with tempfile.TemporaryDirectory(prefix="us-pg15-") as name:
        home = Path(name)
        hand_over(home)
        _initialise(folder, home / "data")
        settings = ["listen_addresses=", f"unix_socket_directories={home}", *_THROW_AWAY]
        arguments = [part for setting in settings for part in ("-c", setting)]
        with (home / "log").open("wb") as log:
            argv = [*unprivileged(), str(folder / "postgres"), "-D", str(home / "data"), *arguments]
            environment = clean_environment()
            process = LocalRunner().start(Command(argv, cwd=home, env=environment, output=log))
        try:
            _wait(home / "log", process)
            with PostgresServer(database_url=f"postgresql://postgres:@/postgres?host={home}") as it:
                yield it
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


def _initialise(folder: Path, data: Path) -> None:
    data.mkdir(mode=0o700)
    hand_over(data)
    options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run(
        [*unprivileged(), str(folder / "initdb"), *options, "-D", str(data)],
        check=True,
        capture_output=True,
        env=clean_environment(),
    )


def _wait(log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while b"ready to accept connections" not in log.read_bytes():
        said = f"PostgreSQL 15 does not start:\n{log.read_text(errors='replace')}"
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.02)


def on_ci() -> bool:
    return bool(os.environ.get("CI"))
