"""Exchanges, read for what they mean: operation, caller, input, outcome."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from harness.inference.paths.templates import Templates
from harness.traffic.exchange import Exchange, Response, parse_json

JsonObject = dict[str, Any]
UNPARSABLE = object()
"""The body of a request that is not what its content type says."""

_SUCCESS, _REDIRECT, _NOT_MODIFIED, _SERVER_ERROR = 200, 300, 304, 500
_SHORTEST_CREDENTIAL = 12
_AUTH_HEADERS = ("authorization", "x-api-key", "x-auth-token", "x-access-token", "api-key")


@dataclass(slots=True, eq=False)
class Observation:
    """One exchange, parsed. `index` orders the observations of all recordings.

    `body` is the parsed request (JSON value, form fields, None when empty, UNPARSABLE);
    `answer` the parsed response (JSON value, else text). `credential` is what the request
    offered to say who it is, `scheme` the word before it.
    """

    index: int
    recording: str
    seq: int
    method: str
    path: str
    template: str | None
    params: dict[str, str]
    query: list[tuple[str, str]]
    origin: str
    body: Any
    body_type: str
    status: int
    answer: Any
    is_json: bool
    answer_type: str | None
    headers: dict[str, str]
    credential: str | None = None
    scheme: str | None = None
    credential_header: str | None = None
    started: float = 0.0
    raw_body: bytes = field(default=b"", repr=False)
    given: frozenset[str] = frozenset()
    """Texts of the answer that later requests of the recording offered as their credential."""

    @property
    def id(self) -> str:
        return f"{self.recording}#{self.seq}"

    @property
    def ok(self) -> bool:
        return _SUCCESS <= self.status < _REDIRECT

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.template or self.path


def observe(
    name: str, exchanges: Iterable[Exchange], templates: Templates, start: int = 0
) -> list[Observation]:
    """Parse the HTTP exchanges that teach something: answered, below 500, not conditional."""
    index = start
    offered: dict[str, Observation] = {}
    seen: list[Observation] = []
    for exchange in exchanges:
        response = exchange.response
        if not exchange.is_http or response is None or response.status == _NOT_MODIFIED:
            continue
        if _SUCCESS <= response.status < _SERVER_ERROR:
            observation = _observation(index, name, exchange, response, templates)
            seen.append(observation)
            if observation.credential:
                offered.setdefault(observation.credential, observation)
            index += 1
    _give(seen, offered)
    return seen


def _give(observations: list[Observation], offered: dict[str, Observation]) -> None:
    """Note which texts of answers were offered as credentials afterwards."""
    for each in observations:
        texts = {text for text in _texts(each.answer) if len(text) >= _SHORTEST_CREDENTIAL}
        each.given = frozenset(
            text for text in texts & offered.keys() if offered[text].index > each.index
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _observation(
    index: int, name: str, exchange: Exchange, response: Response, templates: Templates
) -> Observation:
    request = exchange.request
    match = templates.match(request.method, request.host, request.path)
    answer, is_json = _answer(response.body)
    observation = Observation(
        index=index,
        recording=name,
        seq=exchange.seq,
        method=request.method,
        path=request.path,
        template=match.template if match else None,
        params=match.params if match else {},
        query=request.params(),
        origin=f"{request.scheme}://{request.host}",
        body=_request_body(request.content_type, request.body),
        body_type=request.content_type,
        status=response.status,
        answer=answer,
        is_json=is_json,
        answer_type=response.header("content-type"),
        headers={key.lower(): value for key, value in response.headers},
        started=exchange.started,
        raw_body=request.body,
    )
    for header in _AUTH_HEADERS:
        value = request.header(header)
        if value is not None:
            observation.credential_header = header
            observation.scheme, observation.credential = split_credential(value)
            break
    return observation


def split_credential(value: str) -> tuple[str, str | None]:
    """`Bearer abc` -> ("Bearer", "abc"); a bare token has the scheme ""; a bare word no token."""
    scheme, _, token = value.strip().partition(" ")
    if token:
        return scheme, token.strip()
    if re.fullmatch(r"[A-Za-z]{1,12}", scheme):
        return scheme, None
    return "", scheme or None


def _answer(body: bytes) -> tuple[Any, bool]:
    if not body:
        return None, False
    try:
        return parse_json(body), True
    except ValueError:
        return body.decode("utf-8", "replace"), False


def _request_body(content_type: str, body: bytes) -> Any:
    if not body:
        return None
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if content_type.startswith("multipart/"):
        return _multipart_fields(body)
    try:
        return parse_json(body)
    except ValueError:
        return UNPARSABLE


def _multipart_fields(body: bytes) -> JsonObject:
    fields: JsonObject = {}
    for part in re.split(rb"\r?\n?--[^\r\n]+\r?\n", b"\r\n" + body):
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name and b"filename=" not in head:
            fields[name[1].decode()] = value.rstrip(b"\r\n").decode("utf-8", "replace")
    return fields


def at(value: Any, location: tuple[str, ...]) -> list[Any]:
    """The values at a location; `[]` steps over the items of a list."""
    values = [value]
    for step in location:
        if step == "[]":
            values = [item for each in values if isinstance(each, list) for item in each]
        else:
            values = [each[step] for each in values if isinstance(each, dict) and step in each]
    return values
