import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.sessions.replay_judge import OwnTests, StoppableRunner, read_tests, run_tests
from harness.verify.postgres import PostgresServer
from harness.verify.runner import Command, clean_environment


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("....\n4 passed in 0.10s\n", 0, OwnTests(4, ())),
        (
            "F.\nFAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed, 3 passed in 1.2s\n",
            1,
            OwnTests(3, ("tests/test_a.py::test_b",)),
        ),
        ("ERROR tests/a.py - ImportError\n1 error in 0.1s\n", 2, OwnTests(0, ("tests/a.py",))),
        ("no tests ran in 0.01s\n", 5, OwnTests(0, ())),
        ("Traceback\nImportError: conftest\n", 4, OwnTests(0, ("ImportError: conftest",))),
        ("", -9, OwnTests(0, ("pytest ends with exit code -9",))),
    ],
)  # fmt: skip
def test_what_pytest_says_is_understood(text: str, code: int, expected: OwnTests) -> None:
    assert read_tests(text, code) == expected


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def test_own_tests_run_on_a_database_of_their_own(postgres: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_database.py").write_text(
        "import asyncio, os, asyncpg\n"
        "async def ask():\n"
        "    db = await asyncpg.connect(os.environ['DATABASE_URL'].replace('+asyncpg', ''))\n"
        "    assert await db.fetchval('SELECT current_database()') == 'own_tests'\n"
        "    await db.close()\n"
        "def test_it():\n"
        "    asyncio.run(ask())\n"
        "def test_other():\n"
        "    assert 'ANTHROPIC_API_KEY' not in os.environ\n"
    )
    found = run_tests(tmp_path, postgres, tmp_path / "logs" / "pytest.log", StoppableRunner())
    assert found == OwnTests(2, ())
    assert "2 passed" in (tmp_path / "logs" / "pytest.log").read_text()
    assert postgres.admin.names("own_tests") == []


def test_what_was_started_can_be_ended_at_once(tmp_path: Path) -> None:
    runner = StoppableRunner()
    sleep = shutil.which("sleep")
    assert sleep is not None
    process = runner.start(Command([sleep, "60"], cwd=tmp_path, env=clean_environment()))
    runner.stop()
    assert process.wait(10) == -signal.SIGKILL
    runner.stop()
