"""The sandbox of this machine's operating system."""

import sys

from . import bubblewrap, remedies, seatbelt
from .errors import SandboxUnavailable
from .launch import Launch
from .session import Session


class Sandbox(Session):
    """Commands in a sandbox; SandboxUnavailable where the machine has none that works."""

    def _prepare(self, channel: int) -> Launch:
        if sys.platform == "linux":
            return bubblewrap.launch(self.spec, channel)
        if sys.platform == "darwin":
            return seatbelt.launch(self.spec, channel)
        raise SandboxUnavailable(
            f"there is no sandbox for {sys.platform}", "Use Linux, macOS, or WSL 2 on Windows."
        )

    def _explain(self, trouble: str) -> SandboxUnavailable:
        if sys.platform == "linux":
            return remedies.explain(trouble)
        return super()._explain(trouble)
