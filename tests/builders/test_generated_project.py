"""What a reviewer would run on the generated backend: linters, types, migrations, its tests."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from harness.builders.offline import generate, seed_json
from harness.inference.model import ApiModel
from harness.verify.postgres import PostgresServer
from tests.builders.conftest import write
from tests.builders.notes_model import MODEL

pytestmark = pytest.mark.e2e
BIN = Path(sys.executable).parent


def run(folder: Path, *command: str, url: str = "") -> str:
    env = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_same_model_gives_the_same_bytes() -> None:
    again = ApiModel.model_validate_json(MODEL.model_dump_json())
    assert generate(MODEL) == generate(again)


def test_it_is_clean(backend: Path) -> None:
    run(backend, str(BIN / "ruff"), "check", "--no-cache", ".")
    run(backend, str(BIN / "ruff"), "format", "--no-cache", "--check", ".")
    run(backend, str(BIN / "mypy"))


@pytest.mark.parametrize("resources", [[], ["users"], ["users", "notes"], ["tags", "system"]])
def test_every_slice_stands_alone(tmp_path: Path, resources: list[str]) -> None:
    folder = write(tmp_path, generate(MODEL, resources=resources))
    run(folder, str(BIN / "ruff"), "check", "--no-cache", ".")
    code = "import json; from app.main import app; print(json.dumps(app.openapi()))"
    document = json.loads(run(folder, sys.executable, "-c", code))
    tags = {operation["tags"][0] for path in document["paths"].values()
            for operation in path.values()}  # fmt: skip
    assert tags == set(resources)


def test_it_knows_nothing_of_its_maker(backend: Path) -> None:
    for path in backend.rglob("*"):
        if path.suffix in (".py", ".md", ".toml", ".sh"):
            content = path.read_text(encoding="utf-8").lower()
            assert "understudy" not in content
            assert "harness" not in content


def test_files_stay_small(backend: Path) -> None:
    for path in (backend / "app").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) < 500, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 40, (path, node.name)


def test_migrations_go_up_and_down(backend: Path, postgres: PostgresServer) -> None:
    postgres.create_database("migrations")
    url = postgres.url("migrations")
    for arguments in (("upgrade", "head"), ("check",), ("downgrade", "base"), ("upgrade", "head")):
        run(backend, sys.executable, "-m", "alembic", *arguments, url=url)


def test_its_own_tests_pass(backend: Path, postgres: PostgresServer) -> None:
    postgres.create_database("own_tests")
    done = run(
        backend, sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
        url=postgres.url("own_tests"),
    )  # fmt: skip
    assert " passed" in done


def test_the_document_is_valid_and_says_all(backend: Path) -> None:
    code = "import json; from app.main import app; print(json.dumps(app.openapi()))"
    document = json.loads(run(backend, sys.executable, "-c", code))
    validate(document)
    create = document["paths"]["/api/notes"]["post"]
    assert {"201", "400", "401", "422"} <= set(create["responses"])
    assert "note" in create["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {} in document["paths"]["/api/notes"]["get"]["security"]
    names = set(document["components"]["schemas"])
    assert {"NoteEnvelope", "NotePage", "ProfileResponse"} <= names
    assert not [name for name in names if name.endswith(("-Input", "-Output", "_"))]


def test_the_seed_holds_no_open_sessions(backend: Path) -> None:
    seed = json.loads((backend / "seed/recorded.json").read_text(encoding="utf-8"))
    assert seed["tables"]["user"][0]["username"] == "wilma"
    assert seed["tokens"] == {}
    assert seed_json(MODEL, "first")["tokens"] == {"open-before-the-recording": 7}


def test_an_unknown_recording_is_named() -> None:
    with pytest.raises(KeyError, match="it has: first"):
        seed_json(MODEL, "second")
