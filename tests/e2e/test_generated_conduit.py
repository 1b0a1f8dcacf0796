"""The backend that is generated for Conduit, as a reviewer would try it who may refuse it."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from harness.builders.offline import generate
from harness.inference.model import ApiModel
from harness.project import Project
from harness.traffic.lexicon import is_password, is_token
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.postgres import PostgresServer
from harness.verify.runner import clean_environment, stop_group
from tests.e2e.system_postgres import MISSING, binaries, on_ci, system_postgres
from tests.e2e.workbench import Done, command, counted, fuzz, learned, module, write_backend

pytestmark = pytest.mark.e2e

CONDUIT = Path(__file__).parents[2] / "projects" / "conduit"
ADA = {"username": "ada", "email": "ada@example.com", "password": "countess1"}


@pytest.fixture(scope="module")
def model() -> ApiModel:
    return learned(CONDUIT)


@pytest.fixture(scope="module")
def backend(model: ApiModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(model, tmp_path_factory.mktemp("generated") / "backend")


@pytest.fixture(scope="module", params=["PostgreSQL 18", "PostgreSQL 15"])
def postgres(request: pytest.FixtureRequest, server: PostgresServer) -> Iterator[PostgresServer]:
    """The newest and the oldest server that the backend promises to work with."""
    if request.param == "PostgreSQL 18":
        yield server
        return
    folder = binaries()
    if folder is None:
        (pytest.fail if on_ci() else pytest.skip)(MISSING)
    with system_postgres(folder) as oldest:
        yield oldest


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """The PostgreSQL that comes with the harness."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def running(
    backend: Path, server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The base URL of the backend as a process of its own."""
    log = tmp_path_factory.mktemp("log") / "backend.log"
    url = fresh(server, "running")
    migrate(backend, url)
    with BackendProcess(backend, url, log=log) as process:
        process.wait_ready()
        yield process.base_url
    assert "Traceback" not in log.read_text()


def fresh(postgres: PostgresServer, name: str) -> str:
    postgres.create_database(name)
    return postgres.url(name)


def test_lint_format_and_types_are_clean(backend: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "mypy")
    for done in (
        module(backend, "ruff", "check", "--no-cache", "."),
        module(backend, "ruff", "format", "--check", "--no-cache", "."),
        module(backend, "mypy", "--cache-dir", cache),
    ):
        assert done.ok, done


def test_migrations_say_what_the_models_say_and_can_be_taken_back(
    backend: Path, postgres: PostgresServer
) -> None:
    url = fresh(postgres, "migrations")
    for step in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
        done = module(backend, "alembic", *step, DATABASE_URL=url)
        assert done.ok, done


def test_its_own_tests_are_green(backend: Path, postgres: PostgresServer) -> None:
    arguments = ["pytest", "-q", "-p", "no:cacheprovider"]
    done = module(backend, *arguments, DATABASE_URL=fresh(postgres, "own_tests"))
    assert done.ok, done
    assert set(counted(done.output)) == {"passed", "seconds"}, done
    assert counted(done.output)["passed"] >= 100


def test_states_can_be_loaded(backend: Path, server: PostgresServer) -> None:
    url = fresh(server, "seeded")
    migrate(backend, url)
    ada = {"id": 7, **ADA}
    state = {"tables": {"user": [ada]}, "links": {}, "tokens": {"abc": 7}, "last_keys": {}}
    load_seed(backend, url, state)
    with BackendProcess(backend, url) as process, httpx.Client() as client:
        process.wait_ready()
        shown = client.get(
            f"{process.base_url}/api/user", headers={"Authorization": "Token abc"}
        ).json()
        assert shown["user"]["username"] == "ada"
        login = {"user": {"email": ADA["email"], "password": ADA["password"]}}
        assert client.post(f"{process.base_url}/api/users/login", json=login).status_code == 200
        other = {**ADA, "username": "bea", "email": "bea@example.com"}
        made = client.post(f"{process.base_url}/api/users", json={"user": other})
        assert made.status_code == 201, made.text


def test_the_description_of_the_api_is_valid(running: str, model: ApiModel) -> None:
    document = httpx.get(f"{running}/openapi.json").json()
    validate(document)
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {(item.method, item.path) for item in model.operations}


def test_nothing_that_is_sent_makes_it_fail(running: str, tmp_path: Path) -> None:
    token = registered(running)["token"]
    found = fuzz(running, tmp_path, examples=6, headers={"Authorization": f"Token {token}"})
    assert found.cases > 400
    assert found.server_errors == 0, found.said
    assert not found.failures, found.said


def registered(base_url: str) -> dict[str, Any]:
    answer = httpx.post(f"{base_url}/api/users", json={"user": ADA})
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()["user"]
    return user


def test_the_same_model_gives_the_same_bytes(backend: Path, model: ApiModel) -> None:
    again = generate(ApiModel.model_validate_json(model.model_dump_json()))
    there = {
        str(path.relative_to(backend)): path.read_text(encoding="utf-8")
        for path in backend.rglob("*")
        if str(path.relative_to(backend)) in again
    }
    assert there == again
    other, root = backend.parent / "other", Path(__file__).parents[2]
    arguments = ["tests.e2e.workbench", str(CONDUIT), str(other)]
    done = module(root, *arguments, PYTHONHASHSEED="271828")
    assert done.ok, done
    for path, text in again.items():
        assert (other / path).read_text(encoding="utf-8") == text, path


def test_no_secret_of_the_recordings_is_in_it(model: ApiModel) -> None:
    secrets: set[str] = set()
    for recording in Project.open(CONDUIT).recordings():
        for exchange in recording:
            for name, value in exchange.request.headers:
                if name.lower() in {"authorization", "cookie"}:
                    secrets.update(value.split())
            bodies = [exchange.request.body]
            bodies += [exchange.response.body] if exchange.response else []
            for body in bodies:
                secrets.update(secrets_in(body))
    secrets = {secret for secret in secrets if len(secret) >= 8}
    assert len(secrets) > 10
    text = "\n".join(generate(model).values())
    assert [secret for secret in secrets if secret in text] == []


def secrets_in(body: bytes) -> set[str]:
    try:
        document = json.loads(body)
    except ValueError:
        return set()
    found: set[str] = set()
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            found |= {
                value
                for key, value in item.items()
                if isinstance(value, str) and (is_password(key) or is_token(key))
            }
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return found


# ------------------------------------------------------------------- the README's commands


@pytest.fixture(scope="module")
def installed(backend: Path) -> Path:
    """The backend with an environment that is installed already."""
    directory = shutil.copytree(backend, backend.parent / "installed")
    environment, ours = directory / ".venv", Path(sys.prefix)
    environment.mkdir()
    shutil.copy(ours / "pyvenv.cfg", environment)
    for name in ("bin", "lib", "lib64"):
        if (ours / name).exists():
            (environment / name).symlink_to(ours / name)
    (environment / ".installed").touch()
    return directory


def scripted(directory: Path, url: str, *arguments: str) -> Done:
    return command(directory, "./init.sh", *arguments, DATABASE_URL=url)


@contextmanager
def served(directory: Path, url: str) -> Iterator[str]:
    """Run `./init.sh` and give the URL that it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        ["./init.sh"],
        cwd=directory,
        env=clean_environment(DATABASE_URL=url, PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "running on" in line:
                break
        assert process.poll() is None, "".join(said)
        yield f"http://127.0.0.1:{port}"
        stop_group(process)


def test_the_readme_commands_work(installed: Path, server: PostgresServer) -> None:
    readme = (installed / "README.md").read_text()
    assert "./init.sh " in readme
    url = fresh(server, "by_script")
    with served(installed, url) as base_url:
        assert httpx.get(f"{base_url}/docs").status_code == 200
        assert registered(base_url)["username"] == "ada"
    done = scripted(installed, url, "test", "-q", "-p", "no:cacheprovider", "tests/test_tags.py")
    assert done.ok, done
    assert "./init.sh [serve" in scripted(installed, url, "dance").output


def test_every_setting_is_in_the_example_environment(backend: Path) -> None:
    listed = {
        line.lstrip("# ").split("=")[0]
        for line in (backend / ".env.example").read_text().splitlines()
        if "=" in line
    }
    code = "from app.settings import Settings; print(*Settings.model_fields)"
    done = command(backend, sys.executable, "-c", code)
    assert {name.lower() for name in listed} == set(done.output.split()), done


def test_an_operation_has_tests_and_a_place_in_the_documents(
    backend: Path, model: ApiModel
) -> None:
    tests = "\n".join(path.read_text() for path in (backend / "tests").glob("test_*.py"))
    documents = (backend / "docs" / "api.md").read_text()
    for operation in model.operations:
        assert f"test_{operation.id}(" in tests, operation.id
        assert f"`{operation.method} {operation.path}`" in documents
