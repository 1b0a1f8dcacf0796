from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.builders import Outcome
from harness.builders.offline_session import GENERATED, OfflineBuilder, built_resources
from harness.features.feature import FeatureList
from harness.inference.model import ApiModel
from harness.repository import MAIN, git
from harness.sessions.journal import Journal
from harness.sessions.recorder import JournalRecorder
from harness.sessions.workshop import Workshop
from harness.testing import SilentShell, feature, model, operation, session

MODEL = model(
    operation("register", "POST", "/users", "users", "register"),
    operation("create_note", "POST", "/notes", "notes", "create"),
    operation("list_tags", "GET", "/tags", "tags", "list"),
)


def generate(_: ApiModel, resources: Sequence[str]) -> Mapping[str, str]:
    """Return a file a resource, one that names them all, and one that stays."""
    listed = f"include({', '.join(resources)})"
    files = {f"app/{name}.py": f"# {name}\nlimit = 20\n\n\norder = 1\n" for name in resources}
    return {"main.py": f"start\n\n\n{listed}\n\n\nend\n", "init.sh": "#!/bin/bash\n", **files}


class Desk:
    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.db")
        self.workshop = Workshop(folder / "backend", folder / "session", self.journal)
        self.builder = OfflineBuilder(generate)
        self.shell = SilentShell()
        self.number = 0
        self.workshop.begin(FeatureList([]))
        self.session([], initialize=True)

    def session(self, resources: Sequence[str], *, initialize: bool = False) -> Outcome:
        self.number += 1
        self.workshop.open(self.number)
        context = session(
            self.workshop.folder,
            JournalRecorder(self.journal),
            number=self.number,
            repository=self.workshop.repository.folder,
            model=MODEL,
            slice=tuple(feature(name, ["rec#1"], name) for name in resources),
            shell=self.shell,
        )
        outcome = self.builder.initialize(context) if initialize else self.builder.run(context)
        self.workshop.repository.advance_main(self.workshop.commit(outcome.summary or "nothing"))
        self.workshop.close(self.number)
        return outcome

    def edit(self, path: str, old: str, new: str) -> None:
        place = self.workshop.repository.folder / path
        place.write_text(place.read_text().replace(old, new))
        self.workshop.keep_edits()

    def read(self, path: str, revision: str = MAIN) -> str | None:
        return self.workshop.repository.read(revision, path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    yield made
    made.journal.close()


def test_the_skeleton_comes_first_with_executable_scripts(desk: Desk) -> None:
    assert desk.read("main.py") == "start\n\n\ninclude()\n\n\nend\n"
    assert git(desk.workshop.repository.folder, "ls-files", "-s", "init.sh").startswith("100755")
    assert built_resources(desk.workshop.repository) == []


def test_each_session_adds_its_resources_to_those_built(desk: Desk) -> None:
    desk.session(["users"])
    assert built_resources(desk.workshop.repository) == ["users"]
    assert desk.session(["notes"]).summary == "Add notes"
    assert built_resources(desk.workshop.repository) == ["users", "notes"]
    assert desk.read("app/users.py") is not None
    assert desk.read("app/notes.py") is not None
    assert desk.read("app/tags.py") is None
    assert desk.read("main.py") == desk.read("main.py", GENERATED)


def test_nothing_left_to_generate_is_said(desk: Desk) -> None:
    desk.session(["users"])
    assert desk.session(["users"]).exhausted


def test_edits_by_hand_survive_beside_new_code(desk: Desk) -> None:
    desk.session(["users"])
    desk.edit("main.py", "start\n", "start\nmiddleware\n")
    desk.edit("app/users.py", "limit = 20", "limit = 50")
    desk.session(["notes"])
    assert "middleware" in (desk.read("main.py") or "")
    assert "include(users, notes)" in (desk.read("main.py") or "")
    assert "limit = 50" in (desk.read("app/users.py") or "")
    assert "limit = 20" in (desk.read("app/users.py", GENERATED) or "")


def test_where_both_changed_the_same_lines_the_person_wins(desk: Desk) -> None:
    desk.session(["users"])
    desk.edit("main.py", "include(users)", "include(users, v2=True)")
    outcome = desk.session(["notes"])
    assert "include(users, v2=True)" in (desk.read("main.py") or "")
    assert "<<<<" not in (desk.read("main.py") or "")
    assert "main.py" in outcome.summary


def test_a_file_that_a_person_deleted_stays_deleted(desk: Desk) -> None:
    desk.session(["users"])
    (desk.workshop.repository.folder / "main.py").unlink()
    desk.workshop.keep_edits()
    desk.session(["notes"])
    assert desk.read("main.py") is None
    assert desk.read("app/notes.py") is not None


def test_work_that_was_not_merged_is_merged_by_the_next_session(desk: Desk) -> None:
    desk.session(["users"])
    desk.workshop.open(7)
    desk.workshop.stash(7, "nothing")
    outcome = desk.session(["notes", "tags"])
    assert not outcome.exhausted
    assert desk.read("app/tags.py") is not None


def test_files_of_the_harness_are_not_touched_by_generated_code(desk: Desk) -> None:
    desk.session(["users"])
    assert desk.read("feature_list.json") == "[]\n"
    assert desk.read("feature_list.json", GENERATED) is None


def test_what_was_merged_is_tried_in_the_shell(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.session(["users"])
    assert desk.shell.commands == [
        "ruff check --no-cache app",
        'python -c "import app.main"',
    ]
    desk.session(["users"])
    assert len(desk.shell.commands) == 2
