"""What works inside a session.

A builder gets a session's context and changes the files of its folder. It decides nothing: the
harness verifies, flips features and commits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.errors import UnderstudyError
from harness.features.feature import Feature, FeatureList
from harness.inference.model import ApiModel
from harness.traffic.store import Recording
from security import Decision
from security.paths import PathDecision


class Recorder(Protocol):
    """Where a builder reports what it does, as it does it."""

    def tool(self, name: str, detail: str) -> None: ...

    def decided(self, command: str, decision: Decision | PathDecision) -> None: ...

    def spent(self, tokens: int, usd: float) -> None: ...

    def waited(self, seconds: float, reason: str) -> None: ...

    def note(self, text: str) -> None:
        """Keep a note for the sessions that follow."""
        ...

    def prompted(self, template: str, digest: str, model: str) -> None: ...

    def conversed(self, conversation: str, outcome: str) -> None:
        """Say how a conversation with a model ended; an interrupted one can be taken up again."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """What a shell line came to. `exit_code` None: it was not run, and `output` says why."""

    exit_code: int | None
    output: str

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class Shell(Protocol):
    """The only way to run commands: guarded, in the session's sandbox, in its folder."""

    def run(self, command: str, *, timeout_s: float = 120.0) -> Ran: ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """A feature that only the specification names; `tests` is the pytest file that decides it."""

    id: str
    category: str
    resource: str
    description: str
    steps: tuple[str, ...]
    tests: str


class Desk(Protocol):
    """What a session may ask of the harness while it works."""

    def verify(self, features: Sequence[str]) -> Mapping[str, str]:
        """Replay what decides these features; "" for those that pass, else why they do not."""
        ...

    def propose(self, proposal: Proposal) -> str:
        """Add a feature of the specification; "" or why it cannot be taken."""
        ...


@dataclass(frozen=True, slots=True)
class Background:
    """What is known from before the session: what a fresh context is given to read."""

    features: FeatureList
    recordings: tuple[Recording, ...] = ()
    notes: tuple[str, ...] = ()
    """Of earlier sessions, the oldest first."""
    spec: str = ""
    home: Path = Path()
    """Where a builder keeps files of its own; not in the backend."""
    attempt: int = 1
    """How often this slice is tried now, counted from 1."""
    conversation: str | None = None
    """One that was interrupted and is to be taken up again."""


@dataclass(frozen=True, slots=True)
class SessionContext:
    """All that a session starts with: its context is fresh, nothing is carried over but git.

    `folder` is a work tree of the backend's repository (`repository`), on the session's own
    branch. `slice` are the failing features that the session is for, `failures` says for the
    features that were built already why they fail. `stopping` turns true when the session is to
    wind up: finish the running step and return. `tokens`, `usd` and `turns` of a model are what it
    may spend; None is unlimited.
    """

    number: int
    folder: Path
    repository: Path
    model: ApiModel
    slice: tuple[Feature, ...]
    failures: tuple[str, ...]
    record: Recorder
    shell: Shell
    desk: Desk
    background: Background
    stopping: Callable[[], bool]
    tokens: int | None = None
    usd: float | None = None
    turns: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a builder says about its session.

    `exhausted`: it has nothing left that it could try for these features.
    """

    summary: str
    exhausted: bool = False
    trouble: UnderstudyError | None = None
    """What keeps the run from going on, once what was done so far is judged."""


class Builder(Protocol):
    """`initialize` makes the skeleton of a new backend, `run` works on a slice of features."""

    name: str
    trusted: bool
    """Whether its code follows from the API model alone; else it is tried on fresh values too."""
    reads_specifications: bool
    """Whether its `specify` finds the features that only spec.md names."""

    def specify(self, session: SessionContext) -> Outcome: ...

    def initialize(self, session: SessionContext) -> Outcome: ...

    def run(self, session: SessionContext) -> Outcome: ...
