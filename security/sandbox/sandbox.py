"""The sandbox of this machine's operating system."""

from .bubblewrap import launch
from .launch import Launch
from .session import Session


class Sandbox(Session):
    def _prepare(self, channel: int) -> Launch:
        return launch(self.spec, channel)
