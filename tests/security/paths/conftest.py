"""A project of files, links and other oddities that the path guard is tried on."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from security.paths import ground

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
        names = kept.st_nlink if path.is_file() else 0
        found[str(path)] = (kept.st_mode, kept.st_ino, names, content, target)
    return found
