"""What a list is judged by: its answers, and the rows that existed when each was given."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.inference import naming
from harness.inference.observe import Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft, Location, Shape, identity
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import UNKNOWN, Row
from harness.inference.state.world import World

PRIMARY_KEY = "id"
"""Stands for the primary key in column paths, whatever it is called."""

_MOST_ROWS = 10_000
_FEWEST = 3
_WRITES = {"POST", "PUT", "PATCH"}
_TOTAL_NAME = re.compile(r"total|count|hits|matches", re.IGNORECASE)
_TOTAL_HEADER = re.compile(r"total(?!.*page)|count", re.IGNORECASE)


@dataclass(eq=False)
class Sample:
    """One answer of a list: `shown` in order, `rows` everything that existed before it.

    `total` is the number of rows on all pages where the answer says it; `scalars` are the plain
    values around the list by their location.
    """

    observation: Observation
    caller: Row | None
    lookups: dict[str, Row]
    shown: list[Row]
    rows: list[Row]
    params: dict[str, list[str]]
    scalars: dict[Location, Any]
    total: int | None = None
    shown_ids: set[int] = field(default_factory=set)

    @property
    def index(self) -> int:
        return self.observation.index

    def number(self, param: str | None) -> int | None:
        """The value of a parameter as a number; None when it was not sent or is no number."""
        values = self.params.get(param or "", [])
        return int(values[-1]) if values and re.fullmatch(r"-?\d{1,9}", values[-1]) else None


class Columns:
    """Column values and foreign keys of rows, by the names that the model uses."""

    def __init__(self, world: World, keys: ForeignKeys) -> None:
        self.world = world
        self.keys = keys
        self._fields: dict[int, dict[str, str]] = {}
        self._values: dict[tuple[int, str], list[Any]] = {}
        self._gone: dict[int, int | None] = {}
        self._pairs: dict[tuple[str, str, int], set[tuple[int, int]]] = {}
        self._writes: dict[int, list[int]] = defaultdict(list)
        for observation in world.observations:
            if observation.ok and observation.method in _WRITES:
                for row in self._written(observation):
                    self._writes[id(row)].append(observation.index)

    def fields(self, draft: Draft) -> dict[str, str]:
        """Column -> JSON field of what a draft stores itself, embedded rows left out."""
        known = self._fields.get(id(draft))
        if known is None:
            rows = self.world.rows[id(draft)]
            known = self._fields[id(draft)] = {
                naming.snake(name): name
                for name in draft.fields
                if not any(
                    isinstance(value, Row)
                    for row in rows
                    for value in row.facts.get(name, ((), ()))[1]
                )
            }
        return known

    def values(self, draft: Draft, column: str) -> list[Any]:
        """Every value that a column was seen with."""
        place = (id(draft), column)
        if place not in self._values:
            name = self.fields(draft).get(column, "")
            rows = self.world.rows[id(draft)] if name else []
            self._values[place] = [v for row in rows for v in row.facts.get(name, ((), ()))[1]]
        return self._values[place]

    def typed(self, draft: Draft, *kinds: type) -> list[str]:
        """The columns whose values, nulls apart, are all of some types."""
        found = []
        for column in self.fields(draft):
            values = [value for value in self.values(draft, column) if value is not None]
            if values and all(type(value) in kinds for value in values):
                found.append(column)
        return found

    def value(self, row: Row, path: list[str], index: int) -> Any:
        """The value at the end of a path; None where it is null or unknown."""
        target = row if len(path) == 1 else self.follow(row, path[:-1], index)
        if target is None:
            return None
        draft, column = target.draft, path[-1]
        name = (self._fields.get(id(draft)) or self.fields(draft)).get(column)
        if name is None:
            if column != PRIMARY_KEY:
                return None
            name = draft.key
        value = target.value(name, index)
        return None if value is UNKNOWN else value

    def follow(self, row: Row, path: list[str], index: int) -> Row | None:
        """The row to which foreign keys lead."""
        here: Row | None = row
        for column in path:
            if here is None or column not in self.keys.of(here.draft):
                return None
            here = self.keys.parent(here, column, index)
        return here

    def paths_to(self, draft: Draft, target: Draft, depth: int = 2) -> Iterator[list[str]]:
        """Foreign key paths from one draft to another, the short ones first."""
        level: list[tuple[list[str], Draft]] = [([], draft)]
        for _ in range(depth):
            level = [
                ([*path, column], parent)
                for path, here in level
                for column, parent in self.keys.of(here).items()
            ]
            yield from (path for path, here in level if here is target)

    def exists(self, row: Row, index: int) -> bool:
        """Whether a row is there before an observation, and went with no deleted parent."""
        if id(row) not in self._gone:
            self._gone[id(row)] = self._gone_with_parent(row)
        gone = self._gone[id(row)]
        return row.alive(index) and (gone is None or gone >= index)

    def _gone_with_parent(self, row: Row) -> int | None:
        """When a parent was deleted after which the row was not seen again."""
        last = max((fact[0][-1] for fact in row.facts.values()), default=-1)
        parents = [self.follow(row, [column], last) for column in self.keys.of(row.draft)]
        deaths = [each.died for each in parents if each is not None and each.died is not None]
        return min((died for died in deaths if died > last), default=None)

    def linked(self, link: LinkDraft, source: Row, target: Row, index: int) -> bool:
        """Whether a link is on; as World.linked, remembered for every observation."""
        place = (link.name, source.recording, index)
        if place not in self._pairs:
            pairs: set[tuple[int, int]] = set()
            for when, user, row, on in self.world.switches[link.name, source.recording]:
                if when > index:
                    break
                (pairs.add if on else pairs.discard)((id(user), id(row)))
            self._pairs[place] = pairs
        return (id(source), id(target)) in self._pairs[place]

    def touched(self, row: Row, index: int) -> int:
        """When a row was last written; -1 for the initial state."""
        return max((when for when in self._writes[id(row)] if when <= index), default=row.born)

    def _written(self, observation: Observation) -> list[Row]:
        if any(observation.key in {link.on, link.off} for link in self.world.links):
            return []
        created = self.world.created.get(observation.index)
        if created is not None:
            return [created]
        targets = list(self.world.targets.get(observation.index, {}).values())
        return targets[-1:]


def read_samples(
    columns: Columns,
    observations: list[Observation],
    shape: Shape,
    draft: Draft,
    lookups: dict[str, tuple[str, Draft]],
) -> list[Sample]:
    """The answers of a list, each with the rows that could have been in it."""
    world = columns.world
    recordings: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows[id(draft)]:
        recordings[row.recording].append(row)
    samples = []
    for observation in observations:
        index = observation.index
        params: dict[str, list[str]] = defaultdict(list)
        for name, value in observation.query:
            params[name].append(value)
        shown = [row for each, _, row in world.shown.get(index, ()) if each is shape]
        targets = world.targets.get(index, {})
        existing = [r for r in recordings[observation.recording] if columns.exists(r, index)]
        samples.append(
            Sample(
                observation=observation,
                caller=world.caller(observation),
                lookups={
                    name: targets[param] for param, (name, _) in lookups.items() if param in targets
                },
                shown=shown,
                rows=_distinct(existing, {id(row) for row in shown}),
                params=dict(params),
                scalars=dict(_scalars(observation.answer, ())),
                shown_ids={id(row) for row in shown},
            )
        )
    _read_totals(samples)
    return samples


def within_budget(samples: list[Sample]) -> list[Sample]:
    """As many samples as can be tried against every explanation, of each kind of request some."""
    kinds: dict[frozenset[str], list[Sample]] = defaultdict(list)
    for sample in samples:
        kinds[frozenset(sample.params)].append(sample)
    spent, kept = 0, []
    for turn in range(max(map(len, kinds.values()), default=0)):
        for of_kind in kinds.values():
            if turn < len(of_kind) and (turn < _FEWEST or spent < _MOST_ROWS):
                kept.append(of_kind[turn])
                spent += len(of_kind[turn].rows)
    return sorted(kept, key=lambda sample: sample.index)


def _distinct(rows: list[Row], shown: set[int]) -> list[Row]:
    """One row a key: of two that turned out to be the same, the one shown."""
    by_key: dict[Any, Row] = {}
    for row in rows:
        key = row.first(row.draft.key)
        mark = id(row) if key is UNKNOWN else identity(key)
        if mark not in by_key or id(row) in shown:
            by_key[mark] = row
    return list(by_key.values())


def _scalars(value: Any, location: Location) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _scalars(item, (*location, key))
    elif not isinstance(value, list) and location:
        yield location, value


def _read_totals(samples: list[Sample]) -> None:
    """Find the scalar or header that counts the rows of all pages."""
    locations = dict.fromkeys(location for sample in samples for location in sample.scalars)
    fitting = [location for location in locations if _counts_rows(samples, location)]
    fitting.sort(key=lambda location: not _TOTAL_NAME.search(location[-1]))
    for sample in samples:
        if fitting:
            sample.total = sample.scalars.get(fitting[0])
            continue
        for name, text in sample.observation.headers.items():
            if _TOTAL_HEADER.search(name) and text.isdigit() and int(text) >= len(sample.shown):
                sample.total = int(text)


def _counts_rows(samples: list[Sample], location: Location) -> bool:
    pairs = [(s.scalars[location], len(s.shown)) for s in samples if location in s.scalars]
    if not all(type(value) is int and value >= count for value, count in pairs):
        return False
    beyond = any(value > count for value, count in pairs)
    if not _TOTAL_NAME.search(location[-1]):
        return beyond and len({value for value, _ in pairs}) > 1
    cut = any(
        str(count) in values
        for (_, count), s in zip(pairs, samples, strict=False)
        if count
        for values in s.params.values()
    )
    return beyond or not cut
