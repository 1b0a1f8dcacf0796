"""Endpoints of the API model: parameters, bodies and credentials by method and template."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from harness.inference.bodies import EVENTS, MULTIPART, BodyShape
from harness.inference.credentials import Secrets, credentials, secrets_in
from harness.inference.model import Endpoint, Finding
from harness.inference.parameters import QueryShape, TextShape
from harness.inference.schemas import Schema
from harness.inference.templates import Match, Templates
from harness.traffic.exchange import Exchange, Request, Response, parse_json

MAX_EVIDENCE = 20
_PER_STATUS = 5
_FAILED = 400
_BROKEN = 500
_UNAUTHORIZED = 401
_REFUSING = (400, 422)
_MAX_CACHED = 20_000
_MAX_SECRET_BODY = 16_384
_MAX_REASON = 4_096
_GRAPHQL_KEYS = frozenset({"query", "variables", "operationName", "extensions"})


class NamedExchanges(Protocol):
    """A recording as far as learning needs it: a name, and exchanges to iterate."""

    @property
    def name(self) -> str: ...

    def __iter__(self) -> Iterator[Exchange]: ...


def learn_endpoints(
    recordings: Iterable[NamedExchanges],
    templates: Templates,
    findings: list[Finding] | None = None,
) -> list[Endpoint]:
    """Learn the endpoints of recordings in one pass; answers of 500 and above are left out.

    What was left out is appended to `findings`.
    """
    learner = _Learner(templates)
    for recording in recordings:
        for exchange in recording:
            learner.observe(exchange, f"{recording.name}#{exchange.seq}")
    if findings is not None:
        findings += learner.findings()
    return learner.endpoints()


class _Learner:
    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._known = set(templates.operations)
        self._traces: dict[tuple[str, str], _Trace] = {}
        self._matches: dict[tuple[str, str], Match | None] = {}
        self._secrets = Secrets()

    def observe(self, exchange: Exchange, evidence: str) -> None:
        request = exchange.request
        match = self._match(request)
        if match is None or (request.method, match.template) not in self._known:
            return
        trace = self._trace(request.method, match.template)
        if not exchange.is_http:
            trace.observe_message(exchange, evidence)
        elif exchange.response is not None:
            sent = set()
            for credential, secret in credentials(request.headers):
                sent.add(credential)
                self._secrets.add(secret)
            self._collect_secrets(request)
            trace.observe(exchange, exchange.response, match, sent, evidence)

    def _match(self, request: Request) -> Match | None:
        key = (request.method, request.path)
        if key not in self._matches:
            if len(self._matches) >= _MAX_CACHED:
                self._matches.clear()
            self._matches[key] = self._templates.match(request.method, request.host, request.path)
        return self._matches[key]

    def _trace(self, method: str, template: str) -> "_Trace":
        key = (method, template)
        if key not in self._traces:
            self._traces[key] = _Trace(method, template)
        return self._traces[key]

    def _collect_secrets(self, request: Request) -> None:
        if 0 < len(request.body) <= _MAX_SECRET_BODY and b'"' in request.body:
            try:
                value = parse_json(request.body)
            except (ValueError, RecursionError):
                return
            for secret in secrets_in(value):
                self._secrets.add(secret)

    def endpoints(self) -> list[Endpoint]:
        """All endpoints, by path and method. HEAD is part of GET where both are served."""
        return [
            trace.endpoint(self._secrets.values, self._templates)
            for (method, template), trace in sorted(
                self._traces.items(), key=lambda item: (item[0][1], item[0][0])
            )
            if not (method == "HEAD" and ("GET", template) in self._traces)
        ]

    def findings(self) -> list[Finding]:
        return [
            Finding(
                level="warning",
                where=f"{trace.method} {trace.template}",
                detail="server errors teach nothing: "
                + ", ".join(
                    f"{status} ({count})" for status, count in sorted(trace.broken.items())
                ),
                evidence=trace.broken_evidence,
            )
            for _, trace in sorted(self._traces.items())
            if trace.broken
        ]


class _Trace:
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
