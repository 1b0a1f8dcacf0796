"""Response models: Pydantic classes named after views and envelopes."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, rows_of, walk
from harness.builders.offline.expressions import (
    Scope,
    column_type,
    compile_expression,
    literal,
    type_name,
)
from harness.builders.offline.source import Source, indent
from harness.inference.model import Column, Const, ObjectOf, Operation, View

PAGE_TYPES = {
    "next_cursor": "str | None", "links": "str | None", "has_more": "bool",
}  # fmt: skip
SPECS = {0: "seconds", 3: "milliseconds", 6: "microseconds"}


@dataclass(slots=True)
class Envelope:
    """A response body that is an object: its class, and the attribute of each key."""

    name: str
    module: str
    attributes: dict[str, str]


@dataclass
class Schemas:
    """All response models of a backend, by module."""

    backend: Backend
    sources: dict[str, Source] = field(default_factory=dict)
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=lambda: {"Schema", "CamelSchema"})
    _views: dict[str, tuple[str, str]] = field(default_factory=dict)
    _objects: dict[str, Envelope] = field(default_factory=dict)
    _stem: str = ""

    def source(self, stem: str) -> Source:
        path = f"app/schemas/{stem}.py"
        if path not in self.sources:
            doc = f"Requests and responses of {names.title(stem)}."
            self.sources[path] = Source(path, doc)
        return self.sources[path]

    def add_views(self) -> None:
        for view in self.backend.used_views:
            stem = self.backend.plural(view.entity)
            name = names.unique(names.pascal(view.name), self._taken, suffix="Response")
            self._views[view.name] = (name, f"app.schemas.{stem}")
        order = _nested_first(self.backend)
        for view in order:
            self._add_view(view)

    def view(self, source: Source, name: str) -> str:
        """Import the class of a view and return its name."""
        cls, module = self._views[name]
        return source.use(module, cls)

    def view_name(self, name: str) -> str:
        return self._views[name][0]

    def attributes(self, view: View) -> dict[str, str]:
        return {item.key: attribute_of(item.key) for item in view.fields}

    def _add_view(self, view: View) -> None:
        stem = self.backend.plural(view.entity)
        source = self.source(stem)
        rows = {"row": view.entity}
        if self.backend.auth:
            rows["me"] = self.backend.auth.user
        hint = names.pascal(view.name)
        with self.within(stem):
            fields = [
                (
                    item.key,
                    self.type_of(source, item.value, rows, hint=hint + names.pascal(item.key)),
                    item.omit_null,
                )
                for item in view.fields
            ]
        source.add(class_code(source, self._views[view.name][0], fields))

    def body_type(self, source: Source, operation: Operation, body: Any) -> str:
        """Return the type of a response body; classes that it needs are added."""
        rows = rows_of(self.backend, operation)
        with self.within(answer_module(operation)):
            return self.type_of(source, body, rows, hint=names.pascal(operation.id))

    def type_of(self, source: Source, expression: Any, rows: dict[str, str], *, hint: str) -> str:
        """Return the Python type of an expression's values; `hint` names classes made for it."""
        match expression.kind:
            case "const":
                return self._const(source, expression.value, rows, hint)
            case "object":
                return self._envelope(source, expression, rows, hint)
            case "array":
                kinds = {self.type_of(source, i, rows, hint=hint) for i in expression.items}
                inner = kinds.pop() if len(kinds) == 1 else type_name(source, "Any")
                return f"list[{inner}]"
            case "column":
                return self._column(source, expression, rows)
            case "render":
                nullable = self._nullable(rows[expression.row], expression.path)
                return self.view(source, expression.view) + (" | None" if nullable else "")
            case "children" | "referenced":
                return f"list[{self.view(source, expression.view)}]"
            case "items":
                return f"list[{self._item(source, expression, rows)}]"
            case "page_info":
                kind = PAGE_TYPES.get(expression.fact, "int")
                return f"{kind.removesuffix(' | None')} | None" if expression.asked_by else kind
        return self._plain_type(source, expression)

    def _plain_type(self, source: Source, expression: Any) -> str:
        simple = {"linked": "bool", "link_count": "int", "child_count": "int",
                  "token": "str", "own_token": "str", "template": "str",
                  "request": "str"}  # fmt: skip
        if expression.kind == "now":
            return self._stamp(source, Column(name="now", type="datetime"))
        return simple.get(expression.kind) or type_name(source, "Any")

    def _const(self, source: Source, value: Any, rows: dict[str, str], hint: str) -> str:
        if isinstance(value, dict) and value:
            return self._envelope(source, object_of(value), rows, hint)
        if isinstance(value, list):
            return f"list[{type_name(source, 'Any')}]"
        if isinstance(value, dict):
            return f"dict[str, {type_name(source, 'Any')}]"
        return "None" if value is None else type(value).__name__

    def _item(self, source: Source, expression: Any, rows: dict[str, str]) -> str:
        if expression.view:
            return self.view(source, expression.view)
        column = self.backend.entity(rows["row"]).column(expression.column)
        return self._stamp_or_type(source, column)

    def _column(self, source: Source, expression: Any, rows: dict[str, str]) -> str:
        entity, column, nullable = rows[expression.row], expression.path[-1], False
        for source_entity, step, _ in self.backend.path_entities(entity, expression.path):
            found = self.backend.entity(source_entity).column(step)
            nullable = nullable or found.nullable
            entity, column = source_entity, step
        found = self.backend.entity(entity).column(column)
        return self._stamp_or_type(source, found.model_copy(update={"nullable": nullable}))

    def _nullable(self, entity: str, path: list[str]) -> bool:
        steps = self.backend.path_entities(entity, path)
        return any(self.backend.entity(e).column(c).nullable for e, c, _ in steps)

    def _stamp_or_type(self, source: Source, column: Column) -> str:
        if column.type == "datetime":
            return self._stamp(source, column)
        return column_type(source, column)

    def _stamp(self, source: Source, column: Column) -> str:
        name = source.use("app.schemas.types", timestamp_name(self.backend, column))
        self.backend.helpers.add(name)
        return f"{name} | None" if column.nullable else name

    def _envelope(self, source: Source, body: ObjectOf, rows: dict[str, str], hint: str) -> str:
        own = self.source(self._stem)
        fields = [
            (key, self.type_of(own, value, rows, hint=hint + names.pascal(key)), False)
            for key, value in body.fields.items()
        ]
        key = json.dumps([own.module, fields])
        if key not in self.envelopes:
            name = names.unique(envelope_name(self, body, hint), self._taken)
            attributes = {item: attribute_of(item) for item in body.fields}
            self.envelopes[key] = Envelope(name, own.module, attributes)
            own.add(class_code(own, name, fields))
        envelope = self.envelopes[key]
        self._objects[body.model_dump_json() + own.module] = envelope
        return source.use(envelope.module, envelope.name)

    def object_code(self, scope: Scope, expression: Any) -> str | None:
        """Return the code that builds an object's class; None when it is no object of a class."""
        if expression.kind == "const" and isinstance(expression.value, dict) and expression.value:
            expression = object_of(expression.value)
        if expression.kind != "object":
            return None
        module = self.source(self._stem).module
        envelope = self._objects[expression.model_dump_json() + module]
        name = scope.source.use(envelope.module, envelope.name)
        values = ", ".join(
            f"{envelope.attributes[key]}={compile_expression(scope, value)}"
            for key, value in expression.fields.items()
        )
        return f"{name}({values})"

    @contextmanager
    def within(self, stem: str) -> Iterator[None]:
        """Put classes that are made for objects into the module of a resource or an entity."""
        before, self._stem = self._stem, stem
        yield
        self._stem = before


