"""The backend's git repository, driven through the git command line.

Nothing outside the repository has a say: no user or system configuration, no hooks, no monitors.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.errors import SetupError

MAIN = "main"

_SAFE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.quotePath=false",
    "protocol.ext.allow=never",
    "commit.gpgSign=false",
    "gc.auto=0",
    "merge.directoryRenames=false",
    "advice.detachedHead=false",
)
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Understudy"), ("EMAIL", "understudy@localhost"))
}


class GitFailed(Exception):  # noqa: N818 - reads as what happened
    """A git command ended with an error; the message has the command and what git said."""


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | _IDENTITY | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def require_git() -> str:
    """Return the path of git; raise SetupError where there is none."""
    program = shutil.which("git")
    if program is None:
        raise SetupError(
            "git is not installed.",
            do="Install it (`apt install git`, `brew install git`), then run the command again.",
        )
    return program


def git(
    folder: Path,
    *arguments: str,
    stdin: bytes | None = None,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Run git in a folder and return its output; `extra` are environment variables."""
    program = require_git()
    settings = [part for setting in _SAFE for part in ("-c", setting)]
    done = subprocess.run(
        [program, *settings, *arguments],
        cwd=folder,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=_environment() | dict(extra or {}),
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise GitFailed(f"git {' '.join(arguments)}: {said}")
    return done.stdout.decode(errors="replace")


class Repository:
    """A repository with a main line and work trees beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Repository":
        """Make a repository, or finish making one; what is committed stays."""
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet")
        git(folder, "symbolic-ref", "HEAD", f"refs/heads/{MAIN}")
        return cls(folder)

    @property
    def git_folder(self) -> Path:
        return self.folder.absolute() / ".git"

    @property
    def exists(self) -> bool:
        return self.git_folder.is_dir() and self.resolve(MAIN) is not None

    def resolve(self, revision: str) -> str | None:
        """Return the commit that a name stands for; None where there is none."""
        try:
            return git(
                self.folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"
            ).strip()
        except GitFailed:
            return None

    def branches(self, prefix: str) -> list[str]:
        listed = git(self.folder, "branch", "--list", f"{prefix}*", "--format=%(refname:short)")
        return listed.split()

    def contains(self, ancestor: str, descendant: str) -> bool:
        try:
            git(self.folder, "merge-base", "--is-ancestor", ancestor, descendant)
        except GitFailed:
            return False
        return True

    def common(self, one: str, other: str) -> str | None:
        try:
            return git(self.folder, "merge-base", one, other).strip()
        except GitFailed:
            return None

    def count(self, revision: str) -> int:
        """Return how many commits lead to a revision, itself included."""
        return int(git(self.folder, "rev-list", "--count", revision))

    def message(self, revision: str) -> str:
        return git(self.folder, "log", "-1", "--format=%B", revision)

    def tree(self, revision: str) -> str:
        return git(self.folder, "rev-parse", f"{revision}^{{tree}}").strip()

    def read(self, revision: str, path: str) -> str | None:
        try:
            return git(self.folder, "show", f"{revision}:{path}")
        except GitFailed:
            return None

    def dirty(self, folder: Path | None = None) -> bool:
        return bool(git(folder or self.folder, "status", "--porcelain", "-uall").strip())

    def commit_all(self, message: str, folder: Path | None = None) -> str:
        """Commit everything in a work tree, a merge under way included; return the commit."""
        place = folder or self.folder
        git(place, "add", "--all")
        git(place, "commit", "--quiet", "--allow-empty", "--no-verify", "-F", "-",
            stdin=message.encode())  # fmt: skip
        return git(place, "rev-parse", "HEAD").strip()

    def add_worktree(self, folder: Path, branch: str, base: str) -> None:
        """Make a work tree on a new branch that starts at `base`."""
        self.remove_worktree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        git(self.folder, "worktree", "add", "--quiet", "--force", "-B", branch, str(folder), base)

    def remove_worktree(self, folder: Path) -> None:
        if folder.exists():
            shutil.rmtree(folder)
        git(self.folder, "worktree", "prune")

    def set_branch(self, branch: str, commit: str) -> None:
        git(self.folder, "update-ref", f"refs/heads/{branch}", commit)

    def delete_branch(self, branch: str) -> None:
        git(self.folder, "update-ref", "-d", f"refs/heads/{branch}")

    @property
    def on_main(self) -> bool:
        """Whether the folder's own work tree is on the main line."""
        try:
            return git(self.folder, "symbolic-ref", "--short", "HEAD").strip() == MAIN
        except GitFailed:
            return False

    def advance_main(self, commit: str) -> None:
        """Move the main line forward to a commit, and the files with it when they are on it."""
        if self.on_main:
            git(self.folder, "merge", "--ff-only", "--quiet", commit)
        else:
            self.set_branch(MAIN, commit)

    def store(self, files: Mapping[str, str]) -> str:
        """Store files as a tree and return its id; touches no work tree of the repository."""
        with tempfile.TemporaryDirectory(prefix="understudy-tree-") as name:
            place = Path(name)
            for path, text in files.items():
                target = place / "tree" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                if text.startswith("#!"):
                    target.chmod(0o755)
            scratch = {"GIT_INDEX_FILE": str(place / "index"), "GIT_DIR": str(self.git_folder)}
            git(place / "tree", "--work-tree=.", "add", "--all", "--force", ".", extra=scratch)
            return git(place / "tree", "write-tree", extra=scratch).strip()

    def commit_tree(self, tree: str, parents: Sequence[str], message: str) -> str:
        heads = [part for parent in parents for part in ("-p", parent)]
        return git(
            self.folder, "commit-tree", tree, *heads, "-F", "-", stdin=message.encode()
        ).strip()


def merge(folder: Path, commit: str, *, winner: Literal["ours", "theirs"]) -> list[str]:
    """Merge a commit into a work tree, uncommitted; where both changed the same, one side wins.

    Return the files in which that was so.
    """
    contested = _try_merge(folder, commit)
    if not contested:
        return []
    git(folder, "merge", "--abort")
    for path in _try_merge(folder, commit, "-X", winner):
        try:
            git(folder, "checkout", f"--{winner}", "--", path)
            git(folder, "add", "--", path)
        except GitFailed:
            git(folder, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", path)
            (folder / path).unlink(missing_ok=True)
    return contested


def _try_merge(folder: Path, commit: str, *strategy: str) -> list[str]:
    """Merge as far as it goes; return the paths that are left in conflict."""
    options = ["--no-ff", "--no-commit", "--quiet", "--allow-unrelated-histories", *strategy]
    try:
        git(folder, "merge", *options, commit)
    except GitFailed:
        unmerged = git(folder, "diff", "--name-only", "--diff-filter=U", "-z").split("\0")
        conflicts = [path for path in unmerged if path]
        if not conflicts:
            raise
        return conflicts
    return []
