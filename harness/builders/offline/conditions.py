"""Predicates of the model as SQLAlchemy conditions over the rows of a query."""

from collections.abc import Callable
from typing import Any

from harness.builders.offline.backend import CONVERTERS
from harness.builders.offline.expressions import Row, Scope, compile_expression, compile_predicate
from harness.inference.model import ColumnValue, Compare, Link, Linked, PathValue


def query_condition(scope: Scope, entity: str, predicate: Any) -> str:
    """Return the condition that a predicate over `row` (and `me`, lookups) sets on a query."""
    match predicate.kind:
        case "compare":
            return _compare(scope, entity, predicate)
        case "linked":
            return _linked(scope, entity, predicate)
        case "not":
            return f"~({query_condition(scope, entity, predicate.of)})"
    joined = scope.source.use("sqlalchemy", "and_" if predicate.kind == "all" else "or_")
    parts = ", ".join(query_condition(scope, entity, part) for part in predicate.of)
    return f"{joined}({parts})"


def on_path(scope: Scope, entity: str, path: list[str], test: Callable[[str], str]) -> str:
    """Return `test` of the column at the end of a path of foreign keys, as a condition."""
    backend = scope.backend
    column, rest = path[0], path[1:]
    cls = backend.use_entity(scope.source, entity)
    if not rest:
        return test(f"{cls}.{backend.attribute(entity, column)}")
    relation = backend.relation(entity, column, loaded=False)
    return f"{cls}.{relation.name}.has({on_path(scope, relation.target, rest, test)})"


def _compare(scope: Scope, entity: str, compare: Compare) -> str:
    left, right = compare.left, compare.right
    if not _of_row(left) and _of_row(right):
        left, right = right, left
    if not isinstance(left, ColumnValue) or not _of_row(left):
        literal = scope.source.use("sqlalchemy", "literal")
        return f"{literal}({compile_predicate(scope, compare)})"
    if isinstance(right, ColumnValue) and _of_row(right):
        cls = scope.backend.entity_class(entity)
        value = f"{cls}.{scope.backend.attribute(entity, right.path[0])}"
    else:
        value = compile_expression(scope, right)
        value = _converted(scope, entity, left.path, right, value)
    return on_path(scope, entity, left.path, lambda column: _operator(column, compare.op, value))


def _converted(scope: Scope, entity: str, path: list[str], sent: Any, value: str) -> str:
    """Return the code of a path parameter's text as a value of the column's type."""
    owner = scope.backend.target(entity, path[:-1])
    helper = CONVERTERS.get(scope.backend.entity(owner).column(path[-1]).type)
    if helper is None or not isinstance(sent, PathValue):
        return value
    scope.backend.helpers.add(helper)
    return f"{scope.source.use('app.params', helper)}({value})"


def _operator(column: str, op: str, value: str) -> str:
    if value in ("None", "True", "False"):
        return f"{column}.{'is_' if op == 'eq' else 'is_not'}({value})"
    return f"{column} {'==' if op == 'eq' else '!='} {value}"


def _of_row(expression: Any) -> bool:
    return isinstance(expression, ColumnValue) and expression.row == "row"


def _linked(scope: Scope, entity: str, linked: Linked) -> str:
    backend = scope.backend
    link = backend.model.link(linked.link)
    path = linked.path or [backend.entity(entity).pk]
    me = scope.rows["me"]
    targets = linked_targets(scope, link, me)
    return on_path(scope, entity, path, lambda column: f"{column}.in_({targets})")


def linked_targets(scope: Scope, link: Link, me: Row) -> str:
    """Return the subquery of the keys that the current user is linked to."""
    backend, source = scope.backend, scope.source
    cls = backend.use_link(source, link.name)
    owner, target = backend.link_columns(link)
    key = f"{me.variable}.{backend.key_attribute(me.entity)}"
    if me.optional:
        key = f"({key} if {me.variable} else None)"
    return f"{source.use('sqlalchemy', 'select')}({cls}.{target}).where({cls}.{owner} == {key})"
