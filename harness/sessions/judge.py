"""What a session's work is worth: its own tests, a replay of everything, and what that flips."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.features.derive import ELSEWHERE
from harness.features.feature import FeatureList
from harness.sessions.events import Verified

_FIRST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    `exact` and `succeeded` are exchanges (`recording#seq`): those that match exactly, and those
    whose original answer was a success. `mismatches` says for exchanges that do not match why.
    `broken` says why the backend could not even be started.
    """

    exact: frozenset[str]
    succeeded: frozenset[str]
    mismatches: dict[str, str]
    failed_tests: tuple[str, ...]
    report: Verified
    broken: str | None = None
    held_out: frozenset[str] | None = None
    """What is exact with fresh values too, where that was tried."""


class Judge(Protocol):
    def judge(self, folder: Path, *, held_out: bool = False) -> Verdict:
        """Run the tests of the backend in a folder and replay every recording against it.

        `held_out` replays them with fresh names, titles, e-mails and ids as well.
        """
        ...

    def accept(self, folder: Path, files: Mapping[str, str]) -> Mapping[str, str]:
        """Run acceptance tests; say of each (`file.py::test`, or a whole file) why it fails."""
        ...

    def check(self, folder: Path, names: Sequence[str]) -> Mapping[str, str]:
        """Say of these exchanges and tests why they fail, "" where they do not."""
        ...


def passing(features: FeatureList, verdict: Verdict, *, settled: bool) -> frozenset[str]:
    """Return the features that pass: all that decides them is exact, and not by accident.

    Where nothing is built, an unknown row is not found either, and any method is the wrong one.
    Until things are `settled` a resource's features count once something of it succeeds, and
    what is outside every resource counts once each of them is there.
    """
    exact = frozenset(item.id for item in features if item.met_by(verdict.exact))
    if settled:
        return exact
    able = _resources(features, verdict.succeeded) - {ELSEWHERE}
    alive = _resources(features, verdict.succeeded & verdict.exact)

    def counts(resource: str) -> bool:
        if resource == ELSEWHERE:
            return able <= alive
        return resource in alive or resource not in able

    return frozenset(name for name in exact if counts(features[name].resource))


def _resources(features: FeatureList, exchanges: AbstractSet[str]) -> set[str]:
    """Return the resources whose features some of the exchanges decide."""
    return {
        item.resource for item in features if not exchanges.isdisjoint(item.acceptance.exchanges)
    }


def failures(
    features: FeatureList, verdict: Verdict | None, among: AbstractSet[str]
) -> Sequence[str]:
    """Say for features that fail what differs first, one line each."""
    if verdict is None:
        return ()
    lines = []
    for feature in features.failing:
        if feature.id not in among:
            continue
        wrong = [name for name in feature.acceptance.all if name not in verdict.exact]
        if wrong:
            reason = verdict.mismatches.get(wrong[0], f"{wrong[0]} was not played")
            lines.append(f"{feature.id}: {reason}")
    return tuple(lines)


def _gist(text: str) -> str:
    """Return the first and the last telling line of an error with a traceback in it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("The whole log")]
    return told[0] if len(told) == 1 else f"{told[0]} {told[-1]}"


def why(verdict: Verdict, lost: AbstractSet[str]) -> str:
    """Say in a line why a session's work is not fit for the main line; empty when it is."""
    if verdict.broken:
        return f"the backend does not run: {_gist(verdict.broken)}"
    if lost:
        named = ", ".join(sorted(lost)[:3])
        return f"{len(lost)} features that passed fail now: {named}"
    if verdict.failed_tests:
        named = ", ".join(verdict.failed_tests[:_FIRST_FAILURES])
        return f"{len(verdict.failed_tests)} of its own tests fail: {named}"
    return ""
