"""Foreign keys that the recordings do not show to be kept."""

from collections.abc import Iterator

from harness.inference.model import (
    ApiModel,
    ChildCount,
    Column,
    ColumnValue,
    Delete,
    Entity,
    Filter,
    InputValue,
    Insert,
    Linked,
    Operation,
    Part,
    Render,
    RenderChildren,
    Update,
)


def loosen_references(model: ApiModel) -> None:
    """Let columns take any key where clients send it and the API never looks at its row.

    A foreign key refuses keys of rows that do not exist, and goes with the row. Neither was ever
    seen where no operation deletes such rows, none refuses unknown ones, and none shows them.
    """
    deleted = {
        gone
        for operation in model.operations
        for effect in operation.effects
        if (gone := _deleted(model, operation, effect)) is not None
    }
    walked = set(_walked(model))
    for entity in model.entities:
        for column in entity.columns:
            target = column.references
            user = model.auth is not None and target == model.auth.user
            if target is None or user or target in deleted or column.name in walked:
                continue
            if _sent(model, entity, column):
                column.references = None


def _deleted(model: ApiModel, operation: Operation, effect: Part) -> str | None:
    if isinstance(effect, Delete):
        return _rows(model, operation).get(effect.row)
    if effect.model_dump().get("kind") == "delete_matching" and operation.query:
        return operation.query.entity
    return None


def _rows(model: ApiModel, operation: Operation) -> dict[str, str]:
    rows = {lookup.name: lookup.entity for lookup in operation.lookups}
    return rows | ({"me": model.auth.user} if model.auth else {})


def _sent(model: ApiModel, entity: Entity, column: Column) -> bool:
    """Whether creations or updates take the key from requests."""
    for operation in model.operations:
        for effect in operation.effects:
            if isinstance(effect, Insert):
                owner, sent = effect.entity, effect.values.get(column.name)
                if owner == entity.name and isinstance(sent, InputValue):
                    return True
            if isinstance(effect, Update) and column.name in effect.inputs:
                return _rows(model, operation).get(effect.row) == entity.name
    return False


def _walked(model: ApiModel) -> Iterator[str]:
    """Names of columns over which some expression reaches another row."""
    for part in _parts([*model.views, *model.operations]):
        if isinstance(part, ColumnValue | Linked):
            yield from part.path[:-1]
        elif isinstance(part, Render):
            yield from part.path
        elif isinstance(part, Filter):
            for path in (part.path, *part.paths):
                yield from path[:-1]
        elif isinstance(part, RenderChildren | ChildCount):
            yield part.column


def _parts(value: object) -> Iterator[Part]:
    if isinstance(value, Part):
        yield value
        for name in type(value).model_fields:
            if name != "ruled_out":
                yield from _parts(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts(item)
