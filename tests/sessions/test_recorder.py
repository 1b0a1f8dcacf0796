import json
from pathlib import Path

from typer.testing import CliRunner

from harness.cli import app
from harness.project import Project
from harness.sessions.journal import Journal
from harness.sessions.recorder import JournalRecorder
from harness.sessions.runner import journal_path
from security import decide

COMMANDS = ["ls", "cat /etc/passwd", "echo 'a\x1b[2Jb'"]


def _project(directory: Path) -> Path:
    project = Project.create(directory)
    journal = Journal(journal_path(project))
    journal.run = "run"
    recorder = JournalRecorder(journal)
    for command in COMMANDS:
        recorder.decided(command, decide(command))
    journal.close()
    return directory


def test_every_decision_is_in_the_log(tmp_path: Path) -> None:
    directory = _project(tmp_path / "shop")

    result = CliRunner().invoke(app, ["log", str(directory), "--json"])

    events = json.loads(result.stdout)["events"]
    assert [item["event"] for item in events] == [
        "command_allowed",
        "command_blocked",
        "command_blocked",
    ]
    assert all(len(item["policy"]) == 12 for item in events)


def test_the_log_lists_refusals_with_their_reasons(tmp_path: Path) -> None:
    directory = _project(tmp_path / "shop")

    result = CliRunner().invoke(app, ["log", str(directory), "--blocked"])

    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert "blocked `cat /etc/passwd`: /etc/passwd is outside the project" in lines[0]
    assert "stay below its root" in lines[0]
    assert "\x1b" not in result.stdout


def test_a_log_without_refusals_says_so(tmp_path: Path) -> None:
    directory = Project.create(tmp_path / "shop").directory

    result = CliRunner().invoke(app, ["log", str(directory), "--blocked"])

    assert result.stdout == "No command was refused.\n"
