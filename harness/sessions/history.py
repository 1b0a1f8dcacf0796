"""Where the journal says things stand."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.sessions.events import (
    BackendCreated,
    Conversed,
    FeatureSpecified,
    FeaturesWritten,
    Landed,
    Landing,
    Noted,
    RunEnded,
    RunStarted,
    SessionEnded,
    SessionStarted,
    SpecificationRead,
    Stashed,
)
from harness.sessions.journal import Entry


@dataclass(slots=True)
class History:
    """What the events add up to.

    `sessions` is the number of the last session. `open_run`, `open_session` and `landing` are
    begun and not ended: in a living run that is normal, at the start of one it means a crash.
    `interrupted` is the conversation that the last session broke off, if it did.
    """

    sessions: int = 0
    passing: frozenset[str] = frozenset()
    landed: str = ""
    definition: str = ""
    last_run: RunStarted | None = None
    run_outcome: str | None = None
    open_session: int | None = None
    landing: Landing | None = None
    notes: list[str] = field(default_factory=list)
    specified: list[FeatureSpecified] = field(default_factory=list)
    specification: str = ""
    last_session: SessionStarted | None = None
    interrupted: str = ""
    stash: str = ""
    """The branch with the unfinished work of the last session."""

    @property
    def open_run(self) -> RunStarted | None:
        return self.last_run if self.run_outcome is None else None

    @classmethod
    def read(cls, entries: Iterable[Entry]) -> "History":
        history = cls()
        for entry in entries:
            history.take(entry)
        return history

    def take(self, entry: Entry) -> None:  # noqa: C901, PLR0912 - one case an event
        match entry.event:
            case RunStarted() as started:
                self.last_run, self.run_outcome, self.landing = started, None, None
            case RunEnded(outcome=outcome):
                self.run_outcome = outcome
            case SessionStarted() as begun:
                self.sessions = self.open_session = begun.number
                self.last_session, self.interrupted, self.stash = begun, "", ""
            case SessionEnded():
                self.open_session = None
            case Conversed(conversation=name, outcome=outcome):
                self.interrupted = name if outcome == "interrupted" else ""
            case Stashed(branch=branch):
                self.stash = branch
            case Noted(text=text):
                self.notes.append(text)
            case FeatureSpecified() as specified:
                self.specified.append(specified)
            case SpecificationRead(digest=digest):
                self.specification = digest
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
