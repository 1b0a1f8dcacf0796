import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.verify.acceptance import run_acceptance
from harness.verify.confined import ConfinedRunner
from harness.verify.errors import BackendFailed
from harness.verify.postgres import PostgresServer
from harness.verify.runner import LocalRunner
from tests.verify.test_replay import SEED

REGISTERS = """
def test_registers(client, unique):
    email = f"{unique('ada')}@example.test"
    answer = client.post("/users", json={"email": email, "password": "x"})
    assert answer.status_code == 201
    assert answer.json()["user"]["email"] == email
"""
TEAPOT = """
def test_is_a_teapot(client):
    assert client.get("/me").status_code == 418
"""
HOSTILE_CONFTEST = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    report.outcome = "passed"
"""
TEAPOT_ID = "test_teapot.py::test_is_a_teapot"


@pytest.fixture
def copy(notes: Path, tmp_path: Path) -> Path:
    """The notes backend, to be changed."""
    return shutil.copytree(notes, tmp_path / "backend")


def test_what_holds_passes_and_what_does_not_says_why(
    postgres: PostgresServer, notes: Path, tmp_path: Path
) -> None:
    files = {"test_users.py": REGISTERS, "more/test_teapot.py": TEAPOT}
    found = run_acceptance(notes, files, postgres=postgres, runner=LocalRunner(), logs=tmp_path)
    assert found == {
        "test_users.py::test_registers": "",
        f"more/{TEAPOT_ID}": "AssertionError: assert 401 == 418",
    }
    assert "1 failed, 1 passed" in (tmp_path / "acceptance.log").read_text()
    assert (tmp_path / "acceptance-backend.log").exists()
    assert postgres.admin.names("replay_") == []


def test_the_seed_is_loaded(postgres: PostgresServer, notes: Path) -> None:
    token = next(iter(SEED["tokens"]))
    text = f"""
def test_is_eve(client):
    headers = {{"Authorization": "Bearer {token}"}}
    assert client.get("/me", headers=headers).json()["email"] == "eve@x.test"
"""
    found = run_acceptance(notes, {"test_seed.py": text}, postgres=postgres, seed=SEED)
    assert found == {"test_seed.py::test_is_eve": ""}


WRONG = {
    "test_broken.py": "def test_it(:\n",
    "test_empty.py": "",
    "test_nowhere.py": "import nowhere_at_all\n",
    "test_skips.py": """
import pytest

def test_skips():
    pytest.skip("later")

@pytest.mark.xfail
def test_expected():
    assert False

@pytest.mark.xfail
def test_unexpected():
    pass

@pytest.fixture
def untidy():
    yield
    raise ValueError("untidy\\nend")

def test_teardown(untidy):
    pass
""",
    "conftest.py": HOSTILE_CONFTEST,
    "../test_above.py": REGISTERS,
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
}


def test_what_does_not_run_does_not_pass(postgres: PostgresServer, notes: Path) -> None:
    found = run_acceptance(notes, WRONG | {"test_users.py": REGISTERS}, postgres=postgres)
    refused = "it is not named like test_something.py"
    skipped = "it is skipped or expected to fail"
    assert found.pop("test_broken.py").endswith("SyntaxError: invalid syntax")
    assert found == {
        "test_empty.py": "it holds no test",
        "test_nowhere.py": "ModuleNotFoundError: No module named 'nowhere_at_all'",
        "test_skips.py::test_skips": skipped,
        "test_skips.py::test_expected": skipped,
        "test_skips.py::test_unexpected": skipped,
        "test_skips.py::test_teardown": "ValueError: untidy",
        "conftest.py": refused,
        "../test_above.py": refused,
        "pytest.ini": refused,
        "test_users.py::test_registers": "",
    }


def test_a_process_that_ends_early_passes_nothing_more(
    postgres: PostgresServer, notes: Path
) -> None:
    text = "import os\n\ndef test_leaves():\n    os._exit(0)\n\ndef test_after():\n    pass\n"
    found = run_acceptance(notes, {"test_exit.py": text}, postgres=postgres)
    assert found == {
        "test_exit.py::test_leaves": "it did not run to its end",
        "test_exit.py::test_after": "it did not run to its end",
    }


def test_the_backend_has_no_say_in_its_tests(postgres: PostgresServer, copy: Path) -> None:
    for place in (copy, copy / "app", copy / "tests"):
        place.mkdir(exist_ok=True)
        (place / "conftest.py").write_text(HOSTILE_CONFTEST)
    for name in ("pytest.py", "httpx.py", "sitecustomize.py"):
        (copy / name).write_text("raise SystemExit(0)\n")
    (copy / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    found = run_acceptance(copy, {"test_teapot.py": TEAPOT}, postgres=postgres)
    assert found == {TEAPOT_ID: "AssertionError: assert 401 == 418"}


SLEEPY = """
@app.get("/sleep")
async def sleep():
    import time
    time.sleep(600)
"""


def test_a_backend_that_sleeps_is_ended(postgres: PostgresServer, copy: Path) -> None:
    main = copy / "app" / "main.py"
    main.write_text(main.read_text() + SLEEPY)
    text = """
def test_quick(client):
    assert client.get("/me").status_code == 401

def test_sleeps(client):
    client.get("/sleep")

def test_after(client):
    pass
"""
    found = run_acceptance(copy, {"test_sleep.py": text}, postgres=postgres, timeout_s=4)
    late = "it was not done when the 4 s for all tests were over"
    assert found == {
        "test_sleep.py::test_quick": "",
        "test_sleep.py::test_sleeps": late,
        "test_sleep.py::test_after": late,
    }
    assert postgres.admin.names("replay_") == []


def test_a_backend_that_does_not_start_says_why(postgres: PostgresServer, copy: Path) -> None:
    (copy / "app" / "main.py").write_text("import nowhere_at_all\n")
    with pytest.raises(BackendFailed, match="nowhere_at_all"):
        run_acceptance(copy, {"test_users.py": REGISTERS}, postgres=postgres)


@pytest.mark.sandbox
def test_tests_reach_the_backend_and_nothing_else(
    postgres: PostgresServer, notes: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    places: dict[str, Any] = {
        "secret": str(secret),
        "backend": str(notes / "app" / "main.py"),
        "database": f"{postgres.socket_directory}/.s.PGSQL.5432",
    }
    text = f"""
import socket

import pytest

PLACES = {json.dumps(places)}

def test_network():
    socket.create_connection(("192.0.2.1", 80), timeout=1)

@pytest.mark.parametrize("name", PLACES)
def test_reads(name):
    open(PLACES[name]).close()

def test_writes():
    open(__file__, "a").close()
"""
    files = {"test_users.py": REGISTERS, "test_reach.py": text}
    found = run_acceptance(notes, files, postgres=postgres, runner=ConfinedRunner())
    assert found.pop("test_users.py::test_registers") == ""
    assert len(found) == 5
    assert "unreachable" in found.pop("test_reach.py::test_network")
    assert "Read-only file system" in found.pop("test_reach.py::test_writes")
    assert all("No such file or directory" in reason for reason in found.values()), found
