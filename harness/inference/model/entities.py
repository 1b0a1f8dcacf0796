"""Entities, their columns and links, and the views that show their rows."""

from typing import Any, Literal

from harness.inference.model.basis import ColumnType, Evidence, Part
from harness.inference.model.expressions import Expr


class Generated(Part):
    """How a column gets its value when no effect sets it.

    `now` at insert, `touched` at insert and at every update, `changed` at updates only; `slug` of
    the column `of`, with a random suffix on a clash (`suffix` is its length in hex digits), renewed
    when `of` changes
    if `follows` is true. Slugs are folded to ASCII and lower case; then `slug_style` "replace"
    turns every run of other characters than letters and digits into one hyphen, "remove" drops
    all characters but letters, digits, underscores, spaces and hyphens first and turns runs of
    spaces and hyphens into one hyphen (`it's a_b` -> `it-s-a-b` and `its-a_b`).
    """

    by: Literal[
        "sequence", "uuid", "object_id", "digits", "random", "now", "touched", "changed", "slug"
    ]
    length: int | None = None
    alphabet: str | None = None
    of: str | None = None
    suffix: int | None = None
    slug_style: Literal["replace", "remove"] = "replace"
    follows: bool = False


class Column(Part):
    """A stored column. `name` is snake case. `datetime` columns say how they are written:

    `fraction` digits of a second (0, 3, 6) and `zone` ("Z", "+00:00", "").
    `strings` columns say how their items are kept: `items` as given, sorted, or unique and
    sorted; `vocabulary` names the entity that collects every item ever used.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    unique: bool = False
    max_length: int | None = None
    enum: list[str] | None = None
    format: str | None = None
    default: Any = None
    references: str | None = None
    on_delete: Literal["cascade", "set_null"] = "cascade"
    generated: Generated | None = None
    secret: bool = False
    fraction: Literal[0, 3, 6] = 3
    zone: Literal["Z", "+00:00", ""] = "Z"
    items: Literal["given", "sorted", "unique_sorted"] = "given"
    vocabulary: str | None = None
    evidence: Evidence = []


class Entity(Part):
    """A resource type and its table. `pk` names the primary key column (always in `columns`).

    `vocabulary` entities have an integer key and one unique string column; rows appear as
    items of a `strings` column are first used. `singleton` entities have exactly one row.
    """

    name: str
    plural: str
    pk: str = "id"
    columns: list[Column]
    singleton: bool = False
    vocabulary: bool = False
    evidence: Evidence = []

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


class Link(Part):
    """A many-to-many relation from users to rows, switched on and off by operations.

    Its table has the two foreign key columns, unique together.
    """

    name: str
    source: str
    target: str
    source_column: str
    target_column: str
    evidence: Evidence = []


class RuledOut(Part):
    """An explanation of a field that an exchange contradicts."""

    value: Expr
    evidence: Evidence = []


class ViewField(Part):
    key: str
    value: Expr
    omit_null: bool = False
    evidence: Evidence = []
    ruled_out: list[RuledOut] = []


class View(Part):
    """One JSON shape of an entity's rows; expressions refer to `row` and `me`."""

    name: str
    entity: str
    fields: list[ViewField]
