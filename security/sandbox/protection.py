"""Which sandbox works on this machine: found out by using it."""

import sys
import tempfile
from pathlib import Path

from .errors import SandboxUnavailable
from .sandbox import Sandbox
from .spec import Kind, Protection, SandboxSpec

_KINDS: dict[str, Kind] = {"linux": "bubblewrap", "darwin": "sandbox-exec"}


def protection() -> Protection:
    """Open a sandbox, run a command in it, and say how that went."""
    kind = _KINDS.get(sys.platform, "none")
    with tempfile.TemporaryDirectory(prefix="sandbox-") as place:
        try:
            with Sandbox(SandboxSpec(root=Path(place))) as sandbox:
                result = sandbox.run(["/bin/sh", "-c", "exit 0"])
        except SandboxUnavailable as error:
            return Protection(kind, False, error.reason, error.remedy)
    if result.exit_code:
        return Protection(kind, False, f"a command fails in it: {result.stderr}", "Report this.")
    return Protection(kind, True, landlock=sandbox.landlock)