def answer_module(operation: Operation) -> str:
    """Return the module of the classes of an operation's answer.

    Answers with rows of other kinds beside their own have one that no view's module needs.
    """
    stem = names.variable(operation.resource)
    kinds = {getattr(node, "kind", "") for node in walk(operation.response)}
    return f"{stem}_answers" if kinds & {"children", "referenced"} else stem


def object_of(value: dict[str, Any]) -> ObjectOf:
    """Return a constant object as an object of constants."""
    return ObjectOf(
        fields={
            key: object_of(item) if isinstance(item, dict) and item else Const(value=item)
            for key, item in value.items()
        }
    )


def envelope_name(schemas: Schemas, body: ObjectOf, hint: str) -> str:
    """Return a class name for an object body."""
    values = list(body.fields.values())
    items = [value for value in values if value.kind == "items"]
    direct = [value for value in values if value.kind in ("render", "children", "referenced")]
    if items and items[0].view:
        return schemas.view_name(items[0].view).removesuffix("Response") + "Page"
    if len(direct) == 1 and len(values) == 1:
        return schemas.view_name(direct[0].view).removesuffix("Response") + "Envelope"
    return f"{hint}Response"


def attribute_of(key: str) -> str:
    return names.attribute(key)


def class_code(source: Source, name: str, fields: list[tuple[str, str, bool]]) -> str:
    """Return the class statement of a response model."""
    attributes = [attribute_of(key) for key, _, _ in fields]
    camel = all(names.camel(a) == key for a, (key, _, _) in zip(attributes, fields, strict=True))
    plain = all(a == key for a, (key, _, _) in zip(attributes, fields, strict=True))
    base = source.use("app.schemas.types", "Schema" if plain or not camel else "CamelSchema")
    lines = [
        _field_code(source, key, kind, omit=omit, aliased=not (camel or plain))
        for key, kind, omit in fields
    ]
    return f"class {name}({base}):\n{indent(chr(10).join(lines) or 'pass')}"


