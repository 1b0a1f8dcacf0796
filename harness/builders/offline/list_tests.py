"""Tests of lists: every filter finds its row and leaves out another one."""

from typing import TYPE_CHECKING

from harness.builders.offline import names
from harness.builders.offline.expressions import literal
from harness.inference.model import Column, Filter, Operation

if TYPE_CHECKING:
    from harness.builders.offline.testing import TestWriter


def items_of(operation: Operation) -> str:
    """Return the code of the rows in the answer of a list, "" where it shows none."""
    body = operation.response.body
    if body is not None and body.kind == "items":
        return "response.json()"
    if body is None or body.kind != "object":
        return ""
    key = next((key for key, value in body.fields.items() if value.kind == "items"), None)
    return f"response.json()[{literal(key)}]" if key else ""


def write_filters(writer: "TestWriter") -> None:
    """Write a test for every filter of a list that everybody sees whole."""
    query, rows = writer.operation.query, items_of(writer.operation)
    if query is None or query.scope or writer.operation.lookups or not rows:
        return
    for item in query.filters:
        made = _arranged(writer, query.entity, item)
        if made is None:
            continue
        lines, value = made
        asked = writer.request(query=f"{{{literal(item.param)}: {value}}}")
        lines = [*writer.rows(), *lines, writer.make(query.entity, {}), asked]
        lines += ["assert response.status_code == 200", f"assert len({rows}) == 1"]
        writer.add(f"{writer.name}_by_{names.snake(item.param)}", lines)


def _arranged(writer: "TestWriter", entity: str, item: Filter) -> tuple[list[str], str] | None:
    """Return the code that makes the row to find, and the code of what it is asked for."""
    if item.op == "linked":
        return _linked(writer, entity, item)
    if item.op == "contains" and len(item.path) == 1:
        attribute = writer.backend.attribute(entity, item.path[0])
        return [writer.make(entity, {attribute: '["wanted"]'})], literal("wanted")
    if item.op != "eq" or len(item.path) > 2:  # noqa: PLR2004 - a column, or one of a parent
        return None
    return _equal(writer, entity, item.path)


def _equal(writer: "TestWriter", entity: str, path: list[str]) -> tuple[list[str], str] | None:
    backend = writer.backend
    column = backend.entity(entity).column(path[0])
    if len(path) == 1:
        if not _distinct(column):
            return None
        name = backend.attribute(entity, path[0])
        return [f"wanted = {writer.make(entity, {})}"], f"wanted.{name}"
    parent = column.references
    if parent is None or not _distinct(backend.entity(parent).column(path[1])):
        return None
    given = {backend.attribute(entity, path[0]): f"wanted.{backend.key_attribute(parent)}"}
    lines = [f"wanted = {writer.make(parent, {})}", writer.make(entity, given)]
    return lines, f"wanted.{backend.attribute(parent, path[1])}"


def _distinct(column: Column) -> bool:
    """Whether no two rows of the factories have the same value."""
    return column.type == "string" and column.enum is None and not column.nullable


def _linked(writer: "TestWriter", entity: str, item: Filter) -> tuple[list[str], str] | None:
    backend = writer.backend
    link = backend.model.link(item.link or "")
    if not _distinct(backend.entity(link.source).column(item.path[-1])):
        return None
    cls = backend.use_link(writer.source, link.name)
    owner, target = backend.link_columns(link)
    mine, other = backend.key_attribute(link.source), backend.key_attribute(entity)
    lines = [
        f"friend = {writer.make(link.source, {})}",
        f"wanted = {writer.make(entity, {})}",
        f"session.add({cls}({owner}=friend.{mine}, {target}=wanted.{other}))\n"
        "await session.commit()",
    ]
    return lines, f"friend.{backend.attribute(link.source, item.path[-1])}"
