"""Plans: the variables of each operation and the order of its checks, settled before any code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, rows_of
from harness.builders.offline.expressions import Row
from harness.builders.offline.services import REQUEST_CHECKS, OperationPlan
from harness.inference.model import Check, Operation, Param, PathValue

CONVERTED = {"integer": "int", "number": "float", "uuid": "UUID", "boolean": "bool",
             "digits": "str"}  # fmt: skip
LOCALS = {"session", "data", "page", "request", "response", "token", "origin"} | {
    "query", "rows", "row", "total", "errors", "order", "chosen", "links", "documented",
    "utc_now", "now", "select", "insert", "delete", "exists", "count", "router",
}  # fmt: skip
BODY_CHECKS = {"unparsable": "body", "invalid_body": "data"}
AUTH_CHECKS = ("unauthenticated", "bad_token", "token_of_nobody")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a route asks of its request: `late` after checks on rows."""

    what: Literal["path", "query", "page", "user", "body", "data"]
    name: str = ""
    late: bool = False


def plan(backend: Backend, operation: Operation) -> OperationPlan:
    """Settle what the rows and parameters of an operation are called."""
    taken = set(LOCALS) | {names.variable(item) for item in backend.resources}
    values: dict[str, tuple[str, str]] = {}
    for param in operation.path_params:
        name = names.unique(path_variable(operation, param), taken)
        values[param.name] = (name, _kind(operation, "path", param))
    for param in operation.query_params:
        if param.name in paging_params(operation):
            continue
        name = names.unique(names.variable(param.name), taken)
        values[param.name] = (name, f"{_kind(operation, 'query', param)} | None")
    rows: dict[str, Row] = {}
    entities = rows_of(backend, operation)
    special = ("me", "created", "row")
    wanted = {name: names.variable(name) for name in entities if name not in special}
    if "created" in entities:
        wanted["created"] = names.variable(entities["created"])
    for name, variable in wanted.items():
        rows[name] = Row(names.unique(variable, taken), entities[name])
    if "me" in entities:
        optional = operation.auth != "required"
        me = "viewer" if optional else "user"
        me = f"current_{me}" if me in taken else me
        rows["me"] = Row(names.unique(me, taken), entities["me"], optional=optional)
    if "row" in entities:
        rows["row"] = Row("row", entities["row"])
    early, late = split(operation.checks)
    return OperationPlan(operation, rows, values, early, late)


def path_variable(operation: Operation, param: Param) -> str:
    """Return the variable of a path parameter; a bare `id` says whose it is."""
    if names.snake(param.name) != "id":
        return names.variable(param.name)
    for lookup in operation.lookups:
        if isinstance(lookup.value, PathValue) and lookup.value.name == param.name:
            return f"{names.snake(lookup.entity)}_id"
    return f"{names.snake(operation.resource)}_id"


def route_path(plan: OperationPlan) -> str:
    """Return the path template with the variables as its places."""
    variables = {name: variable for name, (variable, _) in plan.values.items()}
    return re.sub(
        r"\{([^}]+)\}",
        lambda found: "{" + variables.get(found[1], names.variable(found[1])) + "}",
        plan.operation.path,
    )


def paging_params(operation: Operation) -> set[str]:
    """Return the query parameters that a page dependency reads."""
    paging = operation.query.paging if operation.query else None
    return {paging.limit_param or "", paging.offset_param or ""} - {""} if paging else set()


def checked_param(operation: Operation, place: str, name: str) -> Check | None:
    """Return the check of a parameter's type, where the original makes one."""
    for check in operation.checks:
        when = check.when
        if when.kind == "bad_param" and (when.place, when.name) == (place, name):
            return check
    return None


def split(checks: list[Check]) -> tuple[list[Check], list[Check]]:
    """Split the checks on rows at the last check of the request that comes after one of them."""
    last = max(
        (index for index, check in enumerate(checks) if check.when.kind in REQUEST_CHECKS),
        default=-1,
    )
    domain = [(i, check) for i, check in enumerate(checks) if check.when.kind not in REQUEST_CHECKS]
    early = [check for index, check in domain if index < last]
    late = [check for index, check in domain if index > last]
    return early, late


def _kind(operation: Operation, place: str, param: Param) -> str:
    if checked_param(operation, place, param.name) is None:
        return "str"
    return CONVERTED.get(param.type, "str")


def request_steps(plan: OperationPlan, *, has_model: bool) -> list[Step]:
    """Return what a route asks of its request, in the order of the checks."""
    operation = plan.operation
    checked = list(_checked_steps(plan))
    taken = {(step.what, step.name) for step in checked}
    before = [
        Step("path", param.name)
        for param in operation.path_params
        if ("path", param.name) not in taken
    ]
    after = [
        Step("query", param.name)
        for param in operation.query_params
        if ("query", param.name) not in taken
    ]
    if operation.auth != "none" and "me" in plan.rows and ("user", "") not in taken:
        after.insert(0, Step("user"))
    if operation.query and operation.query.paging:
        after.append(Step("page"))
    if has_model and ("data", "") not in taken:
        after.append(Step("data", late=bool(plan.early)))
    return [step for step in [*before, *checked, *after] if step.what != "data" or has_model]


def _checked_steps(plan: OperationPlan) -> Iterator[Step]:
    seen: set[tuple[str, str]] = set()
    rows_checked = False
    guard = _guarding_check(plan.operation)
    for check in plan.operation.checks:
        when: Any = check.when
        rows_checked = rows_checked or check in plan.early
        what, name = BODY_CHECKS.get(when.kind, ""), ""
        if when.kind == guard and "me" in plan.rows:
            what = "user"
        elif when.kind == "bad_param":
            what, name = when.place, when.name
        if what and (what, name) not in seen:
            seen.add((what, name))
            yield Step(what, name, late=rows_checked and what in ("user", "data"))  # type: ignore[arg-type]


def _guarding_check(operation: Operation) -> str:
    """Return the kind of check at whose place the user is authenticated."""
    kinds = [check.when.kind for check in operation.checks if check.when.kind in AUTH_CHECKS]
    return "unauthenticated" if "unauthenticated" in kinds else kinds[0] if kinds else ""
