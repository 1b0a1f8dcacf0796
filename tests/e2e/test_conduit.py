"""The main job on the recordings of a real application, through the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.features.feature import FILE, FeatureList
from harness.repository import MAIN, Repository, git

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "projects" / "conduit"
UNDERSTUDY = [sys.executable, "-c", "from harness.cli import main; main()"]


def understudy(*arguments: object) -> tuple[int, Any]:
    done = subprocess.run(
        [*UNDERSTUDY, *map(str, arguments), "--json"], check=False, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The example, run to its end, and what the run said."""
    directory = tmp_path_factory.mktemp("main-job") / "conduit"
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns(".*", "backend", "model"))
    code, document = understudy("run", directory)
    assert code == 0, document
    return directory, document


def test_everything_passes(built: tuple[Path, Any]) -> None:
    _, document = built
    assert document["outcome"] == "done"
    assert document["features"]["total"] == document["features"]["passing"] >= 80
    assert document["fidelity"]["fidelity"] == 1.0
    assert document["fidelity"]["tests_failed"] == 0
    assert [item["kind"] for item in document["sessions"]][:2] == ["initializer", "coding"]
    assert {"features", "sessions", "fidelity", "wall_s", "cost_usd", "outcome"} <= set(document)


def test_every_judged_exchange_decides_a_feature(built: tuple[Path, Any]) -> None:
    directory, _ = built
    listed = FeatureList.parse((directory / "backend" / FILE).read_text())
    decided = {name for item in listed for name in item.acceptance.exchanges}
    code, report = understudy("verify", directory)
    assert code == 0
    assert len(decided) == report["exchanges"]
    assert report["exact"] == report["exchanges"]
    assert report["left_out"]


def test_every_session_is_a_green_commit(built: tuple[Path, Any]) -> None:
    directory, document = built
    repository = Repository(directory / "backend")
    assert not repository.dirty()
    steps = git(repository.folder, "log", "--first-parent", "--format=%H", MAIN).split()
    counts = [len(FeatureList.parse(repository.read(step, FILE) or "").passing) for step in steps]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == document["features"]["passing"]
    assert len(steps) == len(document["sessions"]) + 1


def test_status_and_log_tell_the_same(built: tuple[Path, Any]) -> None:
    directory, document = built
    _, status = understudy("status", directory)
    assert status["state"] == "done"
    assert {key: status[key] for key in ("features", "sessions", "fidelity")} == {
        key: document[key] for key in ("features", "sessions", "fidelity")
    }
    _, log = understudy("log", directory, 2)
    assert {event["session"] for event in log["events"]} == {2}


def test_a_second_run_has_nothing_to_do(built: tuple[Path, Any]) -> None:
    directory, document = built
    code, again = understudy("run", directory)
    assert code == 0
    assert again["outcome"] == "done"
    assert again["sessions"] == []
    assert again["features"] == document["features"]


@contextmanager
def serving(directory: Path, state: str) -> Iterator[str]:
    process = subprocess.Popen(
        [*UNDERSTUDY, "serve", str(directory), "--port", "0", "--state", state],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:"), line
    yield line.removeprefix("listening on ").strip()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        return json.load(answer)


def test_the_clone_runs_and_keeps_its_state(built: tuple[Path, Any]) -> None:
    directory, _ = built
    ada = {"username": "ada", "email": "ada@example.com", "password": "countess1"}
    with serving(directory, "recorded") as url:
        assert post(f"{url}/api/users", {"user": ada})["user"]["username"] == "ada"
    with serving(directory, "recorded") as url:
        assert get(f"{url}/api/profiles/ada")["profile"]["username"] == "ada"
    with serving(directory, "empty") as url:
        assert get(f"{url}/api/articles")["articlesCount"] == 0


def test_edits_by_hand_are_kept_and_judged(built: tuple[Path, Any], tmp_path: Path) -> None:
    directory = shutil.copytree(built[0], tmp_path / "conduit", symlinks=True)
    readme = directory / "backend" / "NOTES.md"
    readme.write_text("Mine.\n")
    code, document = understudy("run", directory)
    assert code == 0
    assert [item["kind"] for item in document["sessions"]] == ["check"]
    assert document["features"]["passing"] == document["features"]["total"]
    assert readme.read_text() == "Mine.\n"
    assert not Repository(directory / "backend").dirty()
