"""Kill -9 at random points, then resume: nothing green is lost, nothing runs twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.features.feature import FILE, FeatureList
from harness.project import Project
from harness.repository import MAIN, Repository
from harness.sessions.command import pause_command, status_document
from harness.sessions.events import Landed, PhaseStarted, SessionEnded, SessionStarted
from harness.sessions.journal import Entry, Journal
from harness.sessions.runner import journal_path
from tests.e2e.notes import record

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
KILLS = 22
LONGEST_WAIT_S = 5.0


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("notes") / "notes").directory


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Project:
    shutil.copytree(recorded, tmp_path / "notes")
    return Project.open(tmp_path / "notes")


def start(project: Project, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.notes", str(project.directory), how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def entries(project: Project) -> list[Entry]:
    journal = Journal.existing(journal_path(project))
    if journal is None:
        return []
    found = list(journal.entries())
    journal.close()
    return found


def green(project: Project) -> tuple[str | None, frozenset[str]]:
    """Return the main line's commit and the features that pass in it."""
    repository = Repository(project.backend_dir)
    commit = repository.resolve(MAIN) if repository.git_folder.is_dir() else None
    text = repository.read(commit, FILE) if commit else None
    return commit, FeatureList.parse(text).passing if text else frozenset()


def sessions_of(project: Project, kind: type[Any]) -> Counter[int]:
    found = entries(project)
    return Counter(entry.event.number for entry in found if isinstance(entry.event, kind))


def test_killed_at_random_points_it_ends_with_everything_passing(project: Project) -> None:
    chance = random.Random(20261121)  # noqa: S311 - a fixed seed is the point
    kept: tuple[str | None, frozenset[str]] = (None, frozenset())
    how, kills = "run", 0
    while kills < KILLS:
        process = start(project, how)
        wait = chance.uniform(0.1, LONGEST_WAIT_S)
        try:
            code = process.wait(wait)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = None
        output = finish(process)[1]
        if code is None:
            kills += 1
        else:
            assert code == 0, output
        kept = check_nothing_lost(project, kept)
        if code == 0:
            how, kept = "fresh", (None, frozenset())
        else:
            how = "resume" if journal_says_started(project) else how
    code, output = finish(start(project, how))
    assert code == 0, output
    check_the_end(project)


def journal_says_started(project: Project) -> bool:
    return status_document(project)["state"] == "crashed"


def check_nothing_lost(
    project: Project, before: tuple[str | None, frozenset[str]]
) -> tuple[str | None, frozenset[str]]:
    """What passed on the main line still does, and the main line only grew."""
    commit, passing = green(project)
    old_commit, old_passing = before
    if old_commit is not None and commit is not None:
        assert Repository(project.backend_dir).contains(old_commit, commit)
        assert passing >= old_passing
    return commit, passing


def check_the_end(project: Project) -> None:
    repository = Repository(project.backend_dir)
    text = repository.read(MAIN, FILE)
    assert text is not None
    assert FeatureList.parse(text).failing == []
    assert not repository.dirty()
    assert not (project.state_dir / "session").exists()
    started, ended = sessions_of(project, SessionStarted), sessions_of(project, SessionEnded)
    assert set(started.values()) == {1}
    assert started == ended
    landed = [entry.event for entry in entries(project) if isinstance(entry.event, Landed)]
    assert landed[-1].commit == repository.resolve(MAIN)
    assert set(landed[-1].passing) == FeatureList.parse(text).passing


def test_a_second_run_beside_the_first_is_refused(project: Project) -> None:
    first = start(project, "run")
    wait_for(project, first, SessionStarted)
    code, output = finish(start(project, "run"))
    assert code != 0
    assert f"Process {first.pid} runs this project already" in output
    assert finish(first)[0] == 0


def wait_for(
    project: Project, process: subprocess.Popen[str], kind: type[Any], count: int = 1
) -> None:
    """Wait until the journal of a living process has so many events of a kind."""
    while sum(isinstance(entry.event, kind) for entry in entries(project)) < count:
        assert process.poll() is None, finish(process)[1]
        time.sleep(0.05)


def test_ctrl_c_drains_and_resume_goes_on_exactly_there(project: Project) -> None:
    process = start(project, "run")
    wait_for(project, process, PhaseStarted, 3)
    process.send_signal(signal.SIGINT)
    code, output = finish(process)
    assert code == 0, output
    document = status_document(project)
    assert document["state"] == "paused"
    passing = document["features"]["passing"]
    assert passing > 0
    assert not Repository(project.backend_dir).dirty()
    assert finish(start(project, "resume"))[0] == 0
    again = status_document(project)
    assert again["state"] == "done"
    assert [item["number"] for item in again["sessions"]] == list(
        range(1, len(again["sessions"]) + 1)
    )
    assert [item["outcome"] for item in again["sessions"]] == ["landed"] * len(again["sessions"])


def test_a_pause_from_elsewhere_drains(project: Project) -> None:
    process = start(project, "run")
    wait_for(project, process, SessionStarted, 2)
    assert "resume" in pause_command(project)["text"]
    code, output = finish(process)
    assert code == 0, output
    document = status_document(project)
    assert (document["state"], document["outcome"]) == ("paused", "paused")
    assert finish(start(project, "resume"))[0] == 0
    check_the_end(project)


def test_a_second_ctrl_c_stops_at_once_and_keeps_the_work(project: Project) -> None:
    process = start(project, "run")
    wait_for(project, process, PhaseStarted, 3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    code, output = finish(process)
    assert code == 0, output
    document = status_document(project)
    assert document["state"] == "paused"
    assert document["sessions"][-1]["outcome"] in ("stopped", "landed")
    assert finish(start(project, "resume"))[0] == 0
    check_the_end(project)
