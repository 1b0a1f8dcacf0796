"""Every condition of the grammar that could refuse the requests of an operation."""

import uuid
from collections.abc import Iterable

from harness.inference import naming
from harness.inference.behaviours.permissions import links, permissions
from harness.inference.behaviours.scene import Candidate, LookupDraft, Scene, Test
from harness.inference.model import (
    BadParam,
    BadToken,
    ColumnValue,
    Compare,
    Const,
    Holds,
    InvalidBody,
    Missing,
    SamePassword,
    Taken,
    TokenOfNobody,
    Unauthenticated,
    Unparsable,
    WrongPassword,
)
from harness.inference.observe import UNPARSABLE, Observation
from harness.inference.state.steps import Step
from harness.inference.state.tokens import PASSWORD

_PARAM_TYPES = {"integer": int, "number": float}


def candidates_of(scene: Scene, observations: list[Observation]) -> list[Candidate]:
    found: list[Candidate] = []
    found += _credentials(scene)
    found += _params(scene)
    found += _bodies(scene)
    found += _lookups(scene)
    found += permissions(scene, observations)
    found += links(scene)
    found += _taken(scene, observations)
    found += _passwords(scene, observations)
    found += _steps(scene)
    return found


def _credentials(scene: Scene) -> Iterable[Candidate]:
    world = scene.world

    def missing(each: Observation) -> bool:
        return not each.credential or (each.scheme or "") not in scene.schemes

    def bad(each: Observation) -> bool:
        return not missing(each) and world.caller(each) is None

    def orphan(each: Observation) -> bool:
        caller = world.caller(each)
        return caller is not None and not caller.alive(each.index)

    yield Candidate(0, Unauthenticated(), missing, "unauthenticated")
    yield Candidate(1, BadToken(), bad, "bad token")
    yield Candidate(2, TokenOfNobody(), orphan, "token of nobody")


def _params(scene: Scene) -> Iterable[Candidate]:
    for name, kind in scene.param_types.items():
        if kind != "string":
            condition = BadParam(place="path", name=name)
            yield Candidate(4, condition, _bad_param(name, kind, query=False), f"bad {name}")
    for name, kind in scene.query_types.items():
        if kind != "string":
            condition = BadParam(place="query", name=name)
            yield Candidate(4.5, condition, _bad_param(name, kind, query=True), f"bad {name}")


def _bad_param(name: str, kind: str, *, query: bool) -> Test:
    def test(each: Observation) -> bool:
        value = dict(each.query).get(name) if query else each.params.get(name)
        return value is not None and not fits(value, kind)

    return test


def fits(value: str, kind: str) -> bool:
    """Whether the text of a parameter is of a type."""
    try:
        if kind == "uuid":
            uuid.UUID(value)
        elif kind == "digits":
            return value.isascii() and value.isdigit()
        elif kind == "boolean":
            return value.lower() in {"true", "false", "1", "0", "on", "off", "yes", "no"}
        elif kind in _PARAM_TYPES:
            _PARAM_TYPES[kind](value)
    except ValueError:
        return False
    return True


def _bodies(scene: Scene) -> Iterable[Candidate]:
    yield Candidate(5, Unparsable(), lambda each: each.body is UNPARSABLE, "unparsable")
    request = scene.request
    if request is not None:

        def broken(each: Observation) -> bool:
            return each.body is not UNPARSABLE and bool(request.broken(each))

        yield Candidate(6, InvalidBody(), broken, "invalid body")


def _lookups(scene: Scene) -> Iterable[Candidate]:
    for rank, lookup in enumerate(scene.lookups):
        yield Candidate(
            7 + rank / 10,
            Missing(lookup=lookup.name),
            lambda each, lookup=lookup: lookup.find(each) is None,  # type: ignore[misc]
            f"no {lookup.name}",
        )


def _taken(scene: Scene, observations: list[Observation]) -> Iterable[Candidate]:
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
        yield Candidate(rank, Taken(entity=draft.name, column=column, input=sent), taken, "taken")
    del observations


def _steps(scene: Scene) -> Iterable[Candidate]:
    """Steps of signing in that the user has not taken yet."""
    world = scene.world
    for step in world.steps.values():
        for lookup in scene.lookups:
            if lookup.draft is not world.user:
                continue

            def missing(each: Observation, lookup: LookupDraft = lookup, step: Step = step) -> bool:
                row = lookup.find(each)
                return row is not None and row.value(step.column, each.index - 1) is False

            left = ColumnValue(row=lookup.name, path=[step.column])
            condition = Holds(predicate=Compare(left=left, right=Const(value=False)))
            yield Candidate(12.5, condition, missing, f"{step.column} is false")


def _passwords(scene: Scene, observations: list[Observation]) -> Iterable[Candidate]:
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

        def same(each: Observation, name: str = name) -> bool:
            sent = scene.fields(each).get(name)
            row = users[-1].find(each) if users else scene.world.caller(each)
            return row is not None and bool(row.value("password", each.index - 1) == sent)

        yield Candidate(12, WrongPassword(input=name, row=row_name), wrong, "wrong password")
        yield Candidate(12.2, SamePassword(input=name, row=row_name), same, "same password")
