"""Writing through the path guard."""

import os
from pathlib import Path

import pytest

from security.paths import Access, PathGuard, Refused
from tests.security.paths.conftest import snapshot

READ, WRITE, LIST = Access.READ, Access.WRITE, Access.LIST


def test_writing_keeps_permissions_and_leaves_nothing_behind(root: Path) -> None:
    guard, script = PathGuard(root), root / "app/main.py"
    script.chmod(0o4750)
    before = set((root / "app").iterdir())

    assert guard.write_text("app/main.py", "a\r\nü") == script
    assert script.read_bytes() == "a\r\nü".encode()
    assert script.stat().st_mode & 0o7777 == 0o750
    assert set((root / "app").iterdir()) == before
    assert guard.edit("app/main.py", str.upper) == script
    assert script.read_bytes() == "A\r\nÜ".encode()
    assert guard.write_bytes("new/deep/x.bin", b"\xff") == root / "new/deep/x.bin"
    usual = os.umask(0)
    os.umask(usual)
    assert (root / "new/deep/x.bin").stat().st_mode & 0o777 == 0o666 & ~usual


def test_a_failure_leaves_the_old_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, before = PathGuard(root), snapshot(root)
    monkeypatch.setattr(os, "fsync", lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        guard.write_text("app/main.py", "new")
    assert snapshot(root) == before


def test_a_hard_link_made_meanwhile_is_replaced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check passes, then the file becomes a second name of one outside."""
    path, key, rename = root / "app/main.py", root.parent / "outside/key", os.rename

    def late(*names: str, **folders: int) -> None:
        path.unlink()
        path.hardlink_to(key)
        rename(*names, **folders)

    monkeypatch.setattr(os, "rename", late)
    PathGuard(root).write_text("app/main.py", "new")

    assert (path.read_text(), key.read_text()) == ("new", "old")


def test_an_edit_gives_way_to_another_writer(root: Path) -> None:
    guard, path = PathGuard(root), root / "app/main.py"

    def slowly(old: str) -> str:
        path.write_text("theirs")
        return old + "mine"

    with pytest.raises(Refused, match="changed meanwhile"):
        guard.edit("app/main.py", slowly)
    assert path.read_text() == "theirs"


def test_only_text_of_some_size_is_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = PathGuard(root)
    (root / "app/main.py").write_bytes(b"\xff")
    monkeypatch.setattr("security.paths.replace.MOST_BYTES", 9)

    for operation in (
        lambda: guard.edit("app/main.py", str.upper),
        lambda: guard.write_text("app/main.py", "\ud800"),
        lambda: guard.write_text("new/main.py", "0123456789"),
        lambda: guard.edit(".env.example", lambda _: "0123456789"),
        lambda: guard.edit("app/none.py", str.upper),
    ):
        with pytest.raises(Refused):
            operation()
    assert not (root / "new").exists()
