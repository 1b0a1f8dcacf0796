"""Endpoints of the API model: parameters, bodies and credentials by method and template."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from harness.inference.model import Endpoint, Finding
from harness.inference.paths.templates import Match, Templates
from harness.inference.schemas.credentials import Secrets, credentials, secrets_in
from harness.inference.schemas.endpoint_trace import EndpointTrace
from harness.traffic.exchange import Exchange, Request, parse_json

_MAX_CACHED = 20_000
_MAX_SECRET_BODY = 16_384


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
        self._traces: dict[tuple[str, str], EndpointTrace] = {}
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

    def _trace(self, method: str, template: str) -> EndpointTrace:
        key = (method, template)
        if key not in self._traces:
            self._traces[key] = EndpointTrace(method, template)
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
