"""Where the journal says things stand."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.sessions.events import (
    BackendCreated,
    FeaturesWritten,
    Landed,
    Landing,
    RunEnded,
    RunStarted,
    SessionEnded,
    SessionStarted,
)
from harness.sessions.journal import Entry


@dataclass(slots=True)
class History:
    """What the events add up to.

    `sessions` is the number of the last session. `open_run`, `open_session` and `landing` are
    begun and not ended: in a living run that is normal, at the start of one it means a crash.
    """

    sessions: int = 0
    passing: frozenset[str] = frozenset()
    landed: str = ""
    definition: str = ""
    last_run: RunStarted | None = None
    run_outcome: str | None = None
    open_session: int | None = None
    landing: Landing | None = None

    @property
    def open_run(self) -> RunStarted | None:
        return self.last_run if self.run_outcome is None else None

    @classmethod
    def read(cls, entries: Iterable[Entry]) -> "History":
        history = cls()
        for entry in entries:
            history.take(entry)
        return history

    def take(self, entry: Entry) -> None:
        match entry.event:
            case RunStarted() as started:
                self.last_run, self.run_outcome, self.landing = started, None, None
            case RunEnded(outcome=outcome):
                self.run_outcome = outcome
            case SessionStarted(number=number):
                self.sessions, self.open_session = number, number
            case SessionEnded():
                self.open_session = None
            case FeaturesWritten(definition=definition):
                self.definition = definition
            case BackendCreated():
                self.passing, self.landed = frozenset(), ""
            case Landing() as landing:
                self.landing = landing
            case Landed(commit=commit, passing=passing):
                self.landed, self.passing, self.landing = commit, frozenset(passing), None
            case _:
                pass
