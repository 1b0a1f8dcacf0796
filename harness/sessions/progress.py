"""What a run shows while it goes on: a live line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from harness.sessions import events as e
from harness.sessions.journal import Entry
from harness.sessions.wording import line

_QUIET = (e.FeatureFlipped, e.Landing, e.Spent, e.RunStarted, e.BackendCreated, e.RunEnded)

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_A_SECOND = 8


class Progress:
    """Listens to a journal. `features n of N`, the phase and the current step, time so far."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()
        self._total = 0
        self._passing = 0
        self._phase = "starting"
        self._step = ""
        self._session = ""

    def __call__(self, entry: Entry) -> None:
        self._follow(entry.event)
        if not isinstance(entry.event, _QUIET):
            self._print(line(entry.event))

    def _follow(self, event: e.AnyEvent) -> None:
        match event:
            case e.FeaturesWritten(total=total, passing=passing):
                self._total, self._passing = total, passing
            case e.Landed(passing=passing):
                self._passing = len(passing)
            case e.SessionStarted(number=number, kind=kind, resources=resources):
                self._session = f"session {number} ({kind}) {', '.join(resources)}".rstrip()
                self._phase, self._step = "build", ""
            case e.PhaseStarted(name=name, detail=detail):
                self._phase, self._step = name, detail
            case e.ToolRan(name=name, detail=detail):
                self._step = f"{name} {detail}"
            case _:
                pass

    def status(self) -> str:
        """Return the live line: elapsed time, feature n of N, session, phase, current step."""
        count = f"{self._passing} of {self._total} features" if self._total else ""
        parts = [f"{self._elapsed():.0f} s", count, self._session, self._phase, self._step]
        return " · ".join(filter(None, parts))

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _print(self, text: str) -> None:
        self._stream.write(f"[{self._elapsed():6.1f} s] {text}\n")
        self._stream.flush()


class LiveProgress(Progress):
    """The same on a terminal: what happened scrolls by above a line that says what goes on."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal

        self._console = Console(file=self._stream, highlight=False)

    @contextmanager
    def shown(self) -> Iterator[None]:
        from rich.live import Live  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        def render() -> Text:
            frame = _FRAMES[int(self._elapsed() * _FRAMES_A_SECOND) % len(_FRAMES)]
            return Text(f"{frame} {self.status()}", no_wrap=True, overflow="ellipsis")

        with Live(
            get_renderable=render,
            console=self._console,
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
        ):
            yield

    def _print(self, text: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text.assemble((f"{self._elapsed():6.1f} s", "dim"), "  ", text))


@contextmanager
def progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Show progress on a stream (stderr), live where it is a terminal."""
    target = stream or sys.stderr
    if not target.isatty():
        yield Progress(target)
        return
    live = LiveProgress(target)
    with live.shown():
        yield live
