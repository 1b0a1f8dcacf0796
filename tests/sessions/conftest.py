from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.builders import Background
from harness.sessions.budget import Limits
from harness.sessions.control import Control
from harness.sessions.events import AnyEvent, RunStarted
from harness.sessions.journal import Journal
from harness.sessions.opening import Opening
from harness.sessions.orchestrator import End, Orchestrator
from harness.sessions.plan import Plan
from harness.sessions.specified import Specified
from harness.sessions.workshop import Workshop
from harness.testing import (
    FileJudge,
    ManualClock,
    Script,
    ScriptedBuilder,
    SilentShell,
    features,
    model,
)


@dataclass
class Bench:
    """A project of scripted parts on real git and a real journal."""

    folder: Path
    shape: Mapping[str, Iterable[str]]
    spec: str = ""
    clock: ManualClock = field(default_factory=lambda: ManualClock(step=0.01))

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder / "journal.db", clock=self.clock)
        self.journal.run = "run"
        self.journal.append(RunStarted(run="run", pid=0, process="", builder="scripted"))
        self.features = features(self.shape)
        everything = [name for names in self.shape.values() for name in names]
        self.judge = FileJudge(everything)
        self.control = Control(self.folder / "pause")
        self.workshop = Workshop(self.folder / "backend", self.folder / "session", self.journal)

    def run(
        self, *builders: list[Script] | ScriptedBuilder, limits: Limits | None = None, **plan: int
    ) -> End:
        made = [
            one if isinstance(one, ScriptedBuilder) else ScriptedBuilder(one) for one in builders
        ]
        self.plan = Plan(list(made), plan.get("size", 2), plan.get("stuck_after", 3))
        opening = Opening(
            model=model(),
            judge=self.judge,
            control=self.control,
            shells=lambda _folder, _record: nullcontext(SilentShell()),
            specified=Specified([], self.journal.append),
            background=Background(self.features, spec=self.spec),
        )
        self.orchestrator = Orchestrator(
            features=self.features,
            journal=self.journal,
            workshop=self.workshop,
            opening=opening,
            plan=self.plan,
            limits=limits or Limits(),
            clock=self.clock,
        )
        return self.orchestrator.run()

    def events(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [entry.event for entry in self.journal.entries() if isinstance(entry.event, kind)]


@pytest.fixture
def bench(tmp_path: Path) -> Callable[[Mapping[str, Iterable[str]]], Bench]:
    made: list[Bench] = []

    def make(shape: Mapping[str, Iterable[str]]) -> Bench:
        made.append(Bench(tmp_path, shape))
        return made[-1]

    yield make
    for one in made:
        one.journal.close()
