"""`understudy serve`: the clone, running on a database of its own until Ctrl+C."""

import hashlib
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from harness.checking import Capture, exchanges_of, require_backend, seed_of
from harness.errors import UnderstudyError, UsageError
from harness.importing import recording_name
from harness.project import Project
from harness.sessions.learning import learn
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.confined import runner as runner_of
from harness.verify.postgres import PostgresServer
from harness.verify.runner import Runner

_POLL_S = 0.2


def serve(
    project: Project,
    *,
    port: int,
    state: str,
    ready: Callable[[str], None],
    accept_risk: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` gets the URL once connections are accepted.

    `state` is `recorded` (kept from one time to the next), `empty`, or a capture's path, whose
    initial state is rebuilt in memory.
    """
    require_backend(project)
    _require_port(port)
    runner = runner_of(accept_risk=accept_risk)
    with (
        _asked_to_stop() as stopping,
        _database(project, state, runner) as url,
        _backend(project, url, port, runner) as backend,
    ):
        ready(backend.base_url)
        while backend.running and not stopping.wait(_POLL_S):
            pass
        if not stopping.is_set():
            raise UnderstudyError("The backend ended by itself.", do=f"Its log is {backend.log}.")


def _require_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"Port {port} cannot be used: {error.strerror}.",
                do="Choose another one with --port, or --port 0 for a free one.",
            ) from error


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    stopping = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {kind: signal.signal(kind, handle) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextmanager
def _database(project: Project, state: str, runner: Runner) -> Iterator[str]:
    """Provide the URL of a database in the state asked for."""
    if state == "recorded":
        place = project.state_dir.absolute() / "postgres" / "serve"
        with PostgresServer(place, durable=True) as postgres:
            yield _recorded(project, postgres, runner)
        return
    seed = None if state == "empty" else _seed_of_file(project, Path(state))
    with PostgresServer() as postgres:
        postgres.create_database("served")
        url = postgres.url("served")
        _fill(project, url, seed, runner)
        yield url


def _seed_of_file(project: Project, path: Path) -> dict[str, Any]:
    model = learn(project)
    capture = Capture(recording_name(path), exchanges_of(project, model, path))
    return seed_of(project, model, capture)


def _recorded(project: Project, postgres: PostgresServer, runner: Runner) -> str:
    """Return the database that the project's clone keeps; made with the recorded state at first.

    Another schema or another initial state has another database.
    """
    from harness.builders.offline import seed_document  # noqa: PLC0415 - heavy

    model = learn(project)
    seed = max(model.seeds, key=lambda item: sum(map(len, item.tables.values())), default=None)
    plain = seed_document(model, seed) if seed else None
    name = f"recorded_{_mark(project, plain)}"
    postgres.ensure_template(name, lambda url: _fill(project, url, plain, runner))
    return postgres.url(name)


def _mark(project: Project, seed: dict[str, Any] | None) -> str:
    digest = hashlib.sha256(json.dumps(seed, sort_keys=True).encode())
    for path in sorted((project.backend_dir / "alembic").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _fill(project: Project, url: str, seed: dict[str, Any] | None, runner: Runner) -> None:
    migrate(project.backend_dir, url, runner=runner)
    if seed:
        load_seed(project.backend_dir, url, seed, runner=runner)


@contextmanager
def _backend(project: Project, url: str, port: int, runner: Runner) -> Iterator[BackendProcess]:
    log = project.state_dir / "logs" / "serve.log"
    with BackendProcess(project.backend_dir, url, log=log, port=port, runner=runner) as backend:
        backend.wait_ready()
        yield backend
