"""The API model: everything that was inferred from recordings, as data.

Three readers: `explain` and the documents (openapi.yaml, API.md), the feature list, and the
offline builder, which compiles it to code. An operation reads like the handler that it becomes:

    checks in their order -> lookups -> effects -> response

Expressions, predicates and conditions are small syntax trees, told apart by `kind`. Rows have
names: `me` is the authenticated user, `row` the row that a view renders or a query filters,
`created` the row of the operation's insert, every other name is a lookup of the operation.
Column paths walk foreign keys: `["author_id", "username"]` is the username of the row's author.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ColumnType = Literal[
    "string", "integer", "number", "boolean", "datetime", "date", "uuid", "json", "strings"
]
FieldType = Literal["string", "integer", "number", "boolean", "object", "strings", "array", "any"]
Evidence = list[str]
"""Exchanges that a fact rests on, as `recording#seq`."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Finding(Part):
    """Expected trouble: what inference could not decide or did not use."""

    level: Literal["info", "warning", "error"]
    where: str
    detail: str
    evidence: Evidence = []


# --------------------------------------------------------------------------- expressions


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
    | BodyValue
    | PathValue
    | QueryValue
    | RequestLine
    | Now
    | Token
    | Template
    | Render
    | RenderItems
    | RenderChildren
    | Linked
    | LinkCount
    | ChildCount
    | PageInfo,
    Field(discriminator="kind"),
]


# ---------------------------------------------------------------------------- predicates


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


# ------------------------------------------------------------------------------ entities


class Generated(Part):
    """How a column gets its value when no effect sets it.

    `now` at insert, `touched` at insert and at every update; `slug` of the column `of`, with a
    random suffix on a clash (`suffix` is its length in hex digits), renewed when `of` changes
    if `follows` is true. Slugs are folded to ASCII and lower case; then `slug_style` "replace"
    turns every run of other characters than letters and digits into one hyphen, "remove" drops
    all characters but letters, digits, underscores, spaces and hyphens first and turns runs of
    spaces and hyphens into one hyphen (`it's a_b` -> `it-s-a-b` and `its-a_b`).
    """

    by: Literal["sequence", "uuid", "object_id", "digits", "random", "now", "touched", "slug"]
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


# ---------------------------------------------------------------------------- operations


class ResponseTemplate(Part):
    """A response. `body` None is empty; a string constant under a text type is sent as it is."""

    status: int
    content_type: str | None = "application/json"
    headers: dict[str, Expr] = {}
    body: Expr | None = None


class Param(Part):
    name: str
    type: Literal["string", "integer", "number", "boolean", "uuid"] = "string"
    required: bool = False
    default: Any = None


class Rule(Part):
    """What a request field must satisfy, and the error that says it does not.

    `limit` is the number of min_length, max_length, minimum, maximum, the list of enum, the
    pattern of pattern, the JSON type of type. The error's `body` may refer to the field
    (InputValue holds the value as sent) and to the body.
    """

    kind: Literal[
        "required", "not_null", "type", "not_blank", "min_length", "max_length", "minimum",
        "maximum", "email", "uuid", "url", "enum", "pattern",
    ]  # fmt: skip
    limit: Any = None
    status: int = 422
    body: Expr
    evidence: Evidence = []
    assumed: bool = False


class InputField(Part):
    """A field of the request body. Its rules are tried in order, the first broken one counts.

    `normalize` is applied after the rules, in order.
    """

    name: str
    type: FieldType
    nullable: bool = False
    normalize: list[
        Literal["blank_to_null", "strip", "lower", "to_string", "to_boolean", "email_domain_lower"]
    ] = []
    rules: list[Rule] = []
    evidence: Evidence = []


class RequestBody(Part):
    """The request body. With `envelope`, the fields are inside the object of that key.

    `body_rules` apply to the whole body (`required`: it is empty; `type`: not an object),
    `envelope_rules` to the envelope. Errors of several fields are merged: objects key by key,
    lists joined; with `report` "first" only the first counts. With `forms`, an operation that
    takes JSON reads forms, too. Without `objects_only`, other JSON values pass as empty objects.
    """

    content_type: Literal[
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
    ] = "application/json"
    envelope: str | None = None
    fields: list[InputField] = []
    body_rules: list[Rule] = []
    envelope_rules: list[Rule] = []
    report: Literal["all", "first"] = "all"
    any_shape: bool = False
    forms: bool = False
    objects_only: bool = True


class Lookup(Part):
    """Find one row by a column; `within` narrows it to children of an earlier row.

    `column` None takes the only row of a singleton entity.
    """

    name: str
    entity: str
    column: str | None
    value: Expr | None
    within: dict[str, str] = {}
    """Foreign key column of the entity -> name of an earlier row."""


class Unparsable(Part):
    """The body is not JSON (or not of its content type)."""

    kind: Literal["unparsable"] = "unparsable"


class Unauthenticated(Part):
    """No token of the scheme was sent."""

    kind: Literal["unauthenticated"] = "unauthenticated"


class BadToken(Part):
    """A token was sent that is not valid."""

    kind: Literal["bad_token"] = "bad_token"


class TokenOfNobody(Part):
    """A token was sent whose user is gone."""

    kind: Literal["token_of_nobody"] = "token_of_nobody"


class BadParam(Part):
    """A path or query parameter is not of its type."""

    kind: Literal["bad_param"] = "bad_param"
    place: Literal["path", "query"]
    name: str


class InvalidBody(Part):
    """A rule of the request body is broken; the rules hold the response."""

    kind: Literal["invalid_body"] = "invalid_body"


