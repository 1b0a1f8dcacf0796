"""What the path guard allows and refuses."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from security.paths import Access, PathGuard, Refused
from security.paths.ground import Ground
from tests.security.paths.conftest import snapshot

READ, WRITE, LIST = Access.READ, Access.WRITE, Access.LIST


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


@pytest.mark.parametrize("path", [None, 3, b"app/main.py", Path("app/main.py"), ["app"], object()])
def test_what_is_no_path_is_refused(root: Path, path: Any) -> None:
    guard = PathGuard(root)

    assert guard.decide(path, READ).rule == "not-a-path"
    assert guard.decide_pattern(path).rule == "pattern"
    assert guard.decide_pattern("*", path).rule == "not-a-path"


def test_an_unknown_access_is_refused(root: Path) -> None:
    access: Any = "write"

    assert PathGuard(root).decide("app/main.py", access).rule == "not-an-access"


def test_what_cannot_be_judged_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = PathGuard(root)
    monkeypatch.setattr("security.paths.guard.look", lambda *_: 1 / 0)

    assert guard.decide("app/main.py", READ).rule == "guard-failed"


def test_other_folders_may_be_readable(root: Path) -> None:
    other = root.parent / "other"
    guard = PathGuard(root, readable=[other, root / ".git", root.parent / "other/deep"])
    file = str(other / "deep/lib.py")

    assert guard.decide(file, READ).real == other / "deep/lib.py"
    assert guard.decide(file, WRITE).rule == "read-only"
    assert guard.decide(str(other), LIST).allowed
    assert guard.decide(str(root / ".git/config"), READ).rule == "hidden"
    assert guard.decide(str(root.parent / "outside/key"), READ).rule == "outside"
    assert guard.listing(str(other / "deep")).paths == (file,)
    assert guard.glob(f"{other}/**/*.py").paths == (file,)
    with guard.open_read(file) as opened:
        assert opened.read() == b"old"


def test_the_root_may_be_named_by_a_link(root: Path) -> None:
    alias = root.parent / "alias"
    alias.symlink_to(root)

    for path in ("app/main.py", str(alias / "app/main.py"), str(root / "app/main.py")):
        assert PathGuard(alias).decide(path, READ).real == root / "app/main.py"


@pytest.mark.parametrize("bad", ["/", "/proc", "/dev", "none", "loop", "pipe"])
def test_no_guard_without_a_folder_of_the_project(root: Path, bad: str) -> None:
    with pytest.raises(ValueError, match=r"make it first|the system's"):
        PathGuard(root / bad)
    with pytest.raises(ValueError, match=r"make it first|the system's"):
        PathGuard(root, readable=[root / bad])


@pytest.mark.parametrize("entry", ["", "/etc", "../x", "."])
def test_protected_names_are_below_the_root(root: Path, entry: str) -> None:
    with pytest.raises(ValueError, match="protected: "):
        PathGuard(root, protected=[entry])


def test_projects_may_protect_other_names(root: Path) -> None:
    guard = PathGuard(root, protected=["app/main.py"])

    assert guard.decide("app/main.py", WRITE).rule == "protected"
    assert guard.decide("feature_list.json", WRITE).rule == "hard-link"
    assert guard.decide("understudy.toml", WRITE).allowed
    assert guard.decide(".git/config", WRITE).rule == "hidden"


def test_a_root_that_was_replaced_is_refused(root: Path) -> None:
    guard = PathGuard(root)
    root.rename(root.with_name("before"))
    (root / "app").mkdir(parents=True)

    assert guard.decide("app/main.py", WRITE).rule == "moved"
    with pytest.raises(Refused):
        guard.write_text("app/main.py", "x")


def test_a_closed_guard_refuses(root: Path) -> None:
    guard = PathGuard(root)
    guard.close()

    assert not guard.decide("app/main.py", READ).allowed


def test_moving_a_protected_folder_does_not_free_it(root: Path) -> None:
    guard = PathGuard(root)
    (root / "tests").rename(root / "moved")
    (root / ".git").rename(root / "history")

    assert guard.decide("moved/acceptance/test_a.py", WRITE).rule == "protected"
    assert guard.decide("moved/test_x.py", WRITE).allowed
    assert guard.decide("history/config", READ).rule == "protected"


@pytest.mark.usefixtures("root")
def test_other_file_systems_are_not_entered() -> None:
    top = Ground.at(Path("/"))
    with pytest.raises(Refused) as no, top.descend(["proc", "self"], READ):
        pass
    os.close(top.descriptor)

    assert no.value.rule == "mount"
