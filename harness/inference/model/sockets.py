"""WebSocket endpoints: what their clients call, and what they are told."""

from typing import Any

from harness.inference.model.basis import Evidence, Part
from harness.traffic.framings.recipes import Recipe


class VirtualRequests(Part):
    """Calls of a socket that are HTTP requests in all but name: how they name their parts.

    `headers` are those that answers show, as they are spelled there.
    """

    address: str = "url"
    body: str = "data"
    status: str = "statusCode"
    headers: list[str] = []


class Reply(Part):
    """What a caller is told of the outcome, made of `{"answer": …}`, the body of the response.

    `values` makes the list of the answer's values; with an `event`, that of its arguments.
    """

    values: Recipe
    event: str | None = None


class SocketCall(Part):
    """Calls of one kind as an operation, made of `{"arguments": […], "space": …}`.

    `key` is what tells the kind: the kind of space, the name, the service where the name is but a
    verb. `path` has a recipe for each segment; a `credential` says who goes on with a session.
    """

    key: list[str]
    credential: Recipe | None = None
    method: str
    path: list[Recipe]
    query: Recipe | None = None
    body: Recipe | None = None
    reply: Reply | None = None
    refusal: Reply | None = None
    evidence: Evidence = []


class Watched(Part):
    """A list that a subscription shows, and the name that its rows go by."""

    collection: str
    path: list[Recipe]
    query: Recipe | None = None


class Subscription(Part):
    """What the subscriptions of one name show: lists, whose changes are told from then on."""

    name: str
    lists: list[Watched]
    evidence: Evidence = []


class LiveEvent(Part):
    """What clients are told after an operation.

    `told` makes `{"space": …, "arguments": […]}` of `{"answer", "body", "path"}`. In a space it
    goes to those who joined it; else to those who know the `key`, or without one to all. If
    `signed` says so, they have to be signed in; if `writer` does, who asked is told as well.
    """

    operation: str
    name: str
    told: Recipe
    key: Recipe | None = None
    writer: bool = False
    signed: bool = False
    evidence: Evidence = []


class Documents(Part):
    """How documents of GraphQL are answered.

    `typenames` are by the names of fields from the root on (`note.author`). Errors of fields that
    are `nullable` leave the data of others as it is; those that are `absent` are null where there
    is no row. `subscriptions` are root fields that can be subscribed to. `located` says that errors
    tell where in the document they arose.
    """

    typenames: dict[str, str] = {}
    nullable: list[str] = []
    absent: list[str] = []
    subscriptions: list[str] = []
    located: bool = False


class Socket(Part):
    """An endpoint of WebSockets or of engine.io, polled or not, and how its clients speak to it.

    `version` is that of the transport (engine.io), `settings` what the server says of it when a
    connection opens. Tokens come in parameters of the handshake, in what the client opens with, or
    in answers. `grammar` says what the members of plain JSON messages are for,
    `date_members` which members of DDP are dates. The framing `graphql` is that of documents which
    are sent over HTTP; calls are then root fields.
    """

    path: str
    framing: str
    version: int | None = None
    enveloped: bool = False
    requests: VirtualRequests | None = None
    settings: dict[str, Any] = {}
    grammar: dict[str, str | None] = {}
    date_members: list[str] = []
    documents: Documents | None = None
    query_tokens: list[str] = []
    opening_tokens: list[str] = []
    answer_tokens: list[str] = []
    calls: list[SocketCall] = []
    subscriptions: list[Subscription] = []
    events: list[LiveEvent] = []
    evidence: Evidence = []
