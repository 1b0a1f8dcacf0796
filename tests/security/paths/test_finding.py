"""Listings and globs of the path guard."""

import os
from pathlib import Path

import pytest

from security.paths import Access, PathGuard, Refused

READ, WRITE, LIST = Access.READ, Access.WRITE, Access.LIST
TESTS = {"tests/test_x.py", "tests/acceptance/test_a.py"}


def test_listings_leave_out_what_is_hidden(root: Path) -> None:
    guard = PathGuard(root)
    (root / "app" / os.fsdecode(b"\xff.py")).touch()
    top, app = guard.listing(), guard.listing("app/")

    assert {".env.example", ".mcp.json", "app/", "tests/"} <= set(top.paths)
    assert {".env", ".git", ".claude", "git", "out", "pipe", "socket"} <= set(top.left_out)
    assert app.paths == ("app/main.py", "app/name with blank.py")
    assert app.left_out == ("app/list.json", "app/second.py", "app/up", "app/\\udcff.py")
    assert not guard.listing(most=1).complete


GLOBS = [
    ("**/*.py", {"app/main.py", "app/name with blank.py", *TESTS}),
    ("app/*", {"app/main.py", "app/name with blank.py"}),
    ("{app,tests}/[mt]*.py", {"app/main.py", "tests/test_x.py"}),
    ("tests/**/test_?.py", TESTS),
    ("./tests/**", {"tests/acceptance/", *TESTS}),
    ("app/main.py", {"app/main.py"}),
    ("none/*", set()),
    ("*/[!m]*.py", {"app/name with blank.py", "tests/test_x.py"}),
]


@pytest.mark.parametrize(("pattern", "paths"), GLOBS)
def test_globs_find_what_they_match(root: Path, pattern: str, paths: set[str]) -> None:
    guard = PathGuard(root)

    assert guard.decide_pattern(pattern).allowed
    assert set(guard.glob(pattern).paths) == paths
    assert set(guard.glob(f"{root}/{pattern}").paths) == paths


def test_globs_are_bounded(root: Path) -> None:
    (root / Path(*"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")).mkdir(parents=True)
    found = PathGuard(root).glob("**")

    assert not found.complete
    assert PathGuard(root).glob("*.md").complete
    assert PathGuard(root).glob("*.py", "tests").paths == ("tests/test_x.py",)
    with pytest.raises(Refused):
        PathGuard(root).glob("!*.py")


PATTERNS = [
    ("parent", "../**"),
    ("parent", "app/*/../../*"),
    ("parent", "{app,..}/*"),
    ("outside", "/etc/*"),
    ("outside", "/*/*"),
    ("outside", "*.py,/etc/*"),
    ("system", "/proc/*/environ"),
    ("home", "~/*"),
    ("unprintable", "a\0*"),
    ("pattern", ""),
    ("pattern", "@(.env)"),
    ("pattern", "\\.env"),
    ("pattern", "[.]env"),
    ("pattern", "{1..3}"),
    ("pattern", "{a,b"),
    ("pattern", "{a,b}" * 8),
    ("too-long", "a" * 1001),
    ("too-long", "*/" * 100),
    ("stream", "[[:punct:]]env"),
    ("hidden", ".git/*"),
    ("hidden", "**/.GIT/**"),
    ("hidden", ".e*"),
    ("hidden", "?env"),
    ("hidden", "*env"),
    ("hidden", ".*"),
    ("hidden", "[!a]env"),
    ("hidden", "*.py .env"),
    ("hidden", "*.{py,env}"),
    ("hidden", ".env.staging.*"),
    ("hidden", "app/.env"),
    ("link", "out/*"),
    ("link", "git/*"),
    ("link", "app/up/*"),
]


@pytest.mark.parametrize(("rule", "pattern"), PATTERNS)
def test_globs_that_lead_elsewhere_are_refused(root: Path, rule: str, pattern: str) -> None:
    guard = PathGuard(root)
    decision = guard.decide_pattern(pattern)

    assert (decision.allowed, decision.rule) == (False, rule), decision.line
    with pytest.raises(Refused):
        guard.glob(pattern)


def test_exclusions_may_name_what_is_hidden(root: Path) -> None:
    assert PathGuard(root).decide_pattern("!.env").allowed
