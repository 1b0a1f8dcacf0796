"""The guard: decides on paths and patterns, and reads, writes and lists what it allows."""

import os
import stat
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from security.paths import patterns, replace
from security.paths.decision import Access, Listing, PathDecision
from security.paths.ground import Ground, identity, look, missing
from security.paths.names import DEFAULT_PROTECTED, HIDDEN, SYSTEM, Parts, Rules, fold, split
from security.paths.search import DEEPEST, Search
from security.refusal import Refused, shown

_LONGEST = 4095
_MOST = 1000


class PathGuard:
    """Keeps file tools below `root`, and reading also below the folders in `readable`.

    Relative paths are taken from the root. `decide` and `decide_pattern` never raise; the
    operations raise Refused for what is not allowed, and OSError where the system fails. A guard
    whose root has given way to another folder refuses everything.
    """

    def __init__(
        self,
        root: Path,
        *,
        readable: Sequence[Path] = (),
        protected: Sequence[str] = DEFAULT_PROTECTED,
    ) -> None:
        self._rules = Rules.of(protected)
        self._starts: list[tuple[Parts, Ground]] = []
        with ExitStack() as opening:
            self._root = self._open(Path(root), opening)
            for one in readable:
                self._open(Path(one), opening)
            self._hold((*HIDDEN, *protected), opening)
            self._close = weakref.finalize(self, opening.pop_all().close)

    def close(self) -> None:
        """Give back the descriptors; from then on everything is refused."""
        self._close()

    def decide(self, path: str, access: Access) -> PathDecision:
        """Decide whether a tool may use a path; never raises."""
        return _total(lambda: self._judge(path, access))

    def decide_pattern(self, pattern: str, folder: str = ".") -> PathDecision:
        """Decide whether a tool may search a folder with a glob; never raises."""
        return _total(lambda: self._judge_pattern(pattern, folder))

    def open_read(self, path: str) -> BinaryIO:
        """Open a file to read its bytes."""
        ground, parts = self._place(path, Access.READ)
        with self._reached(ground, parts, Access.READ) as (folder, name):
            return os.fdopen(ground.open_file(folder, name), "rb")

    def write_text(self, path: str, text: str) -> Path:
        """Write a file as UTF-8, line ends as they are; return its real path."""
        return self.write_bytes(path, _encoded(text, path))

    def write_bytes(self, path: str, data: bytes) -> Path:
        """Write a file whole or not at all, and the folders it needs; return its real path."""
        ground, parts = self._place(path, Access.WRITE)
        replace.check_size(data, path)
        self._check_there(ground, parts, Access.WRITE)
        with self._reached(ground, parts, Access.WRITE, create=True) as (folder, name):
            replace.put(ground, folder, name, data)
        return ground.path.joinpath(*parts)

    def edit(self, path: str, into: Callable[[str], str]) -> Path:
        """Replace a text file by what it becomes, unless another writer comes between."""
        ground, parts = self._place(path, Access.WRITE)
        with self._reached(ground, parts, Access.WRITE) as (folder, name):
            replace.change(
                ground, folder, name, lambda old: _encoded(into(_decoded(old, path)), path)
            )
        return ground.path.joinpath(*parts)

    def listing(self, path: str = ".", *, most: int = _MOST) -> Listing:
        """List a folder, without what is hidden; the paths are as `decide` takes them."""
        ground, parts = self._place(path, Access.LIST)
        with ground.descend(parts, Access.LIST) as (_, depth):
            if depth < len(parts):
                raise missing(parts[depth])
        return self._search(ground, lambda _: True, len(parts) + 1, most).run(parts)

    def glob(self, pattern: str, folder: str = ".", *, most: int = _MOST) -> Listing:
        """List what a glob matches below a folder, without what is hidden."""
        self._judge_pattern(pattern, folder)
        chosen = [self._choice(one, folder) for one in patterns.choices(pattern)]
        ground = chosen[0][0]
        if pattern.startswith("!") or any(other is not ground for other, _ in chosen):
            raise Refused("pattern", f"{shown(pattern)} is no plain glob", "search one folder")
        globs = [parts for _, parts in chosen]
        start = patterns.start(globs)
        deepest = DEEPEST if any("**" in parts for parts in globs) else max(map(len, globs))
        found = self._search(
            ground, lambda names: any(patterns.matches(one, names) for one in globs), deepest, most
        )
        return found.run(start)

    def _open(self, path: Path, opening: ExitStack) -> Ground:
        ground = Ground.at(path)
        opening.callback(os.close, ground.descriptor)
        if len(ground.path.parts) == 1 or ground.path.parts[1] in SYSTEM:
            raise ValueError(f"{ground.path} is the system's; name a folder of the project")
        for spelled in (ground.path, Path(os.path.abspath(path))):  # noqa: PTH100 - keeps links
            self._starts.append((spelled.parts[1:], ground))
        # The root decides on what is below it; of the others, the closest.
        self._starts[2:] = sorted(self._starts[2:], key=lambda one: -len(one[0]))
        return ground

    def _hold(self, protected: Sequence[str], opening: ExitStack) -> None:
        for entry in protected:
            parts = split(entry)[1]
            with suppress(Refused), self._root.descend(parts, Access.LIST) as (folder, depth):
                if depth == len(parts):
                    kept = os.dup(folder)
                    opening.callback(os.close, kept)
                    self._root.held[identity(os.fstat(kept))] = entry

    def _judge(self, path: str, access: Access) -> PathDecision:
        ground, parts = self._place(path, access)
        self._check_there(ground, parts, access)
        real = ground.path.joinpath(*parts)
        return PathDecision(True, access.value, f"{shown(path)} is the project's", "", real)

    def _judge_pattern(self, pattern: str, folder: str) -> PathDecision:
        ground, parts = self._place(folder, Access.LIST)
        self._check_there(ground, parts, Access.LIST)
        for choice in patterns.readings(pattern):
            where, names = self._choice(choice, folder)
            where.check_here()
            known = patterns.literal(names)
            self._rules.check(known, Access.LIST)
            try:
                self._check_there(where, known, Access.LIST)
            except Refused as no:
                if no.rule != "missing":
                    raise
        real = ground.path.joinpath(*parts)
        return PathDecision(True, "pattern", f"{shown(pattern)} stays inside", "", real)

    def _choice(self, choice: str, folder: str) -> tuple[Ground, Parts]:
        if choice.startswith("/"):
            return self._below(patterns.parts_of(choice))
        ground, parts = self._place(folder, Access.LIST)
        return ground, (*parts, *patterns.parts_of(choice))

    def _place(self, path: str, access: Access) -> tuple[Ground, Parts]:
        if not isinstance(access, Access):
            raise Refused("not-an-access", "the kind of access is unknown", "use Access")
        absolute, parts = split(path)
        ground, parts = self._below(parts) if absolute else (self._root, parts)
        if access is Access.WRITE and ground is not self._root:
            raise Refused("read-only", f"{shown(path)} can only be read", "write below the root")
        self._rules.check(parts, access)
        if len(os.fsencode(ground.path.joinpath(*parts))) > _LONGEST:
            raise Refused("too-long", f"{shown(path)}... is too long", "use a shorter path")
        if access is not Access.LIST and (not parts or path.endswith(("/", "/."))):
            raise Refused("folder", f"{shown(path)} is a folder", "name a file in it")
        ground.check_here()
        return ground, parts

    def _below(self, parts: Parts) -> tuple[Ground, Parts]:
        if parts and fold(parts[0]) in SYSTEM:
            raise Refused("system", f"/{parts[0]} is the system's", "stay in the project")
        for start, ground in self._starts:
            if parts[: len(start)] == start:
                return ground, parts[len(start) :]
        what = shown("/" + "/".join(parts))
        raise Refused("outside", f"{what} is outside the project", "use a path below its root")

    def _check_there(self, ground: Ground, parts: Parts, access: Access) -> None:
        with ground.descend(parts[:-1], access) as (folder, depth):
            found = look(folder, parts[-1]) if parts and depth == len(parts) - 1 else None
            if found is None and parts and access is not Access.WRITE:
                raise missing(parts[depth])
            if found is not None and not (access is Access.LIST and stat.S_ISDIR(found.st_mode)):
                ground.check_file(folder, parts[-1], found)
                ground.check_mount(folder, parts[-1])
                return
        if access is Access.LIST:
            with ground.descend(parts, access):
                pass

    @contextmanager
    def _reached(
        self, ground: Ground, parts: Parts, access: Access, *, create: bool = False
    ) -> Iterator[tuple[int, str]]:
        with ground.descend(parts[:-1], access, create=create) as (folder, depth):
            if depth < len(parts) - 1:
                raise missing(parts[depth])
            yield folder, parts[-1]

    def _search(
        self, ground: Ground, wants: Callable[[Parts], bool], deepest: int, most: int
    ) -> Search:
        prefix = "" if ground is self._root else f"{ground.path}/"
        return Search(ground, wants, deepest, most, prefix)


def _total(judge: Callable[[], PathDecision]) -> PathDecision:
    try:
        return judge()
    except Refused as no:
        return PathDecision(False, no.rule, no.reason, no.advice)
    except Exception as error:  # noqa: BLE001 - total: what fails is refused
        reason = f"the guard cannot judge it ({type(error).__name__})"
        return PathDecision(False, "guard-failed", reason, "use another file")


def _encoded(text: str, path: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("not-text", f"what goes to {shown(path)} is no text", "write UTF-8") from None


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("not-text", f"{shown(path)} is no text", "write it whole") from None
