import sys
from pathlib import Path

import pytest

from harness.capture import finding
from harness.capture.browser import Browser
from harness.capture.finding import find_browser, install_command
from harness.capturing import require_extra
from harness.errors import SetupError


def program(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_playwrights_own_browser_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = program(tmp_path / "google-chrome")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(str(tmp_path / "not-downloaded")) == system
    own = program(tmp_path / "own")
    assert find_browser(own) == own


def test_without_a_browser_the_command_to_install_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as raised:
        find_browser(None)
    assert install_command() in raised.value.do


@pytest.mark.parametrize(
    ("system", "release", "expected"),
    [
        ("Linux", {"ID": "debian"}, "apt install chromium"),
        ("Linux", {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "apt install chromium-browser"),
        ("Linux", {"ID": "fedora"}, "dnf install chromium"),
        ("Linux", {"ID": "own"}, "playwright install chromium"),
        ("Darwin", {}, "brew install --cask chromium"),
        ("Windows", {}, "playwright install chromium"),
    ],
)
def test_the_command_fits_the_system(
    monkeypatch: pytest.MonkeyPatch, system: str, release: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(finding.platform, "system", lambda: system)
    monkeypatch.setattr(finding.platform, "freedesktop_os_release", lambda: release)
    assert install_command() == expected


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitmproxy", None)
    with pytest.raises(SetupError, match="mitmproxy") as raised:
        require_extra()
    assert "--extra capture" in raised.value.do


async def test_without_a_display_headless_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding.platform, "system", lambda: "Linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SetupError, match="no display") as raised:
        async with Browser(headless=False):
            pass
    assert "--headless" in raised.value.do
