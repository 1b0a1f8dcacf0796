"""Operations, and the whole API model."""

from typing import Any, Literal

from harness.inference.model.basis import Evidence, Finding, Part
from harness.inference.model.conditions import Check, RuledOutCheck
from harness.inference.model.effects import Effect, Query
from harness.inference.model.entities import Entity, Link, View
from harness.inference.model.requests import Lookup, Param, RequestBody, ResponseTemplate
from harness.inference.model.sockets import Socket

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
    sockets: list[Socket] = []
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
