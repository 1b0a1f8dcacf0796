"""Where a browser is, and how to get one."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.errors import SetupError

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = r"Google\Chrome\Application\chrome.exe"
_INSTALL = {
    "debian": "apt install chromium",
    "ubuntu": "apt install chromium-browser",
    "fedora": "dnf install chromium",
    "rhel": "dnf install chromium",
    "arch": "pacman -S chromium",
    "alpine": "apk add chromium",
    "suse": "zypper install chromium",
    "opensuse": "zypper install chromium",
}


def find_browser(own: str | None = None) -> str:
    """Return the path of Playwright's own browser if it is there, else of one of the system's."""
    for path in _candidates(own):
        if os.access(path, os.X_OK) and Path(path).is_file():
            return path
    raise SetupError(
        "There is no browser: neither Playwright's own nor Chromium or Chrome.",
        do=f"Install one: {install_command()}",
    )


def _candidates(own: str | None) -> Iterator[str]:
    if own:
        yield own
    for name in _NAMES:
        if (found := shutil.which(name)) is not None:
            yield found
    yield from _PLACES
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if (folder := os.environ.get(variable)) is not None:
            yield str(Path(folder) / _WINDOWS)


def install_command() -> str:
    """Return what installs a browser on this system."""
    system = platform.system()
    if system == "Darwin":
        return "brew install --cask chromium"
    if system == "Linux":
        for name in _distribution():
            if name in _INSTALL:
                return _INSTALL[name]
    return "playwright install chromium"


def _distribution() -> list[str]:
    """The names of this Linux, its own before what it is like."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
