"""Tests of what an operation refuses: to strangers, twice, with a wrong password."""

from typing import TYPE_CHECKING, Any

from harness.builders.offline import names
from harness.builders.offline.arrangements import Arrangement, ArrangementError
from harness.builders.offline.expressions import literal
from harness.inference.model import Check, ColumnValue, Compare, Const, Operation

if TYPE_CHECKING:
    from harness.builders.offline.testing import TestWriter

MALFORMED = {"integer", "number", "uuid", "digits"}


def write_denial(writer: "TestWriter", check: Check) -> None:
    """Write the test of a check, where it is known how to meet its condition."""
    if check.when.kind == "holds":
        _held(writer, check)
    elif check.when.kind == "wrong_password":
        _wrong_password(writer, check, check.when.input)
    elif check.when.kind == "bad_param":
        _malformed(writer, check, check.when.place, check.when.name)


def _held(writer: "TestWriter", check: Check) -> None:
    if "me" not in writer.arranged.rows:
        return
    usual = writer.arranged
    try:
        writer.arranged = Arrangement(writer.backend, writer.operation, check)
        wanted = described(check.when.predicate, writer.operation)  # type: ignore[union-attr]
        if wanted:
            lines = [*writer.rows(), writer.request(), *writer.expect(check)]
            writer.add(f"{writer.name}_{wanted}", lines)
    except ArrangementError:
        return
    finally:
        writer.arranged = usual


def described(predicate: Any, operation: Operation, *, holds: bool = True) -> str:
    """Say in a few words what makes a predicate hold (or not), "" where words fail."""
    match predicate.kind:
        case "not":
            return described(predicate.of, operation, holds=not holds)
        case "linked":
            word = names.snake(predicate.link)
            turns_on = any(e.kind == "set_link" and e.on for e in operation.effects)
            return ("twice" if turns_on else f"with_{word}") if holds else f"without_{word}"
        case "compare":
            return _compared(predicate, equal=(predicate.op == "eq") == holds)
    all_needed = (predicate.kind == "all") == holds
    parts = predicate.of if all_needed else predicate.of[:1]
    words = [described(part, operation, holds=holds) for part in parts]
    return "_".join(dict.fromkeys(words)) if all(words) else ""


def _compared(compare: Compare, *, equal: bool) -> str:
    sides = [compare.left, compare.right]
    columns = [side for side in sides if isinstance(side, ColumnValue)]
    constants = [side.value for side in sides if isinstance(side, Const)]
    if len(columns) == len(sides) and any(side.row == "me" for side in columns):
        return "of_oneself" if equal else "of_somebody_else"
    if len(columns) == 1 and constants and isinstance(constants[0], bool):
        word = names.snake(columns[0].path[-1]).removeprefix("is_")
        return f"when_{word}" if constants[0] == equal else f"unless_{word}"
    return ""


def _wrong_password(writer: "TestWriter", check: Check, field: str) -> None:
    body = writer.arranged.body({**writer.arranged.inputs, field: literal("Another-River-43")})
    lines = [*writer.rows(), writer.request(body=body), *writer.expect(check)]
    writer.add(f"{writer.name}_with_wrong_{names.snake(field)}", lines)


def _malformed(writer: "TestWriter", check: Check, place: str, name: str) -> None:
    operation = writer.operation
    params = operation.path_params if place == "path" else operation.query_params
    kinds = {param.name: param.type for param in params}
    if kinds.get(name, "integer") not in MALFORMED:
        return
    asked = (
        writer.request(url=writer.arranged.url(**{name: "malformed"}))
        if place == "path"
        else writer.request(query=f"{{{literal(name)}: {literal('malformed')}}}")
    )
    title = f"{writer.name}_with_malformed_{names.snake(name)}"
    writer.add(title, [*writer.rows(), asked, *writer.expect(check)])
