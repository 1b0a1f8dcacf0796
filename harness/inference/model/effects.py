"""What an operation does, and which rows a list shows."""

from typing import Annotated, Literal

from pydantic import Field

from harness.inference.model.basis import Evidence, Part
from harness.inference.model.expressions import Expr, Predicate


class Insert(Part):
    """Insert a row named `created`. Columns without a value are generated or defaulted.

    A null input (not sent) gives the column's default.
    """

    kind: Literal["insert"] = "insert"
    entity: str
    values: dict[str, Expr]


class Update(Part):
    """Change a row: `inputs` (column -> field) where the field was sent, `values` always.

    With `replace`, fields that were not sent get the column's default.
    """

    kind: Literal["update"] = "update"
    row: str
    inputs: dict[str, str] = {}
    values: dict[str, Expr] = {}
    replace: bool = False


class Delete(Part):
    kind: Literal["delete"] = "delete"
    row: str


class DeleteMatching(Part):
    """Delete every row of the operation's query (after it was rendered)."""

    kind: Literal["delete_matching"] = "delete_matching"


class SetLink(Part):
    """Link `me` to the row, or end it; either is idempotent."""

    kind: Literal["set_link"] = "set_link"
    link: str
    row: str
    on: bool


class EndSession(Part):
    """The token of the request is no longer valid."""

    kind: Literal["end_session"] = "end_session"


Effect = Annotated[
    Insert | Update | Delete | DeleteMatching | SetLink | EndSession, Field(discriminator="kind")
]


class Filter(Part):
    """A query parameter that narrows a list.

    `contains`: the `strings` column has the item. `search`: the text occurs in any of the
    columns in `paths`, whatever its case. `linked`: rows to which the user is linked whose
    column (last of the path) has the value. `ignore_empty`: `?tag=` filters nothing.
    """

    param: str
    op: Literal["eq", "ne", "gte", "lte", "contains", "like", "search", "linked"] = "eq"
    path: list[str] = []
    paths: list[list[str]] = []
    link: str | None = None
    ignore_empty: bool = True
    evidence: Evidence = []


class Order(Part):
    """`column` may be the primary key; `touched` orders by the last change of the row."""

    column: str
    descending: bool = False


class SortParam(Part):
    """A parameter that names the sort column (JSON key -> column); `-key` reverses it.

    With `several`, columns (and directions) are separated by commas.
    """

    param: str
    keys: dict[str, str]
    direction_param: str | None = None
    """A parameter with `asc` or `desc`."""
    several: bool = False


class Paging(Part):
    """How a list is cut. `style` offset: rows to skip; page: number from `first_page`."""

    style: Literal["offset", "page"] = "offset"
    limit_param: str | None = None
    offset_param: str | None = None
    default_limit: int | None = None
    max_limit: int | None = None
    first_page: int = 1
    evidence: Evidence = []


class Query(Part):
    """The rows of a list: every `scope` predicate holds (over `row`, `me`, lookups)."""

    entity: str
    scope: list[Predicate] = []
    filters: list[Filter] = []
    order: list[Order] = []
    sort: SortParam | None = None
    paging: Paging | None = None
