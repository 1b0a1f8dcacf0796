"""Where sessions work, and how their work reaches the main line, or a stash branch.

A session has a work tree of its own on a branch of its own. The main line only ever moves forward
to commits that were verified, and each move is announced in the journal before it is made: what a
killed process leaves behind can always be finished or set aside.
"""

import itertools
import time
from collections.abc import Set as AbstractSet
from pathlib import Path

from harness.features.feature import FeatureList
from harness.repository import MAIN, GitFailed, Repository, git, merge
from harness.sessions.events import (
    FeatureFlipped,
    KeptByHand,
    Landed,
    Landing,
    Stashed,
)
from harness.sessions.journal import Journal

STASH = "stash/"
_LOCK_PATIENCE_S = 2.0


class Workshop:
    """The backend's repository and the work tree of the session under way."""

    def __init__(self, backend: Path, folder: Path, journal: Journal) -> None:
        self.repository = Repository(backend)
        self.folder = folder.absolute()
        self._journal = journal

    @property
    def main(self) -> str:
        """The commit of the main line."""
        return self.repository.resolve(MAIN) or ""

    @property
    def has_skeleton(self) -> bool:
        """Whether the main line holds more than the feature list that it begins with."""
        return self.repository.exists and self.repository.count(MAIN) > 1

    @property
    def changed(self) -> bool:
        """Whether the session's work tree holds anything that the main line has not."""
        if self.repository.dirty(self.folder) or merging(self.folder):
            return True
        return not self.repository.contains(git(self.folder, "rev-parse", "HEAD").strip(), MAIN)

    def begin(self, features: FeatureList) -> None:
        """Begin a backend: a repository with the feature list, in a folder that may hold files."""
        if self.repository.exists:
            return
        Repository.create(self.repository.folder)
        features.write(self.repository.folder)
        self.repository.commit_all("List the features to build")

    def open(self, number: int, stash: str = "") -> None:
        """Make the work tree of a session, at the main line, with the work of a stash branch."""
        self.repository.add_worktree(self.folder, f"session-{number}", MAIN)
        if stash and self.repository.resolve(stash):
            merge(self.folder, stash, winner="theirs")

    def close(self, number: int) -> None:
        self.repository.remove_worktree(self.folder)
        self.repository.delete_branch(f"session-{number}")

    def catch_up(self) -> bool:
        """Take in what a person did on the main line meanwhile; return whether there was any."""
        self.keep_edits()
        if self.repository.contains(MAIN, git(self.folder, "rev-parse", "HEAD").strip()):
            return False
        self.commit("Work of a session")
        merge(self.folder, self.main, winner="theirs")
        return True

    def commit(self, message: str) -> str:
        return self.repository.commit_all(message, self.folder)

    def land(self, commit: str, passing: AbstractSet[str], before: AbstractSet[str]) -> None:
        """Make a verified commit the main line."""
        self._journal.append(Landing(commit=commit, passing=sorted(passing)))
        self.repository.advance_main(commit)
        self._landed(commit, passing, before)

    def _landed(self, commit: str, passing: AbstractSet[str], before: AbstractSet[str]) -> None:
        flips = [
            FeatureFlipped(feature=name, passes=name in passing)
            for name in sorted(passing ^ before)
        ]
        self._journal.append_all([*flips, Landed(commit=commit, passing=sorted(passing))])

    def stash(self, number: int, reason: str) -> str | None:
        """Keep what the session's work tree holds on a branch, if that is more than main has."""
        if not self.folder.exists():
            return None
        unmerged = self._unfinished()
        if unmerged is None:
            self.close(number)
            return None
        branch = self._free_branch(f"{STASH}session-{number}")
        self.repository.set_branch(branch, unmerged)
        self._journal.append(Stashed(branch=branch, reason=reason))
        self.close(number)
        return branch

    def _unfinished(self) -> str | None:
        try:
            _release_index(self.folder)
            if self.repository.dirty(self.folder):
                return self.commit("Unfinished work")
            head = git(self.folder, "rev-parse", "HEAD").strip()
        except GitFailed:
            return None
        return None if self.repository.contains(head, MAIN) else head

    def _free_branch(self, name: str) -> str:
        taken = set(self.repository.branches(STASH))
        numbered = (f"{name}.{count}" for count in itertools.count(2))
        return next(branch for branch in itertools.chain([name], numbered) if branch not in taken)

    def keep_edits(self) -> str | None:
        """Commit what a person changed in the backend's folder; return the commit."""
        if not self.repository.on_main or not self.repository.dirty():
            return None
        commit = self.repository.commit_all("Keep edits made by hand")
        self._journal.append(KeptByHand(commit=commit))
        return commit

    def finish_landing(self, landing: Landing, before: AbstractSet[str]) -> None:
        """Finish a move of the main line that a dead process announced."""
        _release_index(self.repository.folder)
        if self.repository.resolve(landing.commit) is None:
            return
        if self.main != landing.commit:
            if not self.repository.contains(MAIN, landing.commit):
                return
            self._set_aside(landing.commit)
            self.repository.advance_main(landing.commit)
        self._landed(landing.commit, frozenset(landing.passing), before)

    def _set_aside(self, commit: str) -> None:
        """Clear the folder for a commit: files that are not the commit's go to a stash branch."""
        if not self.repository.on_main or not self.repository.dirty():
            return
        git(self.repository.folder, "add", "--all")
        tree = git(self.repository.folder, "write-tree").strip()
        if tree != self.repository.tree(commit):
            branch = self._free_branch(f"{STASH}landing")
            kept = self.repository.commit_tree(tree, [self.main], "Files found while landing")
            self.repository.set_branch(branch, kept)
            self._journal.append(Stashed(branch=branch, reason="a landing was interrupted"))
        git(self.repository.folder, "reset", "--hard", "--quiet", MAIN)


def merging(folder: Path) -> bool:
    """Whether a merge waits for its commit in a work tree."""
    place = Path(git(folder, "rev-parse", "--absolute-git-dir").strip())
    return (place / "MERGE_HEAD").exists()


def _release_index(folder: Path) -> None:
    """Wait for a git command that outlived its parent, then remove locks of dead ones."""
    place = Path(git(folder, "rev-parse", "--absolute-git-dir").strip())
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    locks = [place / "index.lock", place / "HEAD.lock"]
    while time.monotonic() < deadline and any(lock.exists() for lock in locks):
        time.sleep(0.05)
    for lock in locks:
        lock.unlink(missing_ok=True)
