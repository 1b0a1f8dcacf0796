"""Which rows a list is about, whatever its parameters: by elimination over what relates rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from harness.inference.lists.samples import PRIMARY_KEY, Columns, Sample
from harness.inference.model import AnyOf, ColumnValue, Compare, Const, Linked, PathValue, Predicate
from harness.inference.state.resources import Draft
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import Row

_MAX_CONSTANTS = 6
Holds = Callable[[Row, Sample], bool]
Fits = Callable[[Sample, set[int]], bool]


@dataclass(eq=False)
class Atom:
    """A predicate with its meaning. `cost` orders explanations that fit equally well."""

    predicate: Predicate
    holds: Holds
    cost: float
    of_caller: bool = False

    def rows(self, sample: Sample) -> set[int]:
        return {id(row) for row in sample.rows if self.holds(row, sample)}


@dataclass
class Scope:
    """The chosen predicates and, for each sample, the rows that satisfy them all.

    `perhaps_own`: the caller's own rows are as good an explanation, for nobody else had any.
    """

    atoms: list[Atom]
    rows: list[set[int]]
    contradicted: list[Sample]
    perhaps_own: bool = False

    @property
    def predicates(self) -> list[Predicate]:
        return [atom.predicate for atom in self.atoms]


class _Sets:
    """The rows of each sample that satisfy an atom, found when they are asked for."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples
        self._rows: dict[int, list[set[int]]] = {}

    def of(self, atom: Atom) -> list[set[int]]:
        if id(atom) not in self._rows:
            self._rows[id(atom)] = [atom.rows(sample) for sample in self._samples]
        return self._rows[id(atom)]


def learn_scope(
    columns: Columns,
    draft: Draft,
    samples: list[Sample],
    lookups: dict[str, tuple[str, Draft]],
    fits: Fits,
) -> Scope:
    """Take the cheapest conjunction of at most two atoms that the fewest samples contradict."""
    atoms = [
        *_relations(columns, draft, lookups),
        *_path_values(columns, draft, samples),
        *_constants(columns, draft, samples),
    ]
    tolerated = len(samples) // 5
    sound = [atom for atom in atoms if _unsound(atom, samples) <= tolerated]
    sets = _Sets(samples)
    everything = [{id(row) for row in sample.rows} for sample in samples]
    best: tuple[int, float] | None = None
    scope = Scope([], everything, [])
    unscoped = 0
    for size in range(3):
        for chosen in combinations(sound, size):
            cost = sum(atom.cost for atom in chosen)
            if best is not None and best <= (0, cost):
                continue
            rows = everything
            for atom in chosen:
                rows = [left & right for left, right in zip(rows, sets.of(atom), strict=True)]
            wrong = [s for s, ids in zip(samples, rows, strict=True) if not fits(s, ids)]
            rank = (len(wrong), cost)
            if size == 0:
                unscoped = len(wrong)
            if best is None or (rank < best and _worth(chosen, len(wrong), unscoped)):
                best, scope = rank, Scope(list(chosen), rows, wrong)
    scope.perhaps_own = not scope.contradicted and _perhaps_own(scope, sound, sets, samples)
    return scope


def _perhaps_own(scope: Scope, sound: list[Atom], sets: _Sets, samples: list[Sample]) -> bool:
    if any(atom.of_caller for atom in scope.atoms) or not any(s.shown for s in samples):
        return False
    return any(
        atom.of_caller
        and not _unsound(atom, samples)
        and all(ids <= own for ids, own in zip(scope.rows, sets.of(atom), strict=True))
        for atom in sound
    )


def _unsound(atom: Atom, samples: list[Sample]) -> int:
    """How many answers show a row that the predicate excludes."""
    return sum(not all(atom.holds(row, s) for row in s.shown) for s in samples)


def _worth(chosen: tuple[Atom, ...], wrong: int, unscoped: int) -> bool:
    """Whether predicates explain enough not to be a coincidence; a parent in the path does."""
    return wrong * 2 <= unscoped or all(atom.cost < 0 for atom in chosen)


def _relations(
    columns: Columns, draft: Draft, lookups: dict[str, tuple[str, Draft]]
) -> Iterator[Atom]:
    """What ties a row to the rows of the path and to the caller."""
    for place, (name, target) in enumerate(lookups.values()):
        for path in columns.paths_to(draft, target):
            nearest = place == len(lookups) - 1 and len(path) == 1
            yield _parent(columns, name, path, -1.0 if nearest else 0.5 * len(path))
    user = columns.world.user
    if user is None:
        return
    flags = columns.typed(user, bool)
    for atom in _caller_relations(columns, draft, user):
        yield atom
        yield from (_unless_flag(columns, atom, flag) for flag in flags)
        yield from (_or_flagged(columns, atom, flag) for flag in columns.typed(draft, bool))


