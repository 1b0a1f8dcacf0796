"""Listings: folder after folder, without following links, up to a bound."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from security.paths.decision import Access, Listing
from security.paths.ground import Ground
from security.paths.names import Parts, check_name, is_hidden
from security.refusal import Refused

_MOST_SEEN = 100_000
_MOST_LEFT_OUT = 200
DEEPEST = 40


@dataclass(slots=True)
class Search:
    """One listing in the making; `wants` says of a path whether it belongs."""

    ground: Ground
    wants: Callable[[Parts], bool]
    deepest: int
    most: int
    prefix: str = ""
    found: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seen: int = 0
    complete: bool = True

    def run(self, start: Parts) -> Listing:
        """List what is below a folder."""
        self._enter(start)
        return Listing(tuple(self.found), tuple(self.left_out), self.complete)

    def _enter(self, folder: Parts) -> None:
        try:
            with self.ground.descend(folder, Access.LIST) as (descriptor, depth):
                entries = list(self._entries(descriptor)) if depth == len(folder) else []
        except (OSError, Refused):
            self._leave_out(folder)
            return
        for name, kind in entries:
            if not self.complete:
                return
            self._take((*folder, name), kind)

    def _entries(self, descriptor: int) -> Iterator[tuple[str, str]]:
        with os.scandir(descriptor) as entries:
            some = list(islice(entries, _MOST_SEEN - self.seen + 1))
            self.seen += len(some)
            if self.seen > _MOST_SEEN:
                self.complete = False
            for one in sorted(some, key=lambda entry: entry.name):
                yield one.name, self._kind(one)

    def _kind(self, entry: "os.DirEntry[str]") -> str:
        try:
            check_name(entry.name)
            found = entry.stat(follow_symlinks=False)
        except (OSError, Refused):
            return "odd"
        if is_hidden(entry.name):
            return "hidden"
        if stat.S_ISDIR(found.st_mode):
            return "folder"
        return "file" if self._is_own(found) else "odd"

    def _is_own(self, found: os.stat_result) -> bool:
        own = found.st_dev == self.ground.identity[0] and found.st_nlink == 1
        return own and stat.S_ISREG(found.st_mode)

    def _take(self, parts: Parts, kind: str) -> None:
        if kind not in ("folder", "file"):
            self._leave_out(parts)
            return
        if self.wants(parts):
            if len(self.found) == self.most:
                self.complete = False
                return
            self.found.append(self._named(parts) + ("/" if kind == "folder" else ""))
        if kind == "folder" and len(parts) < self.deepest:
            self._enter(parts)
        elif kind == "folder" and self.deepest == DEEPEST:
            self.complete = False

    def _leave_out(self, parts: Parts) -> None:
        if len(self.left_out) < _MOST_LEFT_OUT:
            self.left_out.append(self._named(parts))

    def _named(self, parts: Parts) -> str:
        return self.prefix + "/".join(parts).encode(errors="backslashreplace").decode()
