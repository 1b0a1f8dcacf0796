"""Pausing: the first request drains, the second stops now."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class StopNow(BaseException):
    """The second Ctrl+C: leave what is running, keep what there is."""


class Control:
    """Whether the run is to wind up. A request comes as a signal or as a file from elsewhere."""

    def __init__(self, request_file: Path) -> None:
        self._file = request_file
        self._asked = threading.Event()
        self.source = ""
        self.on_stop: Callable[[], None] = lambda: None
        """Called when the run is to stop at once, before it does."""

    def stopping(self) -> bool:
        """Whether a pause was asked for."""
        if not self._asked.is_set() and self._file.exists():
            self.source = "understudy pause"
            self._asked.set()
        return self._asked.is_set()

    def ask(self, source: str) -> None:
        """Ask for a pause; asking a second time stops now."""
        if self._asked.is_set():
            self.on_stop()
            raise StopNow
        self.source = source
        self._asked.set()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as requests while the context lasts (main thread only)."""
        self._file.unlink(missing_ok=True)
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, _frame: FrameType | None) -> None:
            self.ask("Ctrl+C" if number == signal.SIGINT else "SIGTERM")

        before = {kind: signal.signal(kind, handle) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)
            self._file.unlink(missing_ok=True)


def request_pause(request_file: Path) -> None:
    """Ask the run of a project for a pause, from another process."""
    request_file.parent.mkdir(parents=True, exist_ok=True)
    request_file.touch()
