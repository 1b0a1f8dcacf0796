"""Side-loaded lists: rows beside the resource that an answer is about.

They point to it, or it points to them. Every sample strikes out what would list other rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.inference.model import Expr, RenderChildren, RenderReferenced
from harness.inference.observe import Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import SIDELOADS, Draft, Location, Shape
from harness.inference.state.rows import Row
from harness.inference.state.world import World


def is_sideload(location: Location) -> bool:
    """Whether rows at a place lie beside what an answer is about, sorted by kind."""
    return len(location) > 1 and location[0] in SIDELOADS


@dataclass(frozen=True)
class Sideloads:
    """The side-loaded lists of one operation: by their location, the shape and its kind.

    `rows` are the rows that the subject stands for, by observation; `listed` is the kind of the
    operation's list, where it has one.
    """

    world: World
    keys: ForeignKeys
    drafts: dict[Location, tuple[Shape, Draft]]
    subject: str | None
    rows: dict[int, Row]
    listed: Draft | None

    def explain(self, observations: list[Observation], place: Location, view: str) -> Expr | None:
        """Return the expression of a list that all observations agree with."""
        shape, draft = self.drafts[place]
        shown = {each.index: self._shown(each, shape) for each in observations}
        telling = any(shown.values())
        for expr, column in self._candidates(draft, view) if telling else ():
            if all(shown[each.index] == self._predict(each, expr, column) for each in observations):
                return expr
        return None

    def _candidates(self, draft: Draft, view: str) -> Iterator[tuple[Expr, str]]:
        if self.listed is None and self.subject is not None and self.rows:
            source = next(iter(self.rows.values())).draft
            for column, parent in self.keys.of(draft).items():
                if parent is source:
                    yield (
                        RenderChildren(
                            row=self.subject, entity=draft.name, column=column, view=view
                        ),
                        column,
                    )
        source_draft = self.listed or (
            next(iter(self.rows.values())).draft if self.rows and self.subject else None
        )
        for column, parent in self.keys.of(source_draft).items() if source_draft else ():
            if parent is draft:
                name = "row" if self.listed else self.subject or "row"
                yield (
                    RenderReferenced(row=name, entity=draft.name, column=column, view=view),
                    column,
                )

    def _shown(self, observation: Observation, shape: Shape) -> list[Row]:
        shown = self.world.shown.get(observation.index, ())
        return [row for other, _, row in shown if other is shape]

    def _predict(self, observation: Observation, expr: Expr, column: str) -> list[Row]:
        index = observation.index
        if isinstance(expr, RenderReferenced):
            found = {
                id(parent): parent
                for row in self._sources(observation)
                if (parent := self.keys.parent(row, column, index)) is not None
            }
            return sorted(found.values(), key=_age)
        subject = self.rows.get(index)
        draft = next(each for each in self.world.drafts if each.name == expr.entity)  # type: ignore[union-attr]
        if subject is None:
            return []
        return sorted(
            (
                row
                for row in self.keys.children(draft, column, subject)
                if row.exists_after(index) and self.keys.parent(row, column, index) is subject
            ),
            key=_age,
        )

    def _sources(self, observation: Observation) -> list[Row]:
        if self.listed is None:
            row = self.rows.get(observation.index)
            return [row] if row else []
        return [
            row
            for shape, _, row in self.world.shown.get(observation.index, ())
            if row.draft is self.listed and not is_sideload(shape.location)
        ]


def _age(row: Row) -> tuple[int, int]:
    return row.born, row.number
