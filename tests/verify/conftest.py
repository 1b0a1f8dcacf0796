from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.traffic.exchange import Exchange
from harness.verify.backend import BackendProcess
from harness.verify.postgres import PostgresServer
from harness.verify.verify import migrated_template
from tests.verify.recorder import Recorder, tell_story

NOTES = Path(__file__).parent.parent / "fixtures" / "notes_backend"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def notes() -> Path:
    """A small backend: users, sessions, notes."""
    return NOTES


@pytest.fixture(scope="session")
def recorded(postgres: PostgresServer, notes: Path) -> list[Exchange]:
    """A recording of the notes backend, made once."""
    postgres.create_database("recorded", migrated_template(notes, postgres))
    with BackendProcess(notes, postgres.url("recorded")) as backend:
        backend.wait_ready()
        recorder = Recorder(backend.base_url)
        tell_story(recorder)
        recorder.close()
    return recorder.exchanges
