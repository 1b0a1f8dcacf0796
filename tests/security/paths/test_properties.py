"""Generated trees and races: what the path guard refuses stays as it was."""

import itertools
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.paths import Access, PathGuard, Refused, ground
from tests.security.paths.conftest import snapshot

READ, WRITE, LIST = Access.READ, Access.WRITE, Access.LIST


NAMES = ("a", "b", ".git", "tests", "acceptance", "feature_list.json", ".env")
ENTRIES = st.tuples(
    st.sampled_from(["folder", "file", "link", "hard"]),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join),
    st.sampled_from(["..", ".", "/", "../outside", "../outside/key", "../project", *NAMES]),
)
PATHS = st.lists(
    st.sampled_from([*NAMES, "", ".", "..", "~", "A", "Tests", ".GIT", "x.py", "key"]), max_size=5
).map("/".join)


def build(root: Path, entries: list[tuple[str, str, str]]) -> None:
    (root / "../outside").mkdir()
    (root / "../outside/key").write_text("old")
    for kind, name, target in entries:
        path = root / name
        with suppress(OSError):
            if not path.parent.resolve().is_relative_to(root):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "folder":
                path.mkdir()
            elif kind == "link":
                path.symlink_to(target)
            elif kind == "hard":
                path.hardlink_to(root / target)
            elif not path.exists():
                path.write_text("old")


@given(st.lists(ENTRIES, max_size=8), PATHS | st.text(max_size=20), st.booleans(), st.booleans())
@settings(max_examples=600, derandomize=True, deadline=None)
def test_only_what_is_allowed_changes(
    entries: list[tuple[str, str, str]], path: str, whole: bool, plain: bool
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if plain:
            patch.setattr(ground, "has_openat2", lambda: False)
        root = Path(folder).resolve() / "project"
        root.mkdir()
        build(root, entries)
        guard = PathGuard(root)
        check_reading(guard, root, path)
        check_writing(guard, root, f"{root}/{path}" if whole else path)
        guard.close()


def check_reading(guard: PathGuard, root: Path, path: str) -> None:
    decision = guard.decide(path, READ)
    assert decision.rule != "guard-failed"
    try:
        with guard.open_read(path) as file:
            content = file.read()
    except Refused:
        assert not decision.allowed
        return
    assert decision.real == (root / path).resolve()
    assert content == decision.real.read_bytes()
    assert not {".git", ".env"} & set(decision.real.relative_to(root).parts)


def check_writing(guard: PathGuard, root: Path, path: str) -> None:
    decision, before = guard.decide(path, WRITE), snapshot(root.parent)
    assert decision.rule != "guard-failed"
    try:
        real = guard.write_text(path, "new")
    except Refused:
        assert not decision.allowed
        assert snapshot(root.parent) == before
        return
    parts = [part.lower() for part in real.relative_to(root).parts]
    assert decision.real == real == real.resolve()
    assert not {".git", ".env"} & set(parts)
    assert parts[0] != "feature_list.json"
    assert parts[:2] != ["tests", "acceptance"]
    after = snapshot(root.parent)
    changed = {name for name, kept in after.items() if before.get(name) != kept}
    assert str(real) in changed
    assert changed - before.keys() | {str(real)} == changed
    assert changed <= {str(real), *map(str, real.parents)}
    assert before.keys() <= after.keys()


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads that take turns after every few steps."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def swap(folder: Path, outside: Path, stop: threading.Event, swaps: list[int]) -> None:
    for count in itertools.count():
        spare = folder.with_name(f"spare{count}")
        folder.rename(spare)
        with suppress(FileExistsError):  # the guard may have made the folder meanwhile
            folder.symlink_to(outside)
            folder.unlink()
        with suppress(OSError):
            spare.rename(folder)
        shutil.rmtree(spare, ignore_errors=True)
        swaps.append(count)
        if stop.is_set():
            return


@pytest.mark.usefixtures("eager")
def test_a_race_with_a_link_never_leads_outside(root: Path) -> None:
    folder, outside, guard = root / "new", root.parent / "outside", PathGuard(root)
    folder.mkdir()
    (outside / "key.py").write_text("secret")
    before, stop, swaps = snapshot(outside), threading.Event(), []
    thread = threading.Thread(target=swap, args=(folder, outside, stop, swaps))
    thread.start()
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for operation in (write, edit, read):
            try:
                outcomes[operation(guard, "new/key.py")] += 1
            except (Refused, OSError) as error:
                outcomes[getattr(error, "rule", "failed")] += 1
    stop.set()
    thread.join()

    assert snapshot(outside) == before
    assert outcomes["secret"] == 0
    assert outcomes["written"] > 0
    assert outcomes["link"] > 0
    assert len(swaps) > 100


def write(guard: PathGuard, path: str) -> str:
    guard.write_text(path, "new")
    return "written"


def edit(guard: PathGuard, path: str) -> str:
    guard.edit(path, str.upper)
    return "edited"


def read(guard: PathGuard, path: str) -> str:
    with guard.open_read(path) as file:
        return file.read().decode()
