"""What every emitter needs to know: the model, the operations of this build, names and uses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from harness.builders.offline import names
from harness.builders.offline.source import Source
from harness.inference.model import (
    ApiModel,
    Auth,
    Check,
    Column,
    ColumnValue,
    Entity,
    Filter,
    Link,
    Linked,
    Operation,
    Render,
    RenderChildren,
    RenderItems,
    RenderReferenced,
    View,
)

PYTHON_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "datetime": "datetime",
    "date": "date",
    "uuid": "UUID",
    "json": "Any",
    "strings": "list[str]",
}
CONVERTERS = {"integer": "integer", "number": "number", "uuid": "unique_id", "boolean": "boolean",
              "digits": "numeric_text"}  # fmt: skip
"""Column types -> helpers that read their values from text."""
TYPE_IMPORTS = {
    "datetime": ("datetime", "datetime"),
    "date": ("datetime", "date"),
    "UUID": ("uuid", "UUID"),
    "Any": ("typing", "Any"),
}


def walk(part: Any) -> Iterator[Any]:
    """Yield every node of a syntax tree, the root first."""
    if isinstance(part, BaseModel):
        yield part
        for name in type(part).model_fields:
            if name not in ("evidence", "ruled_out"):
                yield from walk(getattr(part, name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from walk(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from walk(value)


@dataclass(slots=True)
class Relation:
    """A many-to-one relationship of the generated models, named after its foreign key."""

    entity: str
    column: str
    target: str
    name: str
    loaded: bool = False


@dataclass
class Backend:
    """One build: the model, its selected operations, and what the code written so far uses."""

    model: ApiModel
    operations: list[Operation]
    helpers: set[str] = field(default_factory=set)
    relations: dict[tuple[str, str], Relation] = field(default_factory=dict)

    # ------------------------------------------------------------------------- entities

    @cached_property
    def class_names(self) -> dict[str, str]:
        """Entity and link names -> ORM class names, no two alike."""
        taken = {"Base", "Session", "AuthSession"}
        classes = {e.name: names.unique(names.pascal(e.name), taken) for e in self.model.entities}
        for link in self.model.links:
            wanted = names.pascal(link.name)
            wanted = f"{wanted}Link" if wanted in taken else wanted
            classes[f"link:{link.name}"] = names.unique(wanted, taken)
        return classes

    def entity(self, name: str) -> Entity:
        return self.model.entity(name)

    def entity_class(self, name: str) -> str:
        return self.class_names[name]

    def link_class(self, name: str) -> str:
        return self.class_names[f"link:{name}"]

    def table(self, name: str) -> str:
        return names.snake(self.class_names[name])

    def entity_module(self, name: str) -> str:
        return f"app.models.{names.variable(self.class_names[name])}"

    def link_module(self, name: str) -> str:
        return self.entity_module(f"link:{name}")

    def use_entity(self, source: Source, name: str) -> str:
        """Import the class of an entity and return its name."""
        return source.use(self.entity_module(name), self.entity_class(name))

    def use_link(self, source: Source, name: str) -> str:
        """Import the class of a link's table and return its name."""
        return source.use(self.link_module(name), self.link_class(name))

    def plural(self, entity: str) -> str:
        plural = names.variable(self.entity(entity).plural or f"{entity}s")
        singular = names.variable(entity)
        return plural if plural != singular else f"{singular}_list"

    def is_password(self, entity: str, column: str) -> bool:
        auth = self.model.auth
        return auth is not None and (entity, column) == (auth.user, auth.password)

    def attribute(self, entity: str, column: str) -> str:
        if self.is_password(entity, column):
            return "password_hash"
        return names.attribute(column)

    def key(self, entity: str) -> Column:
        found = self.entity(entity)
        return found.column(found.pk)

    def key_attribute(self, entity: str) -> str:
        return self.attribute(entity, self.entity(entity).pk)

    def link_columns(self, link: Link) -> tuple[str, str]:
        return names.attribute(link.source_column), names.attribute(link.target_column)

    # ---------------------------------------------------------------------------- users

    @property
    def auth(self) -> Auth | None:
        return self.model.auth

    @property
    def user(self) -> str:
        """The entity of users; only asked for where the model has authentication."""
        if self.model.auth is None:
            msg = "the model has no authentication, yet something refers to the current user"
            raise ValueError(msg)
        return self.model.auth.user

    # ------------------------------------------------------------------------ relations

    def path_entities(self, entity: str, path: list[str]) -> Iterator[tuple[str, str, str | None]]:
        """Yield (entity, column, referenced entity) along a path of foreign keys."""
        for column in path:
            target = self.entity(entity).column(column).references
            yield entity, column, target
            if target is None:
                return
            entity = target

    def target(self, entity: str, path: list[str]) -> str:
        """Return the entity at the end of a path of foreign keys."""
        for _, column, target in self.path_entities(entity, path):
            if target is None:
                msg = f"column {column!r} of {entity!r} is no foreign key"
                raise ValueError(msg)
            entity = target
        return entity

    def relation(self, entity: str, column: str, *, loaded: bool) -> Relation:
        """Return the relationship of a foreign key, and note that code uses it."""
        key = (entity, column)
        if key not in self.relations:
            target = self.entity(entity).column(column).references
            if target is None:
                msg = f"{entity}.{column} is no foreign key"
                raise ValueError(msg)
            name = column.removesuffix("_id") if column.endswith("_id") else f"{column}_row"
            taken = {self.attribute(entity, c.name) for c in self.entity(entity).columns}
            name = names.attribute(name)
            name = f"{name}_{names.snake(target)}" if name in taken else name
            self.relations[key] = Relation(entity, column, target, name)
        relation = self.relations[key]
        relation.loaded = relation.loaded or loaded
        return relation

    # ---------------------------------------------------------------------------- views

    @cached_property
    def used_views(self) -> list[View]:
        """Views that responses of this build reach, nested ones included."""
        wanted: list[str] = []

        def visit(part: Any) -> None:
            for node in walk(part):
                view = getattr(node, "view", None)
                shows = isinstance(node, Render | RenderItems | RenderChildren | RenderReferenced)
                if shows and view and view not in wanted:
                    wanted.append(view)
                    visit(self.model.view(view))

        for operation in self.operations:
            visit(operation.response)
        return [view for view in self.model.views if view.name in wanted]

    @property
    def resources(self) -> list[str]:
        return list(dict.fromkeys(operation.resource for operation in self.operations))

    def of_resource(self, resource: str) -> list[Operation]:
        return [item for item in self.operations if item.resource == resource]


