"""Columns that keep the age of rows where lists go by it and no visible column tells it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from harness.inference.lists.order import CREATED, TOUCHED
from harness.inference.model import (
    ApiModel,
    Column,
    ColumnValue,
    Entity,
    Generated,
    Order,
    SeedState,
)

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_AGES: dict[str, tuple[Literal["now", "touched"], tuple[str, ...]]] = {
    CREATED: ("now", ("inserted_at", "stored_at", "row_inserted_at")),
    TOUCHED: ("touched", ("touched_at", "changed_at", "row_touched_at")),
}


def add_age_columns(model: ApiModel) -> None:
    """Give entities the hidden columns by which their lists are ordered."""
    for entity in model.entities:
        for order in _orders(model, entity.name):
            if order.column in _AGES:
                by, names = _AGES[order.column]
                order.column = _hidden(model, entity, by) or _add(entity, by, names)


def age_rows(model: ApiModel, state: SeedState) -> None:
    """Make the rows of an initial state differ in age, in the order in which lists show them."""
    for entity in model.entities:
        rows = state.tables.get(entity.name, [])
        falling = {order.column for order in _orders(model, entity.name) if order.descending}
        for by, _ in _AGES.values():
            name = _hidden(model, entity, by)
            if name is not None:
                for place, row in enumerate(reversed(rows) if name in falling else rows):
                    moment = _FIRST + timedelta(seconds=place)
                    row[name] = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _add(entity: Entity, by: Literal["now", "touched"], names: tuple[str, ...]) -> str:
    taken = {column.name for column in entity.columns}
    name = next(name for name in names if name not in taken)
    generated = Generated(by=by)
    entity.columns.append(Column(name=name, type="datetime", generated=generated, fraction=6))
    return name


def _hidden(model: ApiModel, entity: Entity, by: Literal["now", "touched"]) -> str | None:
    """The column that keeps an age and that no view shows."""
    shown = {
        field.value.path[-1]
        for view in model.views
        if view.entity == entity.name
        for field in view.fields
        if isinstance(field.value, ColumnValue)
    }
    return next(
        (
            column.name
            for column in entity.columns
            if column.name in _AGES[CREATED if by == "now" else TOUCHED][1]
            and column.name not in shown
            and column.generated == Generated(by=by)
        ),
        None,
    )


def _orders(model: ApiModel, entity: str) -> Iterator[Order]:
    for operation in model.operations:
        if operation.query is not None and operation.query.entity == entity:
            yield from operation.query.order
