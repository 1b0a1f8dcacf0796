"""Conditions on the caller and on the rows in play: owners, flags, links."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.scene import Candidate, LookupDraft, Scene, Test
from harness.inference.model import (
    AnyOf,
    ColumnValue,
    Compare,
    Const,
    Holds,
    Linked,
    Not,
    Predicate,
)
from harness.inference.observe import Observation
from harness.inference.state.resources import Draft
from harness.inference.state.rows import UNKNOWN


@dataclass(frozen=True)
class _Atom:
    predicate: Predicate
    holds: Callable[[Observation], bool] = field(compare=False)


def permissions(scene: Scene, observations: list[Observation]) -> Iterable[Candidate]:
    owning, flags = _atoms(scene, observations)

    def somebody(each: Observation) -> bool:
        caller = scene.world.caller(each)
        return caller is not None and caller.alive(each.index)

    for atom in flags:
        yield Candidate(3, Holds(predicate=atom.predicate),
                         lambda each, atom=atom: somebody(each) and atom.holds(each), "flag")  # type: ignore[misc]  # fmt: skip
    for atom in _subject_flags(scene):
        yield Candidate(12.5, Holds(predicate=atom.predicate), atom.holds, "state")
    for atom in owning:
        yield Candidate(9.5, Holds(predicate=atom.predicate),
                         lambda each, atom=atom: somebody(each) and atom.holds(each), "own")  # type: ignore[misc]  # fmt: skip
    positive = [atom for atom in flags if atom.predicate.right == Const(value=True)]  # type: ignore[union-attr]
    atoms = [*owning, *positive]
    for size in (1, 2, 3):
        for group in combinations(atoms, size):
            if size > 1 and not any(atom in owning for atom in group):
                continue
            either: Predicate = (
                group[0].predicate if size == 1 else AnyOf(of=[atom.predicate for atom in group])
            )
            yield Candidate(
                9 + size / 100,
                Holds(predicate=Not(of=either)),
                lambda each, group=group: somebody(each)  # type: ignore[misc]
                and not any(atom.holds(each) for atom in group),
                "not permitted",
            )


def _atoms(scene: Scene, observations: list[Observation]) -> tuple[list[_Atom], list[_Atom]]:
    """Facts about the caller: ownership of the rows in play, and flags of their own."""
    owning: list[_Atom] = []
    if scene.world.user is None:
        return [], []
    for lookup in scene.lookups:
        paths = user_paths(scene, lookup.draft)
        if lookup.draft is scene.world.user:
            paths.append([])
        owning.extend(_owner(scene, scene.world.user, lookup, path) for path in paths)
    return owning, _flags(scene, scene.world.user, observations)


def user_paths(scene: Scene, draft: Draft) -> list[list[str]]:
    """Foreign key paths from a draft to the user, the shortest first."""
    keys, user = scene.keys, scene.world.user
    direct = [[column] for column, parent in keys.of(draft).items() if parent is user]
    indirect = [
        [column, further]
        for column, parent in keys.of(draft).items()
        if parent is not user
        for further, target in keys.of(parent).items()
        if target is user
    ]
    return direct + indirect


def _owner(scene: Scene, user: Draft, lookup: LookupDraft, path: list[str]) -> _Atom:
    pk = scene.primary[id(user)]
    predicate = Compare(
        left=ColumnValue(row=lookup.name, path=path or [pk]),
        right=ColumnValue(row="me", path=[pk]),
    )

    def holds(each: Observation) -> bool:
        row = lookup.find(each)
        for column in path:
            row = scene.keys.parent(row, column, each.index - 1) if row else None
        return row is not None and row is scene.world.caller(each)

    return _Atom(predicate, holds)


def _flags(scene: Scene, user: Draft, observations: list[Observation]) -> list[_Atom]:
    found: list[_Atom] = []
    callers = [(each, scene.world.caller(each)) for each in observations]
    for name in scene.stored[id(user)]:
        values = [caller.value(name, each.index - 1) for each, caller in callers if caller]
        known = [value for value in values if value is not None and value is not UNKNOWN]
        if not known or not all(isinstance(value, bool) for value in known):
            continue
        for wanted in (True, False):
            predicate = Compare(
                left=ColumnValue(row="me", path=[naming.snake(name)]), right=Const(value=wanted)
            )
            found.append(_Atom(predicate, _flag_test(scene, name, wanted=wanted)))
    return found


def _subject_flags(scene: Scene) -> Iterable[_Atom]:
    """States of the addressed row that are refused: an account that is not active."""
    for lookup in scene.lookups:
        for name in scene.stored[id(lookup.draft)]:
            for wanted in sorted(scene.world.flags(lookup.draft, name)):

                def holds(
                    each: Observation, find: Any = lookup.find, name: str = name,
                    *, wanted: bool = wanted,
                ) -> bool:  # fmt: skip
                    row = find(each)
                    return row is not None and row.value(name, each.index - 1) is wanted

                predicate = Compare(
                    left=ColumnValue(row=lookup.name, path=[naming.snake(name)]),
                    right=Const(value=wanted),
                )
                yield _Atom(predicate, holds)


def _flag_test(scene: Scene, name: str, *, wanted: bool) -> Test:
    def holds(each: Observation) -> bool:
        caller = scene.world.caller(each)
        return caller is not None and caller.value(name, each.index - 1) is wanted

    return holds


def links(scene: Scene) -> Iterable[Candidate]:
    link, world = scene.link, scene.world
    lookup = next((each for each in scene.lookups if each.name == scene.subject), None)
    if link is None or lookup is None:
        return

    def linked(each: Observation) -> bool:
        caller, row = world.caller(each), lookup.find(each)
        return (
            caller is not None
            and row is not None
            and (world.linked(link, caller, row, each.index - 1))
        )

    def unlinked(each: Observation) -> bool:
        return world.caller(each) is not None and lookup.find(each) is not None and not linked(each)

    on = Linked(link=link.name, row=lookup.name)
    yield Candidate(10, Holds(predicate=on), linked, "already linked")
    yield Candidate(10, Holds(predicate=Not(of=on)), unlinked, "not linked")
