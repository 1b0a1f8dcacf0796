"""Where a command of a line would run: the project, and the folders that it may be in."""

import posixpath
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from itertools import islice
from pathlib import Path

from security.policy import Policy
from security.refusal import Refused, shown

_MOST_FOLDERS = 8
_MOST_MATCHES = 2000
_STREAMS = ("/dev/null", "-", "/dev/stdout", "/dev/stderr")
_GLOB = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Scene:
    """The policy, the project's root (None: names are all there is), and where `cd` leads.

    `folders` are all that the shell may be in, relative to the root; `certain` says for a chain of
    `&&` in which one it is.
    """

    policy: Policy
    root: Path | None = None
    folders: set[str] = field(default_factory=lambda: {"."})
    certain: dict[int, str] = field(default_factory=dict)
    chain: int = 0

    def enter(self, target: str) -> None:
        """Follow a `cd`."""
        new = {self._below(folder, target, "cd") for folder in self._bases()}
        self.folders |= new
        if len(self.folders) > _MOST_FOLDERS:
            raise Refused("cd", "it changes the folder too often", "name the paths from the root")
        if len(new) == 1:
            self.certain[self.chain] = next(iter(new))

    def check(self, kind: str, value: str, name: str) -> None:
        """Refuse a path outside the project, a secret one to read, a protected one to write.

        `kind`: path and test are read, write is read and written, new and target are written, some
        is what git changes. `-` and the standard streams pass.
        """
        if kind == "test":
            value = value.partition("::")[0]
        if value in _STREAMS:
            return
        for folder in self._bases():
            self._check_place(kind, self._below(folder, value, name), value, name)

    def _bases(self) -> list[str]:
        known = self.certain.get(self.chain)
        return [known] if known is not None else sorted(self.folders)

    def _below(self, folder: str, value: str, name: str) -> str:
        if any(part.startswith(".") and _GLOB.search(part) and re.match(translate(part), "..")
               for part in value.split("/")):  # fmt: skip
            raise Refused(f"{name}:path", f"{shown(value)} matches ..", "name the files")
        place = posixpath.normpath(posixpath.join(folder, value))
        outside = value.startswith(("/", "~", "@")) or place.split("/")[0] == ".."
        if not value or outside or "://" in value:
            what = shown(value) or "an empty path"
            raise Refused(f"{name}:path", f"{what} is outside the project", "stay below its root")
        return place

    def _check_place(self, kind: str, place: str, value: str, name: str) -> None:
        folded = [part.casefold().rstrip(". ") or "." for part in place.split("/")]
        reads = kind in ("path", "test", "write")
        if reads and any(map(self._is_secret, folded)):
            raise Refused("secret", f"{shown(value)} may hold secrets", "read .env.example")
        if ".git" in folded:
            raise Refused("protected", f"{shown(value)} is git's own", "use git commands")
        if kind not in ("path", "test"):
            self._check_protected(folded, value)
        if kind == "some" and place == ".":
            raise Refused(f"{name}:all", f"{name} would take everything", "name the files")
        if kind == "new":
            self._check_new(place, value, name)
        self._check_disk(place, value, name)

    def _is_secret(self, part: str) -> bool:
        if part in self.policy.no_secret:
            return False
        named = any(fnmatchcase(part, pattern) for pattern in self.policy.secret)
        return named or any(_covers(part, name.rstrip("*.")) for name in self.policy.secret)

    def _check_protected(self, folded: list[str], value: str) -> None:
        for entry in self.policy.protected:
            wanted = entry.split("/")
            starts = range(len(folded)) if entry.startswith(".") else range(1)
            for start in starts:
                there = folded[start : start + len(wanted)]
                if len(there) == len(wanted) and all(map(_covers, there, wanted)):
                    raise Refused(
                        "protected", f"{shown(value)} is the harness's own", "leave it as it is"
                    )

    def _check_new(self, place: str, value: str, name: str) -> None:
        """A new file without an ending may be a program; one that is there may be a link."""
        last = posixpath.basename(place)
        if "." in last.strip(".") or last.startswith(".") or last in self.policy.plain_names:
            return
        path = None if self.root is None else self.root / place
        if path is None or path.is_symlink() or not path.is_file():
            reason = f"{shown(value)} has no ending"
            raise Refused(f"{name}:path", reason, "give a new file an ending, such as .py or .txt")

    def _check_disk(self, place: str, value: str, name: str) -> None:
        if self.root is None:
            return
        real = self.root.resolve()
        found = islice(real.glob(place), _MOST_MATCHES) if _GLOB.search(place) else [real / place]
        if not all(path.resolve().is_relative_to(real) for path in found):
            raise Refused(f"{name}:path", f"{shown(value)} leads outside", "use the real file")


def _covers(part: str, wanted: str) -> bool:
    """Whether a part of a path, maybe a glob, may stand for a protected name."""
    if part == wanted:
        return True
    hidden = wanted.startswith(".") and not part.startswith((".", "["))
    return bool(_GLOB.search(part)) and not hidden and bool(re.match(translate(part), wanted))
