"""Expressions and predicates of the model as Python expressions."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline.backend import PYTHON_TYPES, TYPE_IMPORTS, Backend
from harness.builders.offline.source import Source
from harness.inference.model import (
    ArrayOf,
    Column,
    ColumnValue,
    Compare,
    Const,
    IfSent,
    InputValue,
    ObjectOf,
    PathValue,
    QueryValue,
    Template,
)

LONG = 70


@dataclass(slots=True)
class Row:
    """A row variable of generated code. `optional`: it may be None."""

    variable: str
    entity: str
    optional: bool = False


@dataclass(slots=True)
class Scope:
    """What the names of the model are called at one place of the generated code.

    `inputs` holds the code of request fields, `values` that of path and query parameters.
    `special` writes what needs a database session or a presenter; it is asked first.
    """

    backend: Backend
    source: Source
    rows: dict[str, Row] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    body: str = "data.model_dump(exclude_unset=True, by_alias=True)"
    special: Callable[[Any], str | None] = lambda _: None


def literal(value: Any) -> str:
    """Return a Python literal with double quotes where that reads best."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, str) and len(value) > LONG:
        return "(" + " ".join(_quoted(part) for part in _parts(value)) + ")"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.replace("\n", "").isprintable())


def _parts(text: str) -> Iterator[str]:
    """Cut a long text behind spaces and line ends."""
    part = ""
    for word in re.findall(r"\S{1,60}\s*|\s+", text):
        if part and (len(part) + len(word) > LONG or part.endswith("\n")):
            yield part
            part = ""
        part += word
    if part:
        yield part


def type_name(source: Source, name: str) -> str:
    """Import what a Python type needs and return its name."""
    if name in TYPE_IMPORTS:
        source.use(*TYPE_IMPORTS[name])
    return name


def column_type(source: Source, column: Column) -> str:
    """Return the Python type of a column's values, None included where it is nullable."""
    name = type_name(source, PYTHON_TYPES[column.type])
    return f"{name} | None" if column.nullable and name != "Any" else name


def column_code(scope: Scope, row: Row, path: list[str]) -> str:
    """Return the code that reads a column over foreign keys, None where one of them is null."""
    backend, code, entity = scope.backend, row.variable, row.entity
    guards = [code] if row.optional else []
    for index, column in enumerate(path):
        if index == len(path) - 1:
            code = f"{code}.{backend.attribute(entity, column)}"
            break
        relation = backend.relation(entity, column, loaded=True)
        code = f"{code}.{relation.name}"
        if backend.entity(entity).column(column).nullable:
            guards.append(code)
        entity = relation.target
    if not guards:
        return code
    return f"({code} if {' and '.join(guards)} else None)"


def row_code(scope: Scope, row: Row, path: list[str]) -> tuple[str, str, bool]:
    """Return the code of the row at the end of foreign keys, its entity, and if it may be None."""
    backend, code, entity, optional = scope.backend, row.variable, row.entity, row.optional
    for column in path:
        relation = backend.relation(entity, column, loaded=True)
        code = f"{code}.{relation.name}"
        optional = optional or backend.entity(entity).column(column).nullable
        entity = relation.target
    return code, entity, optional


def compile_expression(scope: Scope, expression: Any) -> str:
    """Return the Python code of an expression."""
    special = scope.special(expression)
    if special is not None:
        return special
    match expression:
        case Const(value=value):
            return literal(value)
        case ObjectOf(fields=fields):
            pairs = (f"{literal(k)}: {compile_expression(scope, v)}" for k, v in fields.items())
            return "{" + ", ".join(pairs) + "}"
        case ArrayOf(items=items):
            return "[" + ", ".join(compile_expression(scope, item) for item in items) + "]"
        case ColumnValue(row=row, path=path):
            return column_code(scope, scope.rows[row], path)
        case IfSent(name=name, value=value):
            sent = scope.inputs.get(name, "None")
            return f"({literal(value)} if {sent} is not None else None)"
        case InputValue(name=name):
            return scope.inputs.get(name, "None")
        case PathValue(name=name) | QueryValue(name=name):
            return scope.values[name]
        case Template():
            return template_code(scope, expression)
    return _simple(scope, expression)


def _simple(scope: Scope, expression: Any) -> str:
    match expression.kind:
        case "body":
            return scope.body
        case "request":
            return "request.method" if expression.part == "method" else "request.url.path"
        case "now":
            return f"{scope.source.use('app.clock', 'utc_now')}()"
    msg = f"a {expression.kind!r} expression cannot be used here"
    raise ValueError(msg)


def template_code(scope: Scope, template: Template) -> str:
    """Return an f-string (or several in a row) for text with places."""
    codes = {
        "{" + name + "}": "{" + compile_expression(scope, expression).replace('"', "'") + "}"
        for name, expression in template.values.items()
    }
    parts = list(_parts(template.text)) if len(template.text) > LONG else [template.text]
    strings = []
    for part in parts:
        text = _quoted(part)
        places = [place for place in codes if place in text]
        for place in places:
            text = text.replace(place, codes[place])
        strings.append(f"f{text}" if places or "{origin}" in text else text)
    return strings[0] if len(strings) == 1 else f"({' '.join(strings)})"


def compile_predicate(scope: Scope, predicate: Any) -> str:
    """Return the Python code of a condition on rows that are at hand."""
    match predicate.kind:
        case "compare":
            return _compare(scope, predicate)
        case "all" | "any":
            return _membership(scope, predicate) or _joined(scope, predicate)
        case "not":
            if isinstance(predicate.of, Compare):
                opposite: Any = "ne" if predicate.of.op == "eq" else "eq"
                return _compare(scope, predicate.of.model_copy(update={"op": opposite}))
            inner = compile_predicate(scope, predicate.of)
            return inner.replace(" in {", " not in {") if " in {" in inner else f"not {inner}"
    return compile_expression(scope, predicate)


def _joined(scope: Scope, predicate: Any) -> str:
    word = " and " if predicate.kind == "all" else " or "
    return "(" + word.join(compile_predicate(scope, part) for part in predicate.of) + ")"


def _membership(scope: Scope, predicate: Any) -> str | None:
    """Return `a not in {b, c}` for several comparisons of one side."""
    op = "ne" if predicate.kind == "all" else "eq"
    if len(predicate.of) < 2 or any(  # noqa: PLR2004
        part.kind != "compare" or part.op != op for part in predicate.of
    ):
        return None
    sides = [
        [compile_expression(scope, side) for side in (part.left, part.right)]
        for part in predicate.of
    ]
    common = set(sides[0]).intersection(*sides[1:])
    if not common:
        return None
    one = min(common)
    others = [next((side for side in pair if side != one), one) for pair in sides]
    return f"{one} {'not in' if op == 'ne' else 'in'} {{{', '.join(others)}}}"


def _compare(scope: Scope, compare: Compare) -> str:
    left, right = (compile_expression(scope, side) for side in (compare.left, compare.right))
    if left in ("None", "True", "False"):
        left, right = right, left
    if right == "None":
        return f"{left} is {'not ' if compare.op == 'ne' else ''}None"
    if right in ("True", "False"):
        return left if (right == "True") == (compare.op == "eq") else f"not {left}"
    return f"{left} {'==' if compare.op == 'eq' else '!='} {right}"
