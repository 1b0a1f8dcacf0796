"""Expressions and predicates: what values are made of, and what holds of rows."""

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.inference.model.basis import Part


class Const(Part):
    kind: Literal["const"] = "const"
    value: Any = None


class ObjectOf(Part):
    """A JSON object, keys in order."""

    kind: Literal["object"] = "object"
    fields: dict[str, "Expr"]


class ArrayOf(Part):
    kind: Literal["array"] = "array"
    items: list["Expr"]


class ColumnValue(Part):
    """The value of a column, over foreign keys: null when one on the way is null."""

    kind: Literal["column"] = "column"
    row: str
    path: list[str]


class InputValue(Part):
    """A field of the request body after normalisation; null when it was not sent."""

    kind: Literal["input"] = "input"
    name: str


class IfSent(Part):
    """A constant where a field of the request body was sent, and not as null; else null."""

    kind: Literal["if_sent"] = "if_sent"
    name: str
    value: Any = None


class BodyValue(Part):
    """The request body as it was sent (the object that holds the fields)."""

    kind: Literal["body"] = "body"


class PathValue(Part):
    kind: Literal["path"] = "path"
    name: str


class QueryValue(Part):
    kind: Literal["query"] = "query"
    name: str


class RequestLine(Part):
    """A part of the request line; for the text of errors (`Cannot PUT /18`).

    `methods` are those that the path serves, `GET,HEAD,POST`; for answers to OPTIONS.
    """

    kind: Literal["request"] = "request"
    part: Literal["method", "path", "methods"]


class Now(Part):
    kind: Literal["now"] = "now"


class Token(Part):
    """A new token of the authentication scheme for a user row."""

    kind: Literal["token"] = "token"
    row: str


class OwnToken(Part):
    """The token that the request came with."""

    kind: Literal["own_token"] = "own_token"


class Template(Part):
    """Text with `{name}` places; `{origin}` is scheme and host of the request."""

    kind: Literal["template"] = "template"
    text: str
    values: dict[str, "Expr"] = {}


class Render(Part):
    """A row in the shape of a view; null when the row (or a foreign key on `path`) is null."""

    kind: Literal["render"] = "render"
    row: str
    path: list[str] = []
    view: str


class RenderItems(Part):
    """The page of the operation's query, each row in the shape of a view.

    With `column`, bare values of that column instead of objects.
    """

    kind: Literal["items"] = "items"
    view: str | None = None
    column: str | None = None


class RenderChildren(Part):
    """Rows of another entity whose foreign key points to `row`, oldest first."""

    kind: Literal["children"] = "children"
    row: str
    entity: str
    column: str
    view: str


class RenderReferenced(Part):
    """The rows that `row` points to by `column`, each once, oldest first.

    `row` "row" stands for all rows of the page.
    """

    kind: Literal["referenced"] = "referenced"
    row: str
    entity: str
    column: str
    view: str


class Linked(Part):
    """Whether `me` is linked to a row; false without a user. Expression and predicate."""

    kind: Literal["linked"] = "linked"
    link: str
    row: str
    path: list[str] = []


class LinkCount(Part):
    """How many users are linked to the row."""

    kind: Literal["link_count"] = "link_count"
    link: str
    row: str


class ChildCount(Part):
    """How many rows of `entity` point to the row by `column`."""

    kind: Literal["child_count"] = "child_count"
    entity: str
    column: str
    row: str


class PageInfo(Part):
    """A fact about the page of the operation's query.

    With `asked_by`, null unless one of these parameters was sent.
    """

    kind: Literal["page_info"] = "page_info"
    fact: Literal[
        "total", "count", "limit", "offset", "page", "pages", "has_more", "next_cursor", "links"
    ]
    asked_by: list[str] = []


Expr = Annotated[
    Const
    | ObjectOf
    | ArrayOf
    | ColumnValue
    | InputValue
    | IfSent
    | BodyValue
    | PathValue
    | QueryValue
    | RequestLine
    | Now
    | Token
    | OwnToken
    | Template
    | Render
    | RenderItems
    | RenderChildren
    | RenderReferenced
    | Linked
    | LinkCount
    | ChildCount
    | PageInfo,
    Field(discriminator="kind"),
]


class Compare(Part):
    kind: Literal["compare"] = "compare"
    left: Expr
    op: Literal["eq", "ne"] = "eq"
    right: Expr


class AllOf(Part):
    kind: Literal["all"] = "all"
    of: list["Predicate"]


class AnyOf(Part):
    kind: Literal["any"] = "any"
    of: list["Predicate"]


class Not(Part):
    kind: Literal["not"] = "not"
    of: "Predicate"


Predicate = Annotated[Compare | Linked | AllOf | AnyOf | Not, Field(discriminator="kind")]
