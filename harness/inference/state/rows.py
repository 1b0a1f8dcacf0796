"""A row: what is known of a resource over the time of one recording."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from harness.inference.state.resources import Draft

UNKNOWN = object()


@dataclass(eq=False)
class Row:
    """A resource over the time of one recording. `born` is -1 for the initial state."""

    draft: Draft
    recording: str
    number: int
    born: int = -1
    died: int | None = None
    facts: dict[str, tuple[list[int], list[Any]]] = field(default_factory=dict)

    def learn(self, index: int, name: str, value: Any) -> None:
        indexes, values = self.facts.setdefault(name, ([], []))
        if indexes and indexes[-1] == index:
            values[-1] = value
            return
        indexes.append(index)
        values.append(value)

    def value(self, name: str, index: int) -> Any:
        """The value last seen at or before an observation, else the first one ever seen."""
        fact = self.facts.get(name)
        if fact is None:
            return UNKNOWN
        place = bisect_right(fact[0], index)
        return fact[1][place - 1 if place else 0]

    def first(self, name: str) -> Any:
        fact = self.facts.get(name)
        return UNKNOWN if fact is None else fact[1][0]

    def alive(self, index: int) -> bool:
        """Whether it exists before the observation has its effect."""
        return self.born < index and (self.died is None or self.died >= index)

    def exists_after(self, index: int) -> bool:
        return self.born <= index and (self.died is None or self.died > index)

    def __repr__(self) -> str:
        return f"<{self.draft.name} {self.first(self.draft.key)}>"
