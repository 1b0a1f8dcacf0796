"""The path guard on real folders: what it refuses, and that what it refuses stays as it was."""

import itertools
import os
import shutil
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from security.paths import Access, PathGuard, Refused, ground

READ, WRITE, LIST = Access.READ, Access.WRITE, Access.LIST
TREE = (
    *("app/main.py", "app/name with blank.py", "tests/test_x.py", "tests/acceptance/test_a.py"),
    *(".git/config", ".claude/settings.json", ".env", ".env.example", "feature_list.json"),
    *(".mcp.json", ".npmrc", "café.txt", "../outside/key", "../other/deep/lib.py"),
)


@pytest.fixture(params=["openat2", "openat"])
def root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project beside folders that are none of its business, with odd things in it."""
    if request.param == "openat":
        monkeypatch.setattr(ground, "has_openat2", lambda: False)
    made = tmp_path / "project"
    made.mkdir()
    for name in TREE:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("old")
    links = {
        "out": "../outside",
        "out.txt": "../outside/key",
        "dangling": "../outside/new",
        "loop": "loop",
        "in.py": "app/main.py",
        "inner": "app",
        "git": ".git",
        "absolute": "/etc",
        "list": "feature_list.json",
        "app/up": "..",
        "me": "/proc/self/root",
    }
    for name, target in links.items():
        (made / name).symlink_to(target)
    (made / "app/second.py").hardlink_to(made / "../outside/key")
    (made / "app/list.json").hardlink_to(made / "feature_list.json")
    os.mkfifo(made / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(made / "socket"))
    return made


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        kept = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        target = path.readlink() if path.is_symlink() else None
        found[str(path)] = (kept.st_mode, kept.st_ino, kept.st_nlink, content, target)
    return found


ALLOWED = [
    (READ, "app/main.py"),
    (READ, "./app//main.py"),
    (READ, "app/name with blank.py"),
    (READ, "café.txt"),
    (READ, ".env.example"),
    (READ, ".mcp.json"),
    (READ, "tests/acceptance/test_a.py"),
    (LIST, "."),
    (LIST, "app/"),
    (LIST, "app/main.py"),
    (LIST, "tests/acceptance"),
    (WRITE, "app/main.py"),
    (WRITE, "new/deep/x.py"),
    (WRITE, "tests/test_y.py"),
    (WRITE, "app/understudy.toml"),
    (WRITE, ".env.example"),
    (WRITE, ".gitignore"),
    (WRITE, "app/.environment.py"),
]


@pytest.mark.parametrize(("access", "path"), ALLOWED)
def test_the_projects_own_files_are_allowed(root: Path, access: Access, path: str) -> None:
    decision = PathGuard(root).decide(path, access)

    assert decision.allowed, decision.line
    assert decision.real == root / path
    assert PathGuard(root).decide(str(root / path) + "/" * path.endswith("/"), access).allowed


EVERY = [
    ("not-a-path", ""),
    ("parent", "../outside/key"),
    ("parent", "app/../app/main.py"),
    ("parent", "app/\uff0e\uff0e/x"),
    ("home", "~/x"),
    ("home", "~root/x"),
    ("unprintable", "app/main.py\0.txt"),
    ("unprintable", "app/\nx"),
    ("unprintable", "app/\x7f"),
    ("unprintable", ".g\u200cit/config"),
    ("unprintable", "app/\u202ex"),
    ("unprintable", "app/\ud800"),
    ("unprintable", ".git\ufe0f/config"),
    ("too-long", "a" * 256),
    ("too-long", "é" * 128),
    ("too-long", "a/" * 2500),
    ("separator", "app\\main.py"),
    ("separator", "app\uff0fmain.py"),
    ("stream", ".git::$INDEX_ALLOCATION/config"),
    ("stream", "app/main.py:x"),
    ("stream", "C:/x"),
    ("short-name", "git~1/config"),
    ("short-name", "GI7EBA~1/config"),
    ("short-name", "MCP~1.JSO"),
    ("dots", "app/..."),
    ("dots", "app/ /x"),
    ("dots", ".. /x"),
    ("system", "/proc/self/root/etc/passwd"),
    ("system", "/proc/self/fd/3"),
    ("system", "//proc/1/environ"),
    ("system", "/dev/null"),
    ("system", "/sys/kernel"),
    ("outside", "/etc/passwd"),
    ("outside", "/"),
    ("hidden", ".git/config"),
    ("hidden", ".GIT/config"),
    ("hidden", ".git /config"),
    ("hidden", ".git.. ./config"),
    ("hidden", ".\uff47\uff49\uff54/config"),
    ("hidden", ".\uff27it/config"),
    ("hidden", "app/.git"),
    ("hidden", ".claude/settings.json"),
    ("hidden", ".ClauDe"),
    ("secret", ".env"),
    ("secret", ".ENV"),
    ("secret", "app/.env.local"),
    ("secret", ".env.example.bak"),
    ("secret", ".env~"),
    ("secret", ".envrc"),
    ("secret", ".netrc"),
    ("secret", ".pgpass"),
    ("secret", ".npmrc"),
    ("secret", "keys/id_rsa"),
    ("link", "out/key"),
    ("link", "out.txt"),
    ("link", "dangling"),
    ("link", "loop"),
    ("link", "loop/x"),
    ("link", "in.py"),
    ("link", "inner/main.py"),
    ("link", "git/config"),
    ("link", "list"),
    ("link", "absolute/passwd"),
    ("link", "app/up/app/main.py"),
    ("link", "me/etc/passwd"),
    ("not-a-folder", "app/main.py/x"),
    ("hard-link", "app/second.py"),
    ("hard-link", "app/list.json"),
    ("special", "pipe"),
    ("special", "socket"),
]
SOME = [
    ("folder", READ, "app"),
    ("folder", READ, "."),
    ("folder", READ, "app/main.py/"),
    ("missing", READ, "app/none.py"),
    ("missing", READ, "none/none.py"),
    ("missing", LIST, "none"),
    ("folder", WRITE, "app"),
    ("folder", WRITE, "new.py/."),
    ("protected", WRITE, "feature_list.json"),
    ("protected", WRITE, "Feature_List.json"),
    ("protected", WRITE, "feature_list.json. "),
    ("protected", WRITE, "\uff46eature_list.json"),
    ("protected", WRITE, "tests/acceptance/test_a.py"),
    ("protected", WRITE, "Tests/ACCEPTANCE/new.py"),
    ("protected", WRITE, "tests"),
    ("protected", WRITE, ".mcp.json"),
    ("protected", WRITE, "app/.vscode/tasks.json"),
    ("protected", WRITE, "understudy.toml"),
    ("protected", WRITE, "under\ufb06udy.toml"),
    ("repository", WRITE, "app/HEAD"),
]
REFUSED = [*((rule, one, path) for rule, path in EVERY for one in Access), *SOME]


@pytest.mark.parametrize(("rule", "access", "path"), REFUSED)
def test_what_leads_elsewhere_is_refused(root: Path, rule: str, access: Access, path: str) -> None:
    guard, before = PathGuard(root), snapshot(root.parent)
    decision = guard.decide(path, access)

    assert (decision.allowed, decision.rule, decision.real) == (False, rule, None), decision.line
    assert decision.advice
    assert decision.line.isprintable()
    for operation in operations(guard, path)[access]:
        with pytest.raises(Refused):
            operation()
    assert snapshot(root.parent) == before


def operations(guard: PathGuard, path: str) -> dict[Access, list[Callable[[], object]]]:
    return {
        READ: [lambda: guard.open_read(path)],
        WRITE: [lambda: guard.write_text(path, "x"), lambda: guard.edit(path, str.upper)],
        LIST: [lambda: guard.listing(path)],
    }


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
    assert outcomes["written"] > 10
    assert outcomes["link"] > 10
    assert len(swaps) > 1000


def write(guard: PathGuard, path: str) -> str:
    guard.write_text(path, "new")
    return "written"


def edit(guard: PathGuard, path: str) -> str:
    guard.edit(path, str.upper)
    return "edited"


def read(guard: PathGuard, path: str) -> str:
    with guard.open_read(path) as file:
        return file.read().decode()
