"""How one JSON value is made of another, learned by elimination.

Every place in the source is a candidate for the whole target, and for each of its members; samples
strike out the places that hold something else. Of those left, the one nearest to the root is taken.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.traffic.framings.rest import NOTHING

Step = str | int
Same = Callable[[Any, Any], bool]
_DEEPEST, _MOST_ITEMS, _MOST_PLACES = 5, 8, 500
_SMALL = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """The value at a place in the source; `without` names members of it that are left out."""

    path: tuple[Step, ...]
    without: tuple[str, ...] = ()
    kind: Literal["taken"] = "taken"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same value."""

    value: Any = None
    kind: Literal["fixed"] = "fixed"


@dataclass(frozen=True, slots=True)
class Members:
    """An object: the members of another one, and these. Those that find nothing are left out."""

    members: "dict[str, Recipe]" = field(default_factory=dict)
    base: Taken | None = None
    kind: Literal["members"] = "members"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of so many items."""

    items: "tuple[Recipe, ...]" = ()
    kind: Literal["items"] = "items"


Recipe = Taken | Fixed | Members | Items


@dataclass(frozen=True, slots=True)
class Sample:
    """A source, an object of JSON values, and what was made of it: NOTHING where nothing was."""

    source: dict[str, Any]
    target: Any


def learn(
    samples: Sequence[Sample], *, same: Same = operator.eq, eager: bool = False
) -> Recipe | None:
    """Return the simplest recipe that holds of all samples; None where none does.

    `same` compares what a place holds with a target. What never changes and says little (true, 0,
    a blank text) is a constant, unless `eager` takes it from a place that holds it too.
    """
    return _Learning(same, eager).of(samples)


def make(recipe: Recipe, source: Any) -> Any:
    """Return what a recipe makes of a source; NOTHING where the source has no such place."""
    match recipe:
        case Taken(path, without):
            value = find(source, path)
            if without and isinstance(value, dict):
                return {name: each for name, each in value.items() if name not in without}
            return value
        case Fixed(value):
            return value
        case Members(members, base):
            made = {name: make(each, source) for name, each in members.items()}
            more = NOTHING if base is None else make(base, source)
            whole = {**more, **made} if isinstance(more, dict) else made
            return {name: value for name, value in whole.items() if value is not NOTHING}
        case Items(items):
            return [make(each, source) for each in items]


def find(source: Any, path: Sequence[Step]) -> Any:
    """Return the value at a place; NOTHING where there is none."""
    for step in path:
        holder: Any = source if isinstance(source, dict if isinstance(step, str) else list) else ()
        try:
            source = holder[step]
        except (LookupError, TypeError):
            return NOTHING
    return source


class _Learning:
    def __init__(self, same: Same, eager: bool) -> None:
        self._same = same
        self._eager = eager

    def of(self, samples: Sequence[Sample]) -> Recipe | None:
        targets = [sample.target for sample in samples]
        if not targets or all(target is NOTHING for target in targets):
            return None
        alike = all(target == targets[0] for target in targets)
        if alike and not self._eager and _says_little(targets[0]):
            return Fixed(targets[0])
        found = list(places(samples))
        return (
            self._taken(samples, found)
            or self._without(samples, found)
            or self._extended(samples, found)
            or self._put_together(samples)
            or (Fixed(targets[0]) if alike else None)
        )

    def _taken(self, samples: Sequence[Sample], found: list[tuple[Step, ...]]) -> Taken | None:
        for path in found:
            if all(self._holds(find(each.source, path), each.target) for each in samples):
                return Taken(path)
        return None

    def _holds(self, value: Any, target: Any) -> bool:
        if value is NOTHING or target is NOTHING:
            return value is target
        return self._same(value, target)

    def _without(self, samples: Sequence[Sample], found: list[tuple[Step, ...]]) -> Taken | None:
        """A place that holds more than the target by members that are always left out."""
        if not all(isinstance(each.target, dict) and each.target for each in samples):
            return None
        for path in found:
            values = [find(each.source, path) for each in samples]
            if not all(isinstance(value, dict) for value in values):
                continue
            more = {
                name
                for value, each in zip(values, samples, strict=True)
                for name in value.keys() - each.target.keys()
            }
            recipe = Taken(path, tuple(sorted(more)))
            if more and all(self._same(make(recipe, s.source), s.target) for s in samples):
                return recipe
        return None

    def _extended(self, samples: Sequence[Sample], found: list[tuple[Step, ...]]) -> Members | None:
        """A place whose members the target holds, and others besides."""
        if not all(isinstance(each.target, dict) and each.target for each in samples):
            return None
        for path in found:
            values = [find(each.source, path) for each in samples]
            if all(
                isinstance(value, dict)
                and value
                and all(each.target.get(name, NOTHING) == held for name, held in value.items())
                for value, each in zip(values, samples, strict=True)
            ):
                rest = self._members(
                    [
                        Sample(s.source, {n: v for n, v in s.target.items() if n not in value})
                        for value, s in zip(values, samples, strict=True)
                    ]
                )
                if rest is not None:
                    return Members(rest.members, Taken(path))
        return None

    def _members(self, samples: Sequence[Sample]) -> Members | None:
        made = {n: self._member(samples, n) for n in _names([each.target for each in samples])}
        members = {name: each for name, each in made.items() if each is not None}
        return Members(members) if len(members) == len(made) else None

    def _put_together(self, samples: Sequence[Sample]) -> Recipe | None:
        targets = [each.target for each in samples]
        if all(isinstance(target, dict) and target for target in targets):
            return self._members(samples)
        if all(isinstance(target, list) and target for target in targets):
            parts = [self._member(samples, index) for index in range(len(targets[0]))]
            items = [each for each in parts if each is not None]
            whole = len(items) == len(parts) and all(len(t) == len(items) for t in targets)
            return Items(tuple(items)) if whole else None
        return None

    def _member(self, samples: Sequence[Sample], name: Step) -> Recipe | None:
        return self.of([Sample(each.source, find(each.target, [name])) for each in samples])


def _names(targets: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for target in targets for name in target))


def _says_little(value: Any) -> bool:
    if isinstance(value, str | dict | list):
        return not value
    return value is None or isinstance(value, bool) or abs(value) < _SMALL


def places(samples: Sequence[Sample]) -> Iterator[tuple[Step, ...]]:
    """Yield the places of all sources, those near to the root first."""
    seen: dict[tuple[Step, ...], None] = {}
    for sample in samples:
        for path, _ in places_in(sample.source):
            seen.setdefault(path)
            if len(seen) >= _MOST_PLACES:
                break
    yield from sorted(seen, key=len)


def places_in(source: Any) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Yield the places of a source with what they hold, those near to the root first.

    Lists have places for their items where they are the source itself, or a member of it.
    """
    level: list[tuple[tuple[Step, ...], Any]] = [((), source)]
    while level and len(level[0][0]) <= _DEEPEST:
        below: list[tuple[tuple[Step, ...], Any]] = []
        for path, value in level:
            if path:
                yield path, value
            if isinstance(value, dict):
                below += [((*path, str(name)), each) for name, each in value.items()]
            elif isinstance(value, list) and len(path) <= 1:
                below += [((*path, n), each) for n, each in enumerate(value[:_MOST_ITEMS])]
        level = below
