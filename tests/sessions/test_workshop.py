from pathlib import Path

import pytest

from harness.features.feature import FeatureList
from harness.repository import MAIN, git
from harness.sessions import events as e
from harness.sessions.journal import Journal
from harness.sessions.recovery import recover
from harness.sessions.workshop import Workshop
from harness.testing import features


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    journal = Journal(tmp_path / "journal.db")
    made = Workshop(tmp_path / "backend", tmp_path / "session", journal)
    made.begin(features({"users": ["rec#1"]}))
    yield made
    journal.close()


def work(shop: Workshop, number: int, text: str) -> None:
    shop.open(number)
    (shop.folder / "app.py").write_text(text)


def kinds(shop: Workshop) -> list[str]:
    return [type(entry.event).__name__ for entry in shop._journal.entries()]


def test_a_landing_is_announced_made_and_confirmed_with_its_flips(shop: Workshop) -> None:
    work(shop, 1, "one")
    shop.land(shop.commit("One"), {"rec-1"}, set())
    shop.close(1)
    assert kinds(shop) == ["Landing", "FeatureFlipped", "Landed"]
    assert (shop.repository.folder / "app.py").read_text() == "one"
    assert not shop.folder.exists()
    assert git(shop.repository.folder, "branch", "--format=%(refname:short)").split() == [MAIN]


def test_work_that_is_not_finished_is_kept_on_a_branch_of_its_own(shop: Workshop) -> None:
    work(shop, 1, "one")
    assert shop.stash(1, "paused") == "stash/session-1"
    work(shop, 1, "two")
    assert shop.stash(1, "paused") == "stash/session-1.2"
    assert shop.repository.read("stash/session-1.2", "app.py") == "two"
    assert shop.repository.read(MAIN, "app.py") is None


def test_nothing_new_leaves_no_stash(shop: Workshop) -> None:
    shop.open(1)
    assert shop.stash(1, "paused") is None
    assert not shop.folder.exists()


def test_the_folder_stays_put_when_a_person_is_on_another_branch(shop: Workshop) -> None:
    git(shop.repository.folder, "switch", "--quiet", "-c", "mine")
    work(shop, 1, "one")
    shop.land(shop.commit("One"), set(), set())
    assert not (shop.repository.folder / "app.py").exists()
    assert shop.repository.read(MAIN, "app.py") == "one"


def announced(shop: Workshop) -> str:
    """Return a commit whose landing was announced and then cut off."""
    shop._journal.append(e.RunStarted(run="r", pid=0, process="", builder="x"))
    shop._journal.append(e.SessionStarted(number=1, kind="coding", builder="x"))
    work(shop, 1, "one")
    commit = shop.commit("One")
    shop._journal.append(e.Landing(commit=commit, passing=["rec-1"]))
    return commit


def test_an_announced_landing_is_finished_after_a_crash(shop: Workshop) -> None:
    commit = announced(shop)
    assert recover(shop._journal, shop)
    assert shop.main == commit
    assert (shop.repository.folder / "app.py").read_text() == "one"
    assert kinds(shop)[-4:] == ["Crashed", "FeatureFlipped", "Landed", "SessionEnded"]


def test_a_landing_cut_off_half_way_through_the_files_is_finished(shop: Workshop) -> None:
    commit = announced(shop)
    (shop.repository.folder / "app.py").write_text("one")
    (shop.repository.folder / "mine.txt").write_text("a person's")
    (shop.repository.git_folder / "index.lock").touch()
    recover(shop._journal, shop)
    assert shop.main == commit
    assert not shop.repository.dirty()
    assert shop.repository.read("stash/landing", "mine.txt") == "a person's"


def test_a_landing_that_only_lacks_its_word_is_confirmed(shop: Workshop) -> None:
    commit = announced(shop)
    shop.repository.advance_main(commit)
    recover(shop._journal, shop)
    assert kinds(shop)[-2:] == ["Landed", "SessionEnded"]
    assert shop.repository.branches("stash/") == []


def test_unfinished_work_of_a_dead_process_is_stashed(shop: Workshop) -> None:
    shop._journal.append(e.RunStarted(run="r", pid=0, process="", builder="x"))
    shop._journal.append(e.SessionStarted(number=4, kind="coding", builder="x"))
    work(shop, 4, "half")
    assert recover(shop._journal, shop)
    assert shop.repository.read("stash/session-4", "app.py") == "half"
    ended = [entry.event for entry in shop._journal.entries()][-1]
    assert isinstance(ended, e.SessionEnded)
    assert ended.outcome == "crashed"


def test_a_work_tree_cut_off_while_it_was_made_is_no_obstacle(shop: Workshop) -> None:
    shop._journal.append(e.RunStarted(run="r", pid=0, process="", builder="x"))
    shop._journal.append(e.SessionStarted(number=4, kind="coding", builder="x"))
    shop.open(4)
    (shop.folder / ".git").unlink()
    recover(shop._journal, shop)
    shop.open(5)
    assert (shop.folder / "feature_list.json").exists()


def test_a_repository_cut_off_while_it_was_made_is_begun_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "other.db")
    shop = Workshop(tmp_path / "new", tmp_path / "tree", journal)
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "--quiet")
    assert not shop.has_skeleton
    shop.begin(FeatureList([]))
    assert shop.repository.exists
    journal.close()


def test_no_hook_of_the_repository_runs(shop: Workshop) -> None:
    hook = shop.repository.git_folder / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    work(shop, 1, "one")
    assert shop.commit("One")
