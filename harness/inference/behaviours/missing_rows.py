"""Answers for rows that do not exist, carried over to operations that were not asked for them."""

import re
from collections import Counter, defaultdict
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.error_answers import error_template
from harness.inference.model import (
    ArrayOf,
    Check,
    ColumnValue,
    Compare,
    Const,
    Expr,
    Lookup,
    Missing,
    ObjectOf,
    Operation,
    PathValue,
    ResponseTemplate,
    Template,
    WrongPassword,
)
from harness.inference.observe import Observation
from harness.inference.state.world import World

_RANK = {
    "unauthenticated": 0, "bad_token": 1, "token_of_nobody": 2, "bad_param": 4, "unparsable": 5,
    "invalid_body": 6, "missing": 7, "holds": 9, "taken": 11, "wrong_password": 12,
    "same_password": 12.2,
}  # fmt: skip


def carry_missing(
    operations: list[Operation], groups: dict[str, list[Observation]], world: World
) -> None:
    """Give every lookup the answer that other operations give for a row that is not there."""
    by_entity: dict[str, Counter[str]] = defaultdict(Counter)
    donors: dict[str, Lookup] = {}
    for operation in operations:
        lookups = {lookup.name: lookup for lookup in operation.lookups}
        for check in operation.checks:
            if isinstance(check.when, Missing) and check.response is not None:
                text = check.response.model_dump_json()
                by_entity[lookups[check.when.lookup].entity][text] += 1
                donors.setdefault(text, lookups[check.when.lookup])
    usual = Counter[str]()
    for counts in by_entity.values():
        usual.update(counts)
    for operation in operations:
        known = {c.when.lookup for c in operation.checks if isinstance(c.when, Missing)}
        for lookup in list(operation.lookups):
            if lookup.name in known or lookup.column is None:
                continue
            if _passes_without(operation, lookup, groups[operation.id], world):
                continue
            counts = by_entity[lookup.entity] or usual
            response = _refused_login(operation, groups[operation.id])
            if response is None and counts:
                text = counts.most_common(1)[0][0]
                response = _answer_about(lookup, donors[text], text)
            response = response or ResponseTemplate(
                status=404, body=Const(value={"detail": "Not found"})
            )
            _insert_missing(operation, lookup, response)


def _refused_login(operation: Operation, group: list[Observation]) -> ResponseTemplate | None:
    """What a login of somebody unknown is answered: as its other refusals are."""
    if operation.kind != "login":
        return None
    known = [c.response for c in operation.checks if isinstance(c.when, WrongPassword)]
    refused = [each for each in group if each.status in {400, 401, 403, 404}]
    if not known and refused:
        known = [error_template(refused[:1])]
    return (
        known[0]
        if known
        else ResponseTemplate(status=401, body=Const(value={"detail": "Wrong credentials"}))
    )


def _answer_about(lookup: Lookup, donor: Lookup, text: str) -> ResponseTemplate | None:
    """The answer for a missing row of one entity, said of a row of another one."""
    response = ResponseTemplate.model_validate_json(text)
    if lookup.entity == donor.entity and lookup.value == donor.value:
        return response
    if not isinstance(lookup.value, PathValue) and "path" in response.model_dump_json():
        return None
    names = {donor.entity: lookup.entity, naming.pascal(donor.entity): naming.pascal(lookup.entity)}
    response.body = _said_of(response.body, names, lookup.value)
    return response


def _said_of(expr: Expr | None, names: dict[str, str], value: Expr | None) -> Expr | None:
    if isinstance(expr, Const):
        return Const(value=_renamed(expr.value, names))
    if isinstance(expr, ObjectOf):
        fields = {key: _said_of(each, names, value) for key, each in expr.fields.items()}
        return ObjectOf(fields={key: each for key, each in fields.items() if each is not None})
    if isinstance(expr, ArrayOf):
        items = [_said_of(each, names, value) for each in expr.items]
        return ArrayOf(items=[each for each in items if each is not None])
    if isinstance(expr, Template):
        values = {key: _said_of(each, names, value) for key, each in expr.values.items()}
        kept = {key: each for key, each in values.items() if each is not None}
        return Template(text=_renamed(expr.text, names), values=kept)
    return value if isinstance(expr, PathValue) else expr


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        pattern = r"(?<![\w{])(" + "|".join(map(re.escape, names)) + r")(?![\w}])"
        return re.sub(pattern, lambda match: names[match[1]], value)
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _passes_without(
    operation: Operation, lookup: Lookup, group: list[Observation], world: World
) -> bool:
    """Whether a list was answered for a row that did not exist; if so, it asks for its key only."""
    query, value = operation.query, lookup.value
    if operation.kind != "list" or query is None or not isinstance(value, PathValue):
        return False
    binding = world.bindings.get((operation.path, value.name))
    if binding is None or lookup.column is None:
        return False
    answered = [each for each in group if each.ok and value.name in each.params]
    if all(
        world.find(binding.draft, e.recording, binding.field, e.params[value.name], e.index)
        for e in answered
    ):
        return False
    key = ColumnValue(row=lookup.name, path=[lookup.column])
    for scope in query.scope:
        if isinstance(scope, Compare) and scope.right == key:
            scope.right = value
    rest = operation.model_dump_json(include={"query", "checks", "effects", "response"})
    if f'"{lookup.name}"' not in rest.replace(f'"entity":"{lookup.name}"', ""):
        operation.lookups.remove(lookup)
    return True


def _insert_missing(operation: Operation, lookup: Lookup, response: ResponseTemplate) -> None:
    check = Check(when=Missing(lookup=lookup.name), response=response, assumed=True)
    later = {each.name for each in operation.lookups[operation.lookups.index(lookup) + 1 :]}
    place = next(
        (
            n
            for n, other in enumerate(operation.checks)
            if isinstance(other.when, Missing) and other.when.lookup in later
        ),
        None,
    )
    if place is None:
        insert_check(operation, check)
    else:
        operation.checks.insert(place, check)


def insert_check(operation: Operation, check: Check, rank: float | None = None) -> None:
    """Insert a check where its kind usually stands among the others."""
    rank = _RANK[check.when.kind] if rank is None else rank
    place = next(
        (n for n, other in enumerate(operation.checks) if _RANK[other.when.kind] > rank),
        len(operation.checks),
    )
    operation.checks.insert(place, check)