class Missing(Part):
    """The lookup found no row. The lookup is made at this place in the order of checks."""

    kind: Literal["missing"] = "missing"
    lookup: str


class Taken(Part):
    """Another row has the value of the field already (not the row under change)."""

    kind: Literal["taken"] = "taken"
    entity: str
    column: str
    input: str


class WrongPassword(Part):
    """The password in the body is not the row's."""

    kind: Literal["wrong_password"] = "wrong_password"
    input: str
    row: str


class SamePassword(Part):
    """The new password in the body is the one that the row has already."""

    kind: Literal["same_password"] = "same_password"
    input: str
    row: str


class Holds(Part):
    kind: Literal["holds"] = "holds"
    predicate: Predicate


Condition = Annotated[
    Unparsable
    | Unauthenticated
    | BadToken
    | TokenOfNobody
    | BadParam
    | InvalidBody
    | Missing
    | Taken
    | WrongPassword
    | SamePassword
    | Holds,
    Field(discriminator="kind"),
]


class Check(Part):
    """Answer with `response` when the condition is met. `response` is None for InvalidBody.

    `assumed`: not observed on this operation but carried over from its siblings.
    """

    when: Condition
    response: ResponseTemplate | None = None
    evidence: Evidence = []
    assumed: bool = False


class RuledOutCheck(Part):
    """A condition that accepted requests met: it refuses nothing."""

    when: Condition
    evidence: Evidence = []


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


OperationKind = Literal[
    "create", "list", "read", "replace", "merge", "delete", "delete_all", "link", "unlink",
    "action", "register", "login", "logout", "current_user", "constant",
]  # fmt: skip


class Operation(Part):
    """One endpoint: what it checks, does and answers. `id` is its snake-case name.

    `resource` groups operations into modules. `constant` operations answer what was recorded:
    nothing better explains them (a finding says so).
    """

    id: str
    method: str
    path: str
    resource: str
    kind: OperationKind
    summary: str
    auth: Literal["none", "optional", "required"] = "none"
    path_params: list[Param] = []
    query_params: list[Param] = []
    request: RequestBody | None = None
    lookups: list[Lookup] = []
    checks: list[Check] = []
    ruled_out: list[RuledOutCheck] = []
    effects: list[Effect] = []
    query: Query | None = None
    response: ResponseTemplate
    evidence: Evidence = []


class Auth(Part):
    """How requests say who they are. `header` with one of `schemes` before the token, or `cookie`.

    An empty string in `schemes` is the bare token. Passwords are kept in the `password` column of
    the user entity. `token_format` is what a new token looks like.
    """

    user: str
    header: str | None = "Authorization"
    schemes: list[str] = ["Bearer"]
    cookie: str | None = None
    token_format: Literal["jwt", "uuid", "hex", "base64url"] = "jwt"
    token_length: int | None = None
    password: str = "password"
    evidence: Evidence = []


class Fallbacks(Part):
    """What the original answers where no operation is: None is the framework's default.

    `head` and `options` say whether these methods are served or are a wrong method.
    """

    unknown_path: ResponseTemplate | None = None
    wrong_method: ResponseTemplate | None = None
    head: Literal["get", "wrong_method"] = "get"
    options: ResponseTemplate | None = None
    trailing_slash: Literal["strict", "redirect"] = "strict"


class SeedState(Part):
    """The state in which a recording starts, in rows that can be inserted as they are.

    `tables`: entity -> rows (column -> value), primary keys included, foreign keys resolved,
    passwords in clear. `links`: link -> rows of the two columns. `tokens`: token -> primary key
    of its user. `last_keys`: entity -> highest number that its sequence has given out.
    """

    recording: str
    tables: dict[str, list[dict[str, Any]]] = {}
    links: dict[str, list[dict[str, Any]]] = {}
    tokens: dict[str, Any] = {}
    last_keys: dict[str, int] = {}


class Endpoint(Part):
    """Method, path template and what was seen there: the raw side of the model, for documents.

    Schemas are JSON Schema (draft 2020-12); `requests` by content type, `responses` by status and
    content type. `credentials` are the ways in which requests said who they are
    (`Authorization: Bearer`, `Cookie: sid`, `X-Api-Key`); messages of a WebSocket are the request
    (sent) and the response 101 (received).
    """

    method: str
    host: str
    path: str
    params: dict[str, dict[str, Any]] = {}
    query: dict[str, dict[str, Any]] = {}
    required_query: list[str] = []
    requests: dict[str, dict[str, Any]] = {}
    responses: dict[str, dict[str, dict[str, Any]]] = {}
    secured: bool = False
    credentials: list[str] = []
    count: int = 0
    protocol: Literal["rest", "graphql", "sse", "websocket", "multipart"] = "rest"
    evidence: Evidence = []


class ApiModel(Part):
    """Everything inferred from the recordings of one application.

    `seeds` has one state a recording; `base` is the common path prefix of all operations.
    """

    title: str
    base: str = ""
    hosts: list[str] = []
    recordings: list[str] = []
    endpoints: list[Endpoint] = []
    auth: Auth | None = None
    entities: list[Entity] = []
    links: list[Link] = []
    views: list[View] = []
    operations: list[Operation] = []
    fallbacks: Fallbacks = Fallbacks()
    seeds: list[SeedState] = []
    findings: list[Finding] = []

    def entity(self, name: str) -> Entity:
        return next(entity for entity in self.entities if entity.name == name)

    def view(self, name: str) -> View:
        return next(view for view in self.views if view.name == name)

    def link(self, name: str) -> Link:
        return next(link for link in self.links if link.name == name)

    def operation(self, operation_id: str) -> Operation:
        return next(item for item in self.operations if item.id == operation_id)
