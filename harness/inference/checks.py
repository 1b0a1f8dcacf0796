"""Why requests are refused: the conditions that explain each failure, in their order.

For every operation all conditions of the grammar are laid out. One that is met by an accepted
request is struck out. Of the rest, those are taken that explain most refusals; where a refusal
meets several, its answer says which of them is tried first.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from harness.inference import naming
from harness.inference.keys import ForeignKeys
from harness.inference.model import (
    AnyOf,
    BadParam,
    BadToken,
    Check,
    ColumnValue,
    Compare,
    Condition,
    Const,
    Expr,
    Finding,
    Holds,
    InvalidBody,
    Linked,
    Missing,
    Not,
    Predicate,
    ResponseTemplate,
    RuledOutCheck,
    Taken,
    Template,
    TokenOfNobody,
    Unauthenticated,
    Unparsable,
    WrongPassword,
)
from harness.inference.model import (
    ArrayOf,
    InputValue,
    ObjectOf,
    PathValue,
    QueryValue,
    RequestLine,
)
from harness.inference.observe import UNPARSABLE, Observation
from harness.inference.resources import Draft, identity
from harness.inference.rules import RequestFacts
from harness.inference.world import PASSWORD, UNKNOWN, LinkDraft, Row, World

Test = Callable[[Observation], bool]
_TELLING = {"unauthenticated", "bad token", "not permitted", "already linked", "not linked", "taken"}
_PARAM_TYPES = {"integer": int, "number": float}


@dataclass(frozen=True)
class LookupDraft:
    """A row that the path (or the body) addresses: `find` gives it before an observation."""

    name: str
    draft: Draft
    find: Callable[[Observation], Row | None] = field(compare=False)
    param: str | None = None


@dataclass
class Scene:
    """What the conditions of one operation may be about."""

    world: World
    keys: ForeignKeys
    lookups: list[LookupDraft]
    subject: str | None
    fields: Callable[[Observation], dict[str, Any]]
    inputs: dict[str, str]
    written: Draft | None
    request: RequestFacts | None
    link: LinkDraft | None
    schemes: set[str]
    param_types: dict[str, str]
    query_types: dict[str, str]
    primary: dict[int, str]
    stored: dict[int, dict[str, None]]


@dataclass(eq=False)
class _Candidate:
    rank: float
    condition: Condition
    test: Test
    label: str


@dataclass
class Learned:
    """Checks in their order, findings for refusals that nothing explains, and what was struck."""

    checks: list[Check]
    findings: list[Finding]
    ruled_out: list[RuledOutCheck]


def learn_checks(
    accepted: list[Observation], refused: list[Observation], scene: Scene
) -> Learned:
    candidates = _candidates(scene, [*accepted, *refused])
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


def _ruled_out(met: dict[_Candidate, Observation | None]) -> list[RuledOutCheck]:
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
        if len(value) > 2:  # noqa: PLR2004
            text = text.replace(value, "{%s}" % name)
    text = text.replace(observation.path, "{path}")
    return f"{observation.status} {text}"


# ------------------------------------------------------------------ candidates


def _candidates(scene: Scene, observations: list[Observation]) -> list[_Candidate]:
    found: list[_Candidate] = []
    found += _credentials(scene)
    found += _params(scene)
    found += _bodies(scene)
    found += _lookups(scene)
    found += _permissions(scene, observations)
    found += _links(scene)
    found += _taken(scene, observations)
    found += _passwords(scene, observations)
    return found


def _credentials(scene: Scene) -> Iterable[_Candidate]:
    world = scene.world

    def missing(each: Observation) -> bool:
        return not each.credential or (each.scheme or "") not in scene.schemes

    def bad(each: Observation) -> bool:
        return not missing(each) and world.caller(each) is None

    def orphan(each: Observation) -> bool:
        caller = world.caller(each)
        return caller is not None and not caller.alive(each.index)

    yield _Candidate(0, Unauthenticated(), missing, "unauthenticated")
    yield _Candidate(1, BadToken(), bad, "bad token")
    yield _Candidate(2, TokenOfNobody(), orphan, "token of nobody")


def _params(scene: Scene) -> Iterable[_Candidate]:
    for name, kind in scene.param_types.items():
        if kind != "string":
            condition = BadParam(place="path", name=name)
            yield _Candidate(4, condition, _bad_param(name, kind, query=False), f"bad {name}")
    for name, kind in scene.query_types.items():
        if kind != "string":
            condition = BadParam(place="query", name=name)
            yield _Candidate(4.5, condition, _bad_param(name, kind, query=True), f"bad {name}")


def _bad_param(name: str, kind: str, *, query: bool) -> Test:
    def test(each: Observation) -> bool:
        value = dict(each.query).get(name) if query else each.params.get(name)
        return value is not None and not fits(value, kind)

    return test


def fits(value: str, kind: str) -> bool:
    """Whether the text of a parameter is of a type."""
    import uuid  # noqa: PLC0415

    try:
        if kind == "uuid":
            uuid.UUID(value)
        elif kind == "boolean":
            return value.lower() in {"true", "false", "1", "0", "on", "off", "yes", "no"}
        elif kind in _PARAM_TYPES:
            _PARAM_TYPES[kind](value)
    except ValueError:
        return False
    return True


def _bodies(scene: Scene) -> Iterable[_Candidate]:
    yield _Candidate(5, Unparsable(), lambda each: each.body is UNPARSABLE, "unparsable")
    request = scene.request
    if request is not None:
        yield _Candidate(
            6, InvalidBody(), lambda each: each.body is not UNPARSABLE and bool(request.broken(each)),
            "invalid body",
        )  # fmt: skip


def _lookups(scene: Scene) -> Iterable[_Candidate]:
    for rank, lookup in enumerate(scene.lookups):
        yield _Candidate(
            7 + rank / 10,
            Missing(lookup=lookup.name),
            lambda each, lookup=lookup: lookup.find(each) is None,  # type: ignore[misc]
            f"no {lookup.name}",
        )


@dataclass(frozen=True)
class _Atom:
    predicate: Predicate
    holds: Callable[[Observation], bool] = field(compare=False)


def _atoms(scene: Scene, observations: list[Observation]) -> tuple[list[_Atom], list[_Atom]]:
    """Facts about the caller: ownership of the rows in play, and flags of their own."""
    owning: list[_Atom] = []
    for lookup in scene.lookups:
        for path in user_paths(scene, lookup.draft):
            owning.append(_owner(scene, lookup, path))
        if lookup.draft is scene.world.user:
            owning.append(_owner(scene, lookup, []))
    return owning, _flags(scene, observations)


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


def _owner(scene: Scene, lookup: LookupDraft, path: list[str]) -> _Atom:
    user = scene.world.user
    assert user is not None
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


def _flags(scene: Scene, observations: list[Observation]) -> list[_Atom]:
    user = scene.world.user
    found: list[_Atom] = []
    if user is None:
        return found
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
            values = {
                value
                for row in scene.world.rows[id(lookup.draft)]
                for value in row.facts.get(name, ((), ()))[1]
                if isinstance(value, bool)
            }
            for wanted in sorted(values):

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


def _permissions(scene: Scene, observations: list[Observation]) -> Iterable[_Candidate]:
    owning, flags = _atoms(scene, observations)

    def somebody(each: Observation) -> bool:
        caller = scene.world.caller(each)
        return caller is not None and caller.alive(each.index)

    for atom in flags:
        yield _Candidate(3, Holds(predicate=atom.predicate),
                         lambda each, atom=atom: somebody(each) and atom.holds(each), "flag")  # type: ignore[misc]  # fmt: skip
    for atom in _subject_flags(scene):
        yield _Candidate(12.5, Holds(predicate=atom.predicate), atom.holds, "state")
    for atom in owning:
        yield _Candidate(9.5, Holds(predicate=atom.predicate),
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
            yield _Candidate(
                9 + size / 100,
                Holds(predicate=Not(of=either)),
                lambda each, group=group: somebody(each)  # type: ignore[misc]
                and not any(atom.holds(each) for atom in group),
                "not permitted",
            )


def _links(scene: Scene) -> Iterable[_Candidate]:
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
    yield _Candidate(10, Holds(predicate=on), linked, "already linked")
    yield _Candidate(10, Holds(predicate=Not(of=on)), unlinked, "not linked")


def _taken(scene: Scene, observations: list[Observation]) -> Iterable[_Candidate]:
    """Values that another row has: of written columns whose values otherwise differ."""
    draft, world = scene.written, scene.world
    if draft is None:
        return
    subject = next((each for each in scene.lookups if each.name == scene.subject), None)
    columns = {naming.snake(name): name for name in draft.fields}
    for column, sent in scene.inputs.items():
        name = columns.get(column)
        if name is None:
            continue

        def taken(each: Observation, name: str = name, sent: str = sent) -> bool:
            value = scene.fields(each).get(sent)
            if value is None or isinstance(value, bool | list | dict):
                return False
            own = subject.find(each) if subject else None
            if own is None and scene.subject == "me":
                own = world.caller(each)
            return any(
                row is not own
                and row.alive(each.index)
                and row.value(name, each.index - 1) == value
                for row in world.all_rows(draft, each.recording)
            )

        rank = 11.0 if name != draft.key else 11.1
        yield _Candidate(rank, Taken(entity=draft.name, column=column, input=sent), taken, "taken")
    del observations


def _passwords(scene: Scene, observations: list[Observation]) -> Iterable[_Candidate]:
    names = {
        name
        for each in observations
        for name, value in scene.fields(each).items()
        if PASSWORD.search(name) and isinstance(value, str)
    }
    users = [each for each in scene.lookups if each.draft is scene.world.user]
    row_name = users[-1].name if users else "me"
    for name in sorted(names):

        def wrong(each: Observation, name: str = name) -> bool:
            sent = scene.fields(each).get(name)
            row = users[-1].find(each) if users else scene.world.caller(each)
            if row is None or sent is None:
                return False
            return bool(row.value("password", each.index - 1) != sent)

        yield _Candidate(12, WrongPassword(input=name, row=row_name), wrong, "wrong password")


# ------------------------------------------------------------------ choosing


def _choose(
    classes: dict[str, list[Observation]],
    truth: dict[int, list[_Candidate]],
    scene: Scene,
) -> tuple[dict[_Candidate, str], dict[int, _Candidate]]:
    """Candidates with the class of answers that each gives; and what explains which refusal."""
    chosen: dict[_Candidate, str] = {}
    explained: dict[int, _Candidate] = {}
    by_rules(classes, truth, scene, chosen, explained)
    everything = {id(each): label for label, group in classes.items() for each in group}
    while True:
        best: tuple[float, float, _Candidate, str] | None = None
        for label, group in classes.items():
            open_ = [each for each in group if id(each) not in explained]
            counts: dict[_Candidate, int] = defaultdict(int)
            for each in open_:
                for candidate in truth[id(each)]:
                    if candidate not in chosen and not isinstance(candidate.condition, InvalidBody):
                        counts[candidate] += 1
            for candidate, count in counts.items():
                wrong = sum(
                    1
                    for other, candidates in truth.items()
                    if candidate in candidates
                    and everything[other] != label
                    and not (other in explained and explained[other].rank <= candidate.rank)
                )
                score = count - 0.9 * wrong
                if best is None or (score, -candidate.rank) > (best[0], best[1]):
                    best = (score, -candidate.rank, candidate, label)
        if best is None:
            return chosen, explained
        _, _, candidate, label = best
        chosen[candidate] = label
        for each in classes[label]:
            if id(each) not in explained and candidate in truth[id(each)]:
                explained[id(each)] = candidate


def by_rules(
    classes: dict[str, list[Observation]],
    truth: dict[int, list[_Candidate]],
    scene: Scene,
    chosen: dict[_Candidate, str],
    explained: dict[int, _Candidate],
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
    chosen: dict[_Candidate, str],
    explained: dict[int, _Candidate],
    truth: dict[int, list[_Candidate]],
) -> list[_Candidate]:
    """Sort by the usual order, corrected by refusals that meet several conditions."""
    before: dict[_Candidate, set[_Candidate]] = defaultdict(set)
    for observation, first in explained.items():
        for other in truth[observation]:
            if (
                other in chosen
                and other is not first
                and (chosen[other] != chosen[first] or isinstance(first.condition, InvalidBody))
            ):
                before[other].add(first)
    rest = sorted(chosen, key=lambda each: (each.rank, each.label))
    ordered: list[_Candidate] = []
    while rest:
        ready = next((each for each in rest if not (before[each] & set(rest))), rest[0])
        rest.remove(ready)
        ordered.append(ready)
    return ordered


# ------------------------------------------------------------------ answers


def _check(
    candidate: _Candidate, label: str, explained: dict[int, _Candidate], scene: Scene
) -> Check:
    del label
    evidence = [each for each in scene.world.observations if explained.get(id(each)) is candidate]
    response = None
    if not isinstance(candidate.condition, InvalidBody):
        response = error_template(evidence)
    ids = [each.id for each in evidence]
    return Check(when=candidate.condition, response=response, evidence=ids[:20])


def error_template(observations: list[Observation]) -> ResponseTemplate:
    """The answer that a group of refusals has in common, with what varies by the request."""
    first = observations[0]
    headers: dict[str, Expr] = {}
    if challenge := first.headers.get("www-authenticate"):
        headers["WWW-Authenticate"] = Const(value=challenge)
    body = None
    if first.answer is not None or first.is_json:
        body = _error_body([(each, each.answer) for each in observations])
    return ResponseTemplate(
        status=first.status, content_type=first.answer_type, headers=headers, body=body
    )


def _error_body(samples: list[tuple[Observation, Any]]) -> Expr:
    first = samples[0][1]
    if isinstance(first, dict) and first and all(isinstance(v, dict) for _, v in samples):
        if not _constant(samples):
            return ObjectOf(
                fields={
                    key: _error_body([(each, v[key]) for each, v in samples if key in v])
                    for key in first
                }
            )
    if isinstance(first, list) and first and not _constant(samples):
        return ArrayOf(
            items=[
                _error_body([(each, v[place]) for each, v in samples if len(v) > place])
                for place in range(len(first))
            ]
        )
    if isinstance(first, str) and (expr := _request_text(samples)) is not None:
        return expr
    return Const(value=first)


def _constant(samples: list[tuple[Observation, Any]]) -> bool:
    """Whether nothing in the answers follows the request."""
    same = all(value == samples[0][1] for _, value in samples)
    return same and all(_request_text([(each, text)]) is None
                        for each, value in samples for text in _texts(value))  # fmt: skip


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _request_text(samples: list[tuple[Observation, Any]]) -> Expr | None:
    """Text that holds a path parameter, a query parameter, the path or the method."""
    each, text = samples[0]
    for name, value in each.params.items():
        if text == value:
            return PathValue(name=name)
        if len(value) > 2 and value in text:  # noqa: PLR2004
            return Template(text=text.replace(value, "{%s}" % name),
                            values={name: PathValue(name=name)})  # fmt: skip
    for name, value in each.query:
        if value and text == value:
            return QueryValue(name=name)
    if len(each.path) > 1 and each.path in text:
        template = text.replace(each.path, "{path}")
        values: dict[str, Expr] = {"path": RequestLine(part="path")}
        if f" {each.method} " in f" {template} ":
            template = template.replace(each.method, "{method}", 1)
            values["method"] = RequestLine(part="method")
        return Template(text=template, values=values)
    return None


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


def _unexplained(refused: list[Observation], explained: dict[int, _Candidate]) -> list[Finding]:
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
