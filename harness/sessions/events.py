"""What can happen in a run, as typed events.

The journal holds nothing else, and the terminal, `status`, `log` and the dashboard read nothing
else. A new kind of event is a new class here; old journals stay readable because fields are only
ever added, with defaults.
"""

from typing import Any

import msgspec


def _words(name: str) -> str:
    spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.lstrip("_")


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=_words):
    """Something that happened. Its place in time and its session are the journal's."""


class RunStarted(Event, frozen=True):
    """A run begins (`resumed`: goes on). `process` tells a living process from a dead one."""

    run: str
    pid: int
    process: str
    builder: str
    limits: dict[str, float] = {}
    resumed: bool = False


class RunEnded(Event, frozen=True):
    """A run is over. `outcome`: done, paused, budget, stuck or failed."""

    outcome: str
    detail: str
    exit_code: int
    reasons: list[str] = []


class PhaseStarted(Event, frozen=True):
    """A step that takes a while. `total` is how many there are of what `name` counts."""

    name: str
    detail: str = ""


class Inferred(Event, frozen=True):
    operations: int
    entities: int
    exchanges: int
    seconds: float


class FeaturesWritten(Event, frozen=True):
    """The feature list that a run works on. `definition` is its hash, passes left out."""

    total: int
    definition: str
    passing: int = 0
    dropped: int = 0


class BackendCreated(Event, frozen=True):
    """A new backend repository is begun: nothing passes yet."""


class SessionStarted(Event, frozen=True):
    number: int
    kind: str
    builder: str
    slice: list[str] = []
    resources: list[str] = []


class SessionEnded(Event, frozen=True):
    """`outcome`: landed, no_progress, regressed, broken, stopped or crashed."""

    number: int
    outcome: str
    summary: str
    gained: int = 0
    lost: int = 0
    seconds: float = 0.0
    tokens: int = 0
    usd: float = 0.0


class ToolRan(Event, frozen=True):
    name: str
    detail: str
    seconds: float = 0.0


class BuilderFailed(Event, frozen=True):
    """A builder made a mistake of its own; its session ended with it."""

    error: str
    trace: str


class CommandAllowed(Event, frozen=True):
    """The shell guard let a command run. `policy` is the hash of the policy that decided."""

    command: str
    rule: str
    policy: str = ""


class CommandBlocked(Event, frozen=True):
    """The shell guard refused a command, by which rule and why; `advice` is what to do instead."""

    command: str
    reason: str
    rule: str = ""
    advice: str = ""
    policy: str = ""


class Prompted(Event, frozen=True):
    """A model is asked: with which template, its hash, and which model."""

    template: str
    digest: str
    model: str


class Conversed(Event, frozen=True):
    """A conversation with a model ended. An interrupted one can be taken up again."""

    conversation: str
    outcome: str


class Noted(Event, frozen=True):
    """A note of a session for those that follow."""

    text: str


class FeatureSpecified(Event, frozen=True):
    """A feature that only the specification names; `tests` decide it and stay as they are."""

    feature: dict[str, Any]
    file: str
    tests: str


class SpecificationRead(Event, frozen=True):
    """The features that spec.md of this hash names were looked for."""

    digest: str


class Spent(Event, frozen=True):
    tokens: int
    usd: float


class Waited(Event, frozen=True):
    """Time in which nothing could be done: it does not count as working time."""

    seconds: float
    reason: str


class Verified(Event, frozen=True):
    """A replay of every recording, and the backend's own tests, on one commit's files."""

    recordings: list[dict[str, Any]]
    exchanges: int
    status: int
    shape: int
    exact: int
    fidelity: float
    tests_passed: int
    tests_failed: int
    seconds: float


class FeatureFlipped(Event, frozen=True):
    feature: str
    passes: bool


class Regressed(Event, frozen=True):
    """Features that passed fail after a session's work. `session` 0 is an edit made by hand."""

    by_session: int
    features: list[str]
    landed: bool


class HardCoded(Event, frozen=True):
    """Features that are right as recorded and wrong with fresh values: they do not count."""

    features: list[str]


class Landing(Event, frozen=True):
    """A commit is about to become the main line. `passing` are the features that pass in it."""

    commit: str
    passing: list[str]


class Landed(Event, frozen=True):
    commit: str
    passing: list[str]


class Stashed(Event, frozen=True):
    """Unfinished work, kept on a branch of the backend's repository."""

    branch: str
    reason: str


class Tampered(Event, frozen=True):
    """A builder changed what only the harness may change; it was put back."""

    what: str


class KeptByHand(Event, frozen=True):
    """Edits by a person in the backend's work tree were committed to the main line."""

    commit: str


class PauseRequested(Event, frozen=True):
    source: str


class Crashed(Event, frozen=True):
    """Found afterwards: the run ended without a word."""

    run: str
    detail: str


class ChatStarted(Event, frozen=True):
    """A conversation beside a capture begins; without a person it has an intent."""

    intent: str = ""


class ChatEnded(Event, frozen=True):
    """It is over. `outcome`: done, max turns, budget, interrupted, or what went wrong."""

    outcome: str
    turns: int
    seconds: float
    tokens: int = 0
    usd: float = 0.0
    summary: str = ""


AnyEvent = (
    RunStarted
    | RunEnded
    | PhaseStarted
    | Inferred
    | FeaturesWritten
    | BackendCreated
    | SessionStarted
    | SessionEnded
    | ToolRan
    | BuilderFailed
    | CommandAllowed
    | CommandBlocked
    | Prompted
    | Conversed
    | Noted
    | FeatureSpecified
    | SpecificationRead
    | Spent
    | Waited
    | Verified
    | FeatureFlipped
    | Regressed
    | HardCoded
    | Landing
    | Landed
    | Stashed
    | Tampered
    | KeptByHand
    | PauseRequested
    | Crashed
    | ChatStarted
    | ChatEnded
)