def _field_code(source: Source, key: str, kind: str, *, omit: bool, aliased: bool) -> str:
    attribute = attribute_of(key)
    options = [f"alias={literal(key)}"] if aliased and attribute != key else []
    if omit:
        options.append(f"exclude_if={source.use('app.schemas.types', 'is_none')}")
    if not options:
        return f"{attribute}: {kind}"
    return f"{attribute}: {kind} = {source.use('pydantic', 'Field')}({', '.join(options)})"


def timestamp_name(backend: Backend, column: Column) -> str:
    """Return the name of the annotated type that writes a column's times."""
    styles = Counter(
        (item.fraction, item.zone)
        for entity in backend.model.entities
        for item in entity.columns
        if item.type == "datetime"
    )
    style = (column.fraction, column.zone)
    if not styles or styles.most_common(1)[0][0] == style:
        return "Timestamp"
    zone = {"Z": "Z", "+00:00": "Offset", "": "Local"}[column.zone]
    return f"Timestamp{SPECS[column.fraction].capitalize()}{zone}"


def timestamp_styles(backend: Backend) -> dict[str, tuple[str, str]]:
    """Return the annotated types in use: name -> (timespec, zone)."""
    styles = {"Timestamp": (SPECS[3], "Z")}
    for entity in backend.model.entities:
        for column in entity.columns:
            if column.type == "datetime":
                styles[timestamp_name(backend, column)] = (SPECS[column.fraction], column.zone)
    return {name: style for name, style in styles.items() if name in backend.helpers}


def _nested_first(backend: Backend) -> list[View]:
    done: list[View] = []
    seen: set[str] = set()

    def visit(view: View) -> None:
        if view.name in seen:
            return
        seen.add(view.name)
        for node in walk(view):
            if getattr(node, "kind", "") in ("render", "children", "referenced"):
                visit(backend.model.view(node.view))
        done.append(view)

    for view in backend.used_views:
        visit(view)
    return done
