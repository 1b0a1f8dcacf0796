"""A backend on a database of its own, in an initial state; nothing of it stays."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.verify.backend import BackendProcess, load_seed
from harness.verify.postgres import SCRATCH, PostgresServer
from harness.verify.runner import Runner
from harness.verify.sequences import move_sequences


@contextmanager
def staged(
    directory: Path,
    postgres: PostgresServer,
    template: str,
    *,
    seed: Mapping[str, Any] | None = None,
    id_offset: int = 0,
    unix: Path | None = None,
    log: Path | None = None,
    runner: Runner | None = None,
) -> Iterator[BackendProcess]:
    """Provide a backend that is starting, on a copy of a migrated database with the seed loaded.

    `id_offset` moves every sequence of the database on, so that new rows get other ids.
    Raise BackendFailed when it does not load the seed.
    """
    database = f"{SCRATCH}{uuid4().hex[:12]}"
    postgres.create_database(database, template)
    url = postgres.url(database)
    backend = BackendProcess(directory, url, log=log, unix=unix, runner=runner)
    try:
        backend.start()
        if seed and any(seed.get(part) for part in seed):
            load_seed(directory, url, seed, runner=runner)
        if id_offset:
            move_sequences(postgres.url(database, "postgresql"), id_offset)
        yield backend
    finally:
        backend.stop(grace_s=0)
        postgres.drop_database(database)
