"""Opening a session: all that a builder works with, made for it and ended with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.builders import Background, Proposal, Recorder, SessionContext, Shell
from harness.features.feature import Feature, FeatureList
from harness.inference.model import ApiModel
from harness.sessions.budget import Means
from harness.sessions.control import Control
from harness.sessions.judge import Judge, Verdict, failures
from harness.sessions.recorder import JournalRecorder
from harness.sessions.specified import Specified
from harness.verify.errors import BackendFailed

OpenShell = Callable[[Path, Recorder], AbstractContextManager[Shell]]
"""Opens the shell of a session in its folder."""


@dataclass(frozen=True, slots=True)
class SessionDesk:
    """The `Desk` of a session: the judge's replay, and the features of the specification."""

    folder: Path
    judge: Judge
    features: FeatureList
    specified: Specified

    def verify(self, features: Sequence[str]) -> Mapping[str, str]:
        known = [self.features[name] for name in features if name in self.features]
        names = [name for feature in known for name in feature.acceptance.all]
        reasons = self.judge.check(self.folder, list(dict.fromkeys(names)))
        results = dict.fromkeys(features, "there is no such feature")
        for feature in known:
            wrong = [reasons[name] for name in feature.acceptance.all if reasons.get(name)]
            results[feature.id] = wrong[0] if wrong else ""
        return results

    def propose(self, proposal: Proposal) -> str:
        return self.specified.propose(proposal, self.features, self._tried)

    def _tried(self, files: dict[str, str]) -> str:
        """Refuse tests that cannot be read, and those that pass where nothing is built."""
        try:
            results = self.judge.accept(self.folder, files)
        except BackendFailed:
            return ""
        for name, reason in results.items():
            if "::" not in name:
                return f"{name}: {reason}"
            if not reason and not self.features.passing:
                return f"{name} passes although nothing is built yet: it decides nothing"
        return ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What all sessions of a run have in common."""

    model: ApiModel
    judge: Judge
    control: Control
    shells: OpenShell
    specified: Specified
    background: Background

    @contextmanager
    def session(
        self,
        number: int,
        folder: Path,
        repository: Path,
        chosen: Sequence[Feature],
        features: FeatureList,
        verdict: Verdict | None,
        record: JournalRecorder,
        means: Means,
        **background: object,
    ) -> Iterator[SessionContext]:
        """Provide what a builder works with; its shell, and all it runs, ends with the session."""
        with self.shells(folder, record) as shell:
            yield SessionContext(
                number=number,
                folder=folder,
                repository=repository,
                model=self.model,
                slice=tuple(chosen),
                failures=tuple(failures(features, verdict, {item.id for item in chosen})),
                record=record,
                shell=shell,
                desk=SessionDesk(folder, self.judge, features, self.specified),
                background=replace(self.background, features=features, **background),  # type: ignore[arg-type]
                stopping=self.control.stopping,
                tokens=means.tokens,
                usd=means.usd,
                turns=means.turns,
            )
