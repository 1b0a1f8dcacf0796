"""The profile for macOS, as text: what is allowed, and that the last rules take back."""

import re
from pathlib import Path

import pytest

from security.sandbox import SandboxSpec, SandboxUnavailable
from security.sandbox.seatbelt import launch, profile


@pytest.fixture
def spec(tmp_path: Path) -> SandboxSpec:
    root = tmp_path / "project"
    (root / "tests" / "kept").mkdir(parents=True)
    (tmp_path / "library").mkdir()
    (tmp_path / "sockets").mkdir()
    return SandboxSpec(
        root=root,
        readable=(tmp_path / "library",),
        read_only=(root / "tests" / "kept",),
        databases=(tmp_path / "sockets",),
    )


def rules(text: str) -> list[tuple[str, set[str]]]:
    """Return the actions in order, each with the paths it is for."""
    found = re.findall(
        r"^\((allow|deny) ([^\s)]+)((?:\s+\((?:subpath|literal) [^)]*\))*)", text, re.MULTILINE
    )
    return [(f"{verb} {what}", set(re.findall(r'"([^"]*)"', paths))) for verb, what, paths in found]


def test_everything_is_denied_first(spec: SandboxSpec, tmp_path: Path) -> None:
    text = profile(spec, tmp_path / "scratch")
    assert text.startswith("(version 1)\n(deny default)\n")
    assert text.count("(") == text.count(")")


def test_only_the_project_and_the_scratch_place_can_be_written(
    spec: SandboxSpec, tmp_path: Path
) -> None:
    written = [
        paths
        for action, paths in rules(profile(spec, tmp_path / "scratch"))
        if action == "allow file-write*"
    ]
    assert written == [{str(spec.root), str(tmp_path / "scratch")}]


def test_what_is_kept_is_taken_back_last(spec: SandboxSpec, tmp_path: Path) -> None:
    found = rules(profile(spec, tmp_path / "scratch"))
    actions = [action for action, _ in found]
    last = len(actions) - 1 - actions[::-1].index("allow file-write*")
    denied = [paths for action, paths in found[last:] if action == "deny file-write*"]
    assert str(spec.root / "tests" / "kept") in denied[0]
    assert str(spec.root / "tests") in denied[1], "its parent could be renamed"
    assert str(spec.root) not in denied[1]


def test_the_network_is_the_loopback_and_the_databases(spec: SandboxSpec, tmp_path: Path) -> None:
    text = profile(spec, tmp_path / "scratch")
    network = [line for line in text.splitlines() if line.startswith("(allow network")]
    by_address = [line for line in network if "(" in line[1:]]
    assert len(by_address) == 3
    assert all('"localhost:*"' in line for line in by_address)
    by_path = [
        paths for action, paths in rules(text) if action == "allow network-outbound" and paths
    ]
    assert by_path == [{str(tmp_path / "sockets")}]


def test_what_is_readable_is_not_the_home(spec: SandboxSpec, tmp_path: Path) -> None:
    read = [
        paths
        for action, paths in rules(profile(spec, tmp_path / "scratch"))
        if action == "allow file-read*"
    ]
    assert str(tmp_path / "library") in read[0]
    assert not any(Path.home().is_relative_to(path) for path in read[0])


def test_a_path_cannot_close_its_quotes(tmp_path: Path) -> None:
    root = tmp_path / 'a") (allow default) ("\\'
    root.mkdir()
    text = profile(SandboxSpec(root=root), tmp_path / "scratch")
    assert "(allow default)" in text
    assert text.count(r'a\") (allow default) (\"\\"') == text.count("(allow default)")


def test_it_is_refused_where_the_program_is_missing(
    spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="sandbox-exec is missing"):
        launch(spec, 3)
