"""Pausing, killing and going on with runs of the claude builder."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.project import Project
from harness.sessions.command import log_entries, status_document
from harness.sessions.control import request_pause
from harness.sessions.runner import PAUSE_FILE, Options, run_project
from tests.claude import parcels
from tests.claude.conftest import Desk, alive, descendants
from tests.claude.messages_api import Body, Fault, MessagesApi, Turn, say, use

pytestmark = [pytest.mark.claude, pytest.mark.sandbox]

SKELETON = {
    "alembic.ini": "[alembic]\nscript_location = alembic\n",
    "alembic/env.py": "",
    "app/__init__.py": "",
    "app/seed.py": "",
    "app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = parcels.record(tmp_path / "parcels")
    made.spec_path.unlink()
    return made


def laid_out(folder: Path) -> Turn:
    return Turn(
        uses=tuple(
            ("Write", {"file_path": str(folder / name), "content": text})
            for name, text in SKELETON.items()
        )
    )


def test_an_interrupted_conversation_is_taken_up_again(project: Project) -> None:
    folder = (project.state_dir / "session").absolute()

    def pausing(_: Body) -> Turn:
        threading.Timer(1.0, request_pause, [project.state_dir / PAUSE_FILE]).start()
        return use("bash", command="sleep 2 && touch app/half.py")

    unfinished = use("Write", file_path=str(folder / "app/quarter.py"), content="x = (\n")
    with MessagesApi([laid_out(folder), say("laid out"), unfinished, pausing]) as api:
        key = Desk(folder).builder(api)
        first = run_project(project, Options(builders=lambda _: [key]))
        assert first.outcome == "paused", first

    with MessagesApi([use("Glob", pattern="app/*.py"), say("that will do")]) as api:
        key = Desk(folder).builder(api)
        options = Options(builders=lambda _: [key], resume=True, continue_session=True)
        run_project(project, options)
        text = str(api.asked[0]["messages"])
        files = api.results(1)

    assert "You were interrupted" in text
    assert "app/quarter.py" in text, "the conversation begins anew"
    assert "half.py" in files
    assert "quarter.py" in files


def test_a_killed_harness_leaves_nothing_behind(
    project: Project, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    folder = (project.state_dir / "session").absolute()
    script = [
        laid_out(folder),
        say("laid out"),
        use("bash", command="python -m http.server 8765 & sleep 0.2"),
    ]
    with MessagesApi(script, when_empty=Fault("hang")) as api:
        command = [sys.executable, "-m", "tests.claude.test_pausing", project.directory, api.url]
        harness = subprocess.Popen(command)
        eventually(lambda: len(api.asked) == 4)
        below = descendants(harness.pid)
        assert len(below) > 3
        harness.send_signal(signal.SIGKILL)
        harness.wait()
        eventually(lambda: not any(alive(pid) for pid in below))

    assert status_document(project)["state"] == "crashed"
    with MessagesApi([say("nothing")]) as api:
        key = Desk(folder).builder(api)
        run_project(project, Options(builders=lambda _: [key], resume=True))
    said = [entry["text"] for entry in log_entries(project, None)]
    assert any("picked up from its last green commit" in line for line in said)


def main(directory: str, url: str) -> None:
    """Run a project with a model at an address, to be killed."""
    project = Project.open(Path(directory))
    key = Desk(project.state_dir / "session").builder(type("Api", (), {"url": url})())
    run_project(project, Options(builders=lambda _: [key]))
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
