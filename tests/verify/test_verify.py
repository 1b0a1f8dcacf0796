import shutil
from pathlib import Path

import pytest

from harness.traffic.exchange import Exchange
from harness.verify.errors import BackendFailed
from harness.verify.postgres import PostgresServer
from harness.verify.verify import Case, migrated_template, verify_backend
from tests.verify.test_replay import SEED


def test_a_faithful_backend(
    postgres: PostgresServer, notes: Path, recorded: list[Exchange], tmp_path: Path
) -> None:
    cases = [Case("one", recorded), Case("two", recorded[:5])]
    found = verify_backend(notes, cases, postgres=postgres, logs=tmp_path)
    report = found.report
    assert report.fidelity == 1.0
    assert (report.exchanges, report.exact) == (len(recorded) + 5, len(recorded) + 5)
    assert [(item.name, item.exact) for item in report.recordings] == [
        ("one", len(recorded)),
        ("two", 5),
    ]
    assert {"one#1", "two#5"} <= found.exact
    assert "one#1" in found.succeeded
    assert "one#2" not in found.succeeded
    assert found.mismatches == {}
    assert sum(item.exchanges for item in report.endpoints) == report.exchanges
    assert (tmp_path / "one.log").exists()
    assert list(report.model_dump()) == [
        "recordings", "exchanges", "status", "shape", "exact", "fidelity", "endpoints",
        "mismatches", "exempt", "left_out",
    ]  # fmt: skip


def test_a_changed_backend_is_less_faithful(
    postgres: PostgresServer, notes: Path, recorded: list[Exchange], tmp_path: Path
) -> None:
    copy = tmp_path / "backend"
    shutil.copytree(notes, copy)
    main = copy / "app" / "main.py"
    main.write_text(main.read_text().replace('error(409, "email is taken")', 'error(422, "x")'))
    found = verify_backend(copy, [Case("one", recorded)], postgres=postgres)
    assert found.report.exact == len(recorded) - 1
    assert found.report.status == len(recorded) - 1
    [mismatch] = found.report.mismatches
    assert mismatch.model_dump() == {
        "exchange": "one#2",
        "endpoint": "POST /users",
        "level": "status",
        "path": "status",
        "expected": 409,
        "actual": 422,
    }
    assert found.mismatches["one#2"].startswith("one#2 POST /users: status is 422")


def test_migrations_run_once_for_the_same_files(postgres: PostgresServer, notes: Path) -> None:
    name = migrated_template(notes, postgres)
    assert postgres.admin.exists(name)
    assert migrated_template(notes, postgres) == name


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("app/main.py", "import nowhere_at_all\n", "nowhere_at_all"),
        ("app/seed.py", "raise SystemExit('bad seed')\n", "bad seed"),
        (
            "alembic/versions/0001_create.py",
            "raise RuntimeError('bad migration')\n",
            "bad migration",
        ),
    ],
)
def test_a_backend_that_does_not_run_says_why(
    postgres: PostgresServer, notes: Path, tmp_path: Path, file: str, text: str, said: str
) -> None:
    copy = tmp_path / "backend"
    shutil.copytree(notes, copy)
    (copy / file).write_text(text)
    with pytest.raises(BackendFailed, match=said):
        verify_backend(copy, [Case("one", [], SEED)], postgres=postgres)
    assert postgres.admin.names("replay_") == []
