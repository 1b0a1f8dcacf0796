"""A backend generated from the model of an invented application, on real PostgreSQL."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.builders.offline import generate, seed_json
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.postgres import PostgresServer
from tests.builders.notes_model import MODEL


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return folder


def checked(backend: Path) -> None:
    """Raise AssertionError unless the generated code is clean to ruff and mypy."""
    for command in (("ruff", "check", "--no-cache", "."), ("mypy",)):
        program = Path(sys.executable).parent / command[0]
        done = subprocess.run(
            [program, *command[1:]], cwd=backend, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole generated backend."""
    return write(tmp_path_factory.mktemp("notewell"), generate(MODEL))


@pytest.fixture(scope="session")
def running(backend: Path, postgres: PostgresServer) -> Iterator[BackendProcess]:
    """The backend in its own process, with the state in which the recording starts."""
    postgres.create_database("notewell")
    url = postgres.url("notewell")
    migrate(backend, url)
    load_seed(backend, url, seed_json(MODEL, "first"))
    with BackendProcess(backend, url) as process:
        process.wait_ready()
        yield process


@pytest.fixture
def client(running: BackendProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url) as client:
        yield client


@pytest.fixture
def wilma() -> dict[str, str]:
    """The headers of a user whose session was open before the recording began."""
    return {"Authorization": "Token open-before-the-recording"}


@pytest.fixture
def newcomer(client: httpx.Client) -> dict[str, str]:
    """The headers of a user who has just registered."""
    found = client.post("/api/users", json={"user": account()})
    assert found.status_code == 201, found.text
    return {"Authorization": f"Bearer {json.loads(found.text)['user']['token']}"}


_numbers = iter(range(1, 10_000))


def account(**changes: str) -> dict[str, str]:
    """Return what a new user registers with."""
    number = next(_numbers)
    own = {"username": f"guest{number}", "email": f"guest{number}@example.com"}
    return {**own, "password": "Long-Enough-7", **changes}