def note_relations(backend: Backend) -> None:
    """Register the relationships that responses, predicates and filters of this build walk."""
    for view in backend.used_views:
        _note(backend, view, {"row": view.entity})
    for operation in backend.operations:
        rows = rows_of(backend, operation)
        for part in (operation.checks, operation.effects, operation.response):
            _note(backend, part, rows)
        if operation.query:
            for scope in operation.query.scope:
                _note(backend, scope, rows, loaded=False)
            for item in operation.query.filters:
                _note_filter(backend, item, operation.query.entity)


def rows_of(backend: Backend, operation: Operation) -> dict[str, str]:
    """Row names of an operation -> their entities."""
    rows = {lookup.name: lookup.entity for lookup in operation.lookups}
    if backend.auth is not None:
        rows["me"] = backend.auth.user
    for effect in operation.effects:
        if effect.kind == "insert":
            rows["created"] = effect.entity
    if operation.query:
        rows["row"] = operation.query.entity
    return rows


def _note(backend: Backend, part: Any, rows: dict[str, str], *, loaded: bool = True) -> None:
    for node in walk(part):
        entity = rows.get(getattr(node, "row", ""))
        if entity is None:
            continue
        in_query = not loaded and node.row == "row"
        if isinstance(node, ColumnValue):
            steps = list(backend.path_entities(entity, node.path))[:-1]
        elif isinstance(node, Render):
            steps = list(backend.path_entities(entity, node.path))
        elif isinstance(node, Linked):
            steps = list(backend.path_entities(entity, node.path))[:-1]
        else:
            continue
        for source, column, _ in steps:
            backend.relation(source, column, loaded=not in_query)


def _note_filter(backend: Backend, item: Filter, entity: str) -> None:
    for path in [item.path, *item.paths] if item.op != "linked" else []:
        for source, column, _ in list(backend.path_entities(entity, path))[:-1]:
            backend.relation(source, column, loaded=False)


def check_of(operation: Operation, kind: str) -> Check | None:
    """Return the operation's first check of a kind."""
    return next((check for check in operation.checks if check.when.kind == kind), None)
