"""What was seen of one endpoint, and the endpoint that follows from it."""

from collections import Counter
from collections.abc import Collection

from harness.inference.model import Endpoint
from harness.inference.paths.templates import Match, Templates
from harness.inference.schemas.bodies import EVENTS, MULTIPART, BodyShape
from harness.inference.schemas.parameters import QueryShape, TextShape
from harness.inference.schemas.shape import Schema
from harness.traffic.exchange import Exchange, Request, Response

MAX_EVIDENCE = 20
_PER_STATUS = 5
_FAILED = 400
_BROKEN = 500
_UNAUTHORIZED = 401
_REFUSING = (400, 422)
_MAX_REASON = 4_096
_GRAPHQL_KEYS = frozenset({"query", "variables", "operationName", "extensions"})


class EndpointTrace:
    """Everything seen of one endpoint."""

    def __init__(self, method: str, template: str) -> None:
        self.method = method
        self.template = template
        self.broken: Counter[int] = Counter()
        self.broken_evidence: list[str] = []
        self._hosts: Counter[str] = Counter()
        self._count = 0
        self._successes = 0
        self._evidence: dict[int, list[str]] = {}
        self._params: dict[bool, dict[str, TextShape]] = {True: {}, False: {}}
        self._query: dict[bool, dict[str, QueryShape]] = {True: {}, False: {}}
        self._refusals: list[tuple[frozenset[str], bytes]] = []
        self._requests: dict[bool, dict[str, BodyShape]] = {True: {}, False: {}}
        self._responses: dict[int, dict[str, BodyShape]] = {}
        self._credentials: set[str] = set()
        self._sent = self._open = False
        self._unauthorized = False
        self._graphql = False
        self._protocols: set[str] = set()

    def observe(
        self,
        exchange: Exchange,
        response: Response,
        match: Match,
        sent: set[str],
        evidence: str,
    ) -> None:
        request, status = exchange.request, response.status
        self._hosts[request.host] += 1
        self._count += 1
        if status >= _BROKEN:
            self.broken[status] += 1
            self.broken_evidence = [*self.broken_evidence, evidence][:MAX_EVIDENCE]
            return
        known = self._evidence.setdefault(status, [])
        if len(known) < _PER_STATUS:
            known.append(evidence)
        succeeded = status < _FAILED
        self._successes += succeeded
        self._observe_credentials(status, sent)
        self._observe_params(request, match, response, succeeded=succeeded)
        if request.body:
            self._observe_request(request, succeeded=succeeded)
        self._observe_response(response)

    def observe_message(self, exchange: Exchange, evidence: str) -> None:
        self._protocols.add("websocket")
        self._hosts[exchange.request.host] += 1
        known = self._evidence.setdefault(101, [])
        if len(known) < _PER_STATUS:
            known.append(evidence)
        if exchange.channel == "sent":
            bodies = self._requests[True]
        else:
            bodies = self._responses.setdefault(101, {})
        _add(bodies, "application/json", exchange.message)

    def _observe_credentials(self, status: int, sent: set[str]) -> None:
        if status < _FAILED:
            self._credentials |= sent
        self._sent |= bool(sent)
        self._unauthorized |= status == _UNAUTHORIZED
        self._open |= status < _FAILED and not sent

    def _observe_params(
        self, request: Request, match: Match, response: Response, *, succeeded: bool
    ) -> None:
        for name, value in match.params.items():
            self._params[succeeded].setdefault(name, TextShape()).add(value)
        grouped: dict[str, list[str]] = {}
        for name, value in request.params():
            grouped.setdefault(name, []).append(value)
        for name, values in grouped.items():
            self._query[succeeded].setdefault(name, QueryShape()).add(values)
        if response.status in _REFUSING and not request.body:
            self._refusals.append((frozenset(grouped), response.body[:_MAX_REASON]))
            del self._refusals[MAX_EVIDENCE:]

    def _observe_request(self, request: Request, *, succeeded: bool) -> None:
        content_type = request.content_type or _guessed(request.body)
        if content_type == MULTIPART:
            self._protocols.add("multipart")
        elif content_type == "application/graphql":
            self._graphql = True
        shape = _add(
            self._requests[succeeded],
            content_type,
            request.body,
            request.header("content-type") or "",
        )
        self._graphql |= _is_graphql(shape)

    def _observe_response(self, response: Response) -> None:
        bodies = self._responses.setdefault(response.status, {})
        content_type = response.content_type
        if content_type == EVENTS:
            self._protocols.add("sse")
        if response.status == 101:  # noqa: PLR2004
            self._protocols.add("websocket")
        elif response.body:
            _add(bodies, content_type or _guessed(response.body), response.body)

    # ----------------------------------------------------------------------- the endpoint

    def endpoint(self, secrets: Collection[str], templates: Templates) -> Endpoint:
        protocol = next(
            (name for name in ("websocket", "sse", "multipart") if name in self._protocols),
            "graphql" if self._graphql else "rest",
        )
        queries = self._query[True] or self._query[False]
        return Endpoint(
            method=self.method,
            host=min(self._hosts, key=lambda host: (-self._hosts[host], host), default=""),
            path=self.template,
            params=self._param_schemas(secrets),
            query={
                name: _open_values(shape.schema(name, secrets), templates)
                for name, shape in queries.items()
            },
            required_query=self._required_query(),
            requests=_schemas(self._requests[True] or self._requests[False], secrets),
            responses={
                str(status): _schemas(bodies, secrets)
                for status, bodies in sorted(self._responses.items())
            },
            secured=bool(self._sent or self._unauthorized) and not self._open,
            credentials=sorted(self._credentials),
            count=self._count,
            protocol=protocol,
            evidence=self._all_evidence(),
        )

    def _param_schemas(self, secrets: Collection[str]) -> dict[str, Schema]:
        shapes = self._params[False] | self._params[True]
        return {
            name: {
                key: value for key, value in shape.schema(name, secrets).items() if key != "enum"
            }
            for name, shape in shapes.items()
        }

    def _required_query(self) -> list[str]:
        """Parameters of every success; a request without one was refused for that reason."""
        return [
            name
            for name, shape in self._query[True].items()
            if shape.requests == self._successes
            and any(name not in sent and name.encode() in why for sent, why in self._refusals)
        ]

    def _all_evidence(self) -> list[str]:
        ids = [item for _, items in sorted(self._evidence.items()) for item in items]
        return ids[:MAX_EVIDENCE]


def _add(
    bodies: dict[str, BodyShape], content_type: str, body: bytes, full_type: str = ""
) -> BodyShape:
    shape = bodies.get(content_type)
    if shape is None:
        shape = bodies[content_type] = BodyShape(content_type)
    shape.add(body, full_type)
    return shape


def _schemas(bodies: dict[str, BodyShape], secrets: Collection[str]) -> dict[str, Schema]:
    return {name: shape.schema(secrets) for name, shape in sorted(bodies.items())}


def _open_values(schema: Schema, templates: Templates) -> Schema:
    """Drop an enumeration whose values identify rows: there will be other rows."""
    values = schema.get("enum", ())
    if sum(map(templates.identifies_row, values)) * 2 > len(values):
        return {key: value for key, value in schema.items() if key != "enum"}
    return schema


def _guessed(body: bytes) -> str:
    return "application/json" if body[:1] in (b"{", b"[") else "application/octet-stream"


def _is_graphql(shape: BodyShape) -> bool:
    keys = shape.json.properties
    return "query" in keys and keys.keys() <= _GRAPHQL_KEYS and keys["query"].strings > 0
