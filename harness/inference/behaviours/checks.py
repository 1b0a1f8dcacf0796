"""Why requests are refused: the conditions that explain each failure, in their order.

For every operation all conditions of the grammar are laid out. One that is met by an accepted
request is struck out. Of the rest, those are taken that explain most refusals; where a refusal
meets several, its answer says which of them is tried first.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from harness.inference import naming
from harness.inference.behaviours.conditions import candidates_of
from harness.inference.behaviours.error_answers import error_template, named
from harness.inference.behaviours.scene import Candidate, LookupDraft, Scene
from harness.inference.model import (
    AnyOf,
    Check,
    ColumnValue,
    Compare,
    Condition,
    Finding,
    Holds,
    InvalidBody,
    Missing,
    Not,
    PathValue,
    Predicate,
    RuledOutCheck,
)
from harness.inference.observe import Observation
from harness.inference.state.tokens import token_values

Classes = dict[str, list[Observation]]
"""Refusals by their answers."""
Truth = dict[int, list[Candidate]]
"""The candidates that each refusal meets."""

_TELLING = {
    "unauthenticated",
    "bad token",
    "not permitted",
    "already linked",
    "not linked",
    "taken",
}


@dataclass
class Learned:
    """Checks in their order, findings for refusals that nothing explains, and what was struck."""

    checks: list[Check]
    findings: list[Finding]
    ruled_out: list[RuledOutCheck]


def learn_checks(accepted: list[Observation], refused: list[Observation], scene: Scene) -> Learned:
    candidates = candidates_of(scene, [*accepted, *refused])
    met = {
        each: next((other for other in accepted if each.test(other)), None) for each in candidates
    }
    candidates = [each for each in candidates if met[each] is None]
    truth = {
        id(observation): [each for each in candidates if each.test(observation)]
        for observation in refused
    }
    classes: dict[str, list[Observation]] = defaultdict(list)
    for observation in refused:
        classes[_answer_class(observation)].append(observation)
    chosen, explained = _choose(classes, truth, scene)
    ordered = _order(chosen, explained, truth)
    checks = [_check(each, chosen[each], explained, scene) for each in ordered]
    _null_safe(checks, scene)
    return Learned(checks, _unexplained(refused, explained), _ruled_out(met))


def _ruled_out(met: dict[Candidate, Observation | None]) -> list[RuledOutCheck]:
    """Plain conditions under which a request was accepted all the same."""
    return [
        RuledOutCheck(when=each.condition, evidence=[accepted.id])
        for each, accepted in met.items()
        if accepted is not None and each.label in _TELLING and not _combined(each.condition)
    ]


def _combined(condition: Condition) -> bool:
    return isinstance(condition, Holds) and "any" in condition.predicate.model_dump_json()


def _answer_class(observation: Observation) -> str:
    text = json.dumps(observation.answer, sort_keys=True, default=str)
    for name, value in observation.params.items():
        text = named(text, value, name)
    text = text.replace(observation.path, "{path}")
    for token in token_values(observation.answer):
        text = text.replace(token, "{token}")
    return f"{observation.status} {text}"


def _choose(
    classes: Classes, truth: Truth, scene: Scene
) -> tuple[dict[Candidate, str], dict[int, Candidate]]:
    """Candidates with the class of answers that each gives; and what explains which refusal."""
    chosen: dict[Candidate, str] = {}
    explained: dict[int, Candidate] = {}
    _by_rules(classes, truth, scene, chosen, explained)
    labels = {id(each): label for label, group in classes.items() for each in group}
    while True:
        best: tuple[float, float, Candidate, str] | None = None
        for label, group in classes.items():
            for candidate, count in _open(group, truth, chosen, explained).items():
                wrong = sum(
                    candidate in candidates
                    and labels[other] != label
                    and not (other in explained and explained[other].rank <= candidate.rank)
                    for other, candidates in truth.items()
                )
                score = count - 0.9 * wrong
                if best is None or (score, -candidate.rank) > best[:2]:
                    best = (score, -candidate.rank, candidate, label)
        if best is None:
            return chosen, explained
        _, _, candidate, label = best
        chosen[candidate] = label
        for each in classes[label]:
            if id(each) not in explained and candidate in truth[id(each)]:
                explained[id(each)] = candidate


def _open(
    group: list[Observation],
    truth: Truth,
    chosen: dict[Candidate, str],
    explained: dict[int, Candidate],
) -> dict[Candidate, int]:
    """How many refusals of a class that nothing explains yet each candidate would explain."""
    return Counter(
        candidate
        for each in group
        if id(each) not in explained
        for candidate in truth[id(each)]
        if candidate not in chosen and not isinstance(candidate.condition, InvalidBody)
    )


def _by_rules(
    classes: Classes,
    truth: Truth,
    scene: Scene,
    chosen: dict[Candidate, str],
    explained: dict[int, Candidate],
) -> None:
    """Refusals that the rules of the body reproduce word for word."""
    if scene.request is None:
        return
    for group in classes.values():
        for each in group:
            candidate = next(
                (c for c in truth[id(each)] if isinstance(c.condition, InvalidBody)), None
            )
            if candidate is not None and each.index in scene.request.explained:
                explained[id(each)] = candidate
                chosen[candidate] = ""


def _order(
    chosen: dict[Candidate, str],
    explained: dict[int, Candidate],
    truth: Truth,
) -> list[Candidate]:
    """Sort by the usual order, corrected by refusals that meet several conditions."""
    before: dict[Candidate, set[Candidate]] = defaultdict(set)
    for observation, first in explained.items():
        for other in truth[observation]:
            if (
                other in chosen
                and other is not first
                and (chosen[other] != chosen[first] or isinstance(first.condition, InvalidBody))
            ):
                before[other].add(first)
    rest = sorted(chosen, key=lambda each: (each.rank, each.label))
    ordered: list[Candidate] = []
    while rest:
        ready = next((each for each in rest if not (before[each] & set(rest))), rest[0])
        rest.remove(ready)
        ordered.append(ready)
    return ordered


def _check(
    candidate: Candidate, label: str, explained: dict[int, Candidate], scene: Scene
) -> Check:
    del label
    evidence = [each for each in scene.world.observations if explained.get(id(each)) is candidate]
    response = None
    if not isinstance(candidate.condition, InvalidBody):
        users = [each.name for each in scene.lookups if each.draft is scene.world.user]
        response = error_template(evidence, token_of=users[-1] if users else None)
    ids = [each.id for each in evidence]
    return Check(when=candidate.condition, response=response, evidence=ids[:20])


def _null_safe(checks: list[Check], scene: Scene) -> None:
    """A comparison made before the row is known to exist compares the path instead."""
    found: set[str] = set()
    by_name = {lookup.name: lookup for lookup in scene.lookups}
    for check in checks:
        if isinstance(check.when, Missing):
            found.add(check.when.lookup)
        elif isinstance(check.when, Holds):
            _rewrite(check.when.predicate, found, by_name, scene)


def _rewrite(
    predicate: Predicate, found: set[str], lookups: dict[str, LookupDraft], scene: Scene
) -> None:
    if isinstance(predicate, Not):
        _rewrite(predicate.of, found, lookups, scene)
    elif isinstance(predicate, AnyOf):
        for each in predicate.of:
            _rewrite(each, found, lookups, scene)
    elif isinstance(predicate, Compare) and isinstance(predicate.left, ColumnValue):
        lookup = lookups.get(predicate.left.row)
        if lookup is None or lookup.name in found or len(predicate.left.path) != 1:
            return
        key = naming.snake(lookup.draft.key)
        if lookup.draft is scene.world.user and lookup.param:
            predicate.left = PathValue(name=lookup.param)
            predicate.right = ColumnValue(row="me", path=[key])


def _unexplained(refused: list[Observation], explained: dict[int, Candidate]) -> list[Finding]:
    left: dict[str, list[Observation]] = defaultdict(list)
    for each in refused:
        if id(each) not in explained:
            left[f"{each.status} {json.dumps(each.answer, default=str)[:160]}"].append(each)
    return [
        Finding(
            level="warning",
            where=f"{group[0].method} {group[0].template}",
            detail=f"nothing explains the refusal {label}",
            evidence=[each.id for each in group][:10],
        )
        for label, group in left.items()
    ]