def _parent(columns: Columns, name: str, path: list[str], cost: float) -> Atom:
    def holds(row: Row, sample: Sample) -> bool:
        parent = sample.lookups.get(name)
        return parent is not None and columns.follow(row, path, sample.index) is parent

    return Atom(_same_row(path, name), holds, cost)


def _caller_relations(columns: Columns, draft: Draft, user: Draft) -> Iterator[Atom]:
    for path in columns.paths_to(draft, user):
        yield _owned(columns, path)
    if draft is user:
        yield _someone_else()
    for link in columns.world.links:
        own: list[list[str]] = [[]] if link.target is draft else []
        for path in own or columns.paths_to(draft, link.target):
            yield _linked(columns, link, path)


def _linked(columns: Columns, link: LinkDraft, path: list[str]) -> Atom:
    def holds(row: Row, sample: Sample) -> bool:
        caller = sample.caller
        target = columns.follow(row, path, sample.index)
        if caller is None or target is None:
            return False
        return columns.linked(link, caller, target, sample.index)

    return Atom(Linked(link=link.name, row="row", path=path), holds, 2.0 + len(path))


def _owned(columns: Columns, path: list[str]) -> Atom:
    def holds(row: Row, sample: Sample) -> bool:
        caller = sample.caller
        return caller is not None and columns.follow(row, path, sample.index) is caller

    return Atom(_same_row(path, "me"), holds, float(len(path)), of_caller=True)


def _someone_else() -> Atom:
    predicate = Compare(
        left=ColumnValue(row="row", path=[PRIMARY_KEY]),
        op="ne",
        right=ColumnValue(row="me", path=[PRIMARY_KEY]),
    )
    return Atom(predicate, lambda row, sample: row is not sample.caller, 2)


def _unless_flag(columns: Columns, atom: Atom, flag: str) -> Atom:
    """The atom, or the caller has a flag: an administrator sees everything."""

    def holds(row: Row, sample: Sample) -> bool:
        caller = sample.caller
        allowed = caller is not None and columns.value(caller, [flag], sample.index) is True
        return allowed or atom.holds(row, sample)

    return Atom(AnyOf(of=[atom.predicate, _is_true("me", flag)]), holds, atom.cost + 2)


def _or_flagged(columns: Columns, atom: Atom, flag: str) -> Atom:
    """The atom, or the row has a flag: what is public, and what is mine."""

    def holds(row: Row, sample: Sample) -> bool:
        return columns.value(row, [flag], sample.index) is True or atom.holds(row, sample)

    return Atom(AnyOf(of=[atom.predicate, _is_true("row", flag)]), holds, atom.cost + 3)


def _path_values(columns: Columns, draft: Draft, samples: list[Sample]) -> Iterator[Atom]:
    """Columns that hold the value of a path parameter, whether or not it addresses a row."""
    for param in samples[0].observation.params:
        for column in columns.typed(draft, str, int):
            known = {str(value) for value in columns.values(draft, column)}
            if known & {sample.observation.params.get(param, "") for sample in samples}:
                yield _path_value(columns, param, column)


def _path_value(columns: Columns, param: str, column: str) -> Atom:
    def holds(row: Row, sample: Sample) -> bool:
        value = columns.value(row, [column], sample.index)
        return value is not None and str(value) == sample.observation.params.get(param)

    left = ColumnValue(row="row", path=[column])
    return Atom(Compare(left=left, right=PathValue(name=param)), holds, 0.8)


def _constants(columns: Columns, draft: Draft, samples: list[Sample]) -> Iterator[Atom]:
    """Columns that have one value in every row shown although other rows have others."""
    found = 0
    for column in columns.typed(draft, bool, str):
        shown = {
            _hashable(columns.value(row, [column], s.index)) for s in samples for row in s.shown
        }
        if len(shown) != 1 or found == _MAX_CONSTANTS:
            continue
        value = next(iter(shown))
        flag = isinstance(value, bool)
        kept = {_hashable(each) for each in columns.values(draft, column)}
        if value is None or len(kept) < 2 or (not flag and len(kept) > 6):  # noqa: PLR2004
            continue
        found += 1
        yield _constant(columns, column, value, 2.5 if flag else 3.5)


def _constant(columns: Columns, column: str, value: Any, cost: float) -> Atom:
    def holds(row: Row, sample: Sample) -> bool:
        return bool(columns.value(row, [column], sample.index) == value)

    left = ColumnValue(row="row", path=[column])
    return Atom(Compare(left=left, right=Const(value=value)), holds, cost)


def _same_row(path: list[str], other: str) -> Compare:
    return Compare(
        left=ColumnValue(row="row", path=path), right=ColumnValue(row=other, path=[PRIMARY_KEY])
    )


def _is_true(row: str, column: str) -> Compare:
    return Compare(left=ColumnValue(row=row, path=[column]), right=Const(value=True))


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | bool | int | float) else None
