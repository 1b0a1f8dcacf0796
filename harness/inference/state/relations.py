"""Fields that show relations: whether the caller is linked, how many are, how many children.

What was there before a recording began is known in part only: rows of the initial state may have
links and children that no answer shows. Of these rows, only the changes are judged.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.inference.model import ChildCount, Expr, LinkCount, Linked
from harness.inference.observe import JsonObject, Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import Row
from harness.inference.state.world import World


@dataclass
class Sample:
    """One object of an answer, the row that it shows, and who asked."""

    observation: Observation
    value: JsonObject
    row: Row
    caller: Row | None


@dataclass
class Verdict:
    """What samples say of an explanation: the first against it, and whether any tells at all."""

    against: Sample | None = None
    telling: bool = False


@dataclass
class Relation:
    """An explanation of a field of a type. `predict` gives None where the initial state decides.

    `slack` says by how much a count may be less than predicted: users who were counted from the
    start, and switched the link in the recording.
    """

    expr: Expr
    type: type[int]
    predict: Callable[[Sample], int | None]
    slack: Callable[[Sample], int]

    def judge(self, samples: list[Sample], key: str) -> Verdict:
        verdict = Verdict()
        starts: dict[int, tuple[int, int]] = {}
        for sample in samples:
            actual, predicted = sample.value[key], self.predict(sample)
            if predicted is None:
                continue
            telling = bool(predicted)
            if sample.row.born < 0 and self.type is int:
                first, shown = starts.setdefault(id(sample.row), (predicted, actual))
                telling = predicted != first
                predicted += max(shown - first, 0)
            if actual != predicted and not predicted - self.slack(sample) <= actual <= predicted:
                return Verdict(against=sample)
            verdict.telling = verdict.telling or telling
        return verdict


class Relations:
    """The relations that fields of an entity could show."""

    def __init__(self, world: World, keys: ForeignKeys) -> None:
        self.world = world
        self.keys = keys

    def of(self, draft: Draft) -> list[Relation]:
        found: list[Relation] = []
        for link in self.world.links:
            if link.target is draft:
                found += [self._linked(link), self._link_count(link)]
        for child in self.world.drafts:
            for column, parent in self.keys.of(child).items():
                if parent is draft:
                    found.append(self._child_count(child, column))
        return found

    def _linked(self, link: LinkDraft) -> Relation:
        def predict(sample: Sample) -> bool | None:
            caller, row, index = sample.caller, sample.row, sample.observation.index
            if caller is None:
                return None if sample.observation.credential else False
            if caller.born < 0 and row.born < 0 and caller not in self._switchers(link, sample):
                return None
            return self.world.linked(link, caller, row, index)

        return Relation(Linked(link=link.name, row="row"), bool, predict, lambda _: 0)

    def _link_count(self, link: LinkDraft) -> Relation:
        def predict(sample: Sample) -> int:
            return len(self.world.linked_sources(link, sample.row, sample.observation.index))

        def slack(sample: Sample) -> int:
            if sample.row.born >= 0:
                return 0
            return sum(user.born < 0 for user in self._switchers(link, sample))

        return Relation(LinkCount(link=link.name, row="row"), int, predict, slack)

    def _switchers(self, link: LinkDraft, sample: Sample) -> set[Row]:
        """Users who switched the link to the sample's row by then."""
        return {
            user
            for when, user, row, _ in self.world.switches[link.name, sample.row.recording]
            if when <= sample.observation.index and row is sample.row
        }

    def _child_count(self, child: Draft, column: str) -> Relation:
        def predict(sample: Sample) -> int:
            index, recording = sample.observation.index, sample.observation.recording
            return sum(
                row.recording == recording
                and row.exists_after(index)
                and self.keys.parent(row, column, index) is sample.row
                for row in self.keys.children(child, column, sample.row)
            )

        expr = ChildCount(entity=child.name, column=column, row="row")
        return Relation(expr, int, predict, lambda _: 0)
