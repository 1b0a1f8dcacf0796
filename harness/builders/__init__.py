"""What works inside a session.

A builder gets a session's context and changes the files of its folder. It decides nothing: the
harness verifies, flips features and commits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.features.feature import Feature
from harness.inference.model import ApiModel
from security import Decision


class Recorder(Protocol):
    """Where a builder reports what it does, as it does it."""

    def tool(self, name: str, detail: str) -> None: ...

    def decided(self, command: str, decision: Decision) -> None: ...

    def spent(self, tokens: int, usd: float) -> None: ...


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
class SessionContext:
    """All that a session starts with: its context is fresh, nothing is carried over but git.

    `folder` is a work tree of the backend's repository (`repository`), on the session's own
    branch. `slice` are the failing features that the session is for, `failures` says for the
    features that were built already why they fail. `stopping` turns true when the session is to
    wind up: finish the running step and return. `tokens` and `usd` are what it may spend; None is
    unlimited.
    """

    number: int
    folder: Path
    repository: Path
    model: ApiModel
    slice: tuple[Feature, ...]
    failures: tuple[str, ...]
    record: Recorder
    shell: Shell
    stopping: Callable[[], bool]
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a builder says about its session.

    `exhausted`: it has nothing left that it could try for these features.
    """

    summary: str
    exhausted: bool = False


class Builder(Protocol):
    """`initialize` makes the skeleton of a new backend, `run` works on a slice of features."""

    name: str

    def initialize(self, session: SessionContext) -> Outcome: ...

    def run(self, session: SessionContext) -> Outcome: ...
