"""What refusals have in common: the body of an error, with the parts that follow the request."""

import re
from collections.abc import Iterable
from typing import Any

from harness.inference.model import (
    ArrayOf,
    Const,
    Expr,
    ObjectOf,
    PathValue,
    QueryValue,
    RequestLine,
    ResponseTemplate,
    Template,
    Token,
)
from harness.inference.observe import Observation
from harness.inference.state.tokens import leaves, token_values


def named(text: str, value: str, name: str) -> str:
    """The text with a place where the value of a path parameter stands as a word of its own."""
    if not value:
        return text
    return re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", f"{{{name}}}", text)


def error_template(
    observations: list[Observation], token_of: str | None = None
) -> ResponseTemplate:
    """The answer that a group of refusals has in common, with what varies by the request.

    `token_of` names the row whose tokens it hands out, if any.
    """
    first = observations[0]
    headers: dict[str, Expr] = {}
    if challenge := first.headers.get("www-authenticate"):
        headers["WWW-Authenticate"] = Const(value=challenge)
    body = None
    if first.answer is not None or first.is_json:
        body = _error_body([(each, each.answer) for each in observations])
        if token_of is not None and (names := _token_names(first)):
            body = _with_tokens(body, names, token_of)
    return ResponseTemplate(
        status=first.status, content_type=first.answer_type, headers=headers, body=body
    )


def _token_names(observation: Observation) -> set[str]:
    """The fields of an answer that hold tokens."""
    tokens = set(token_values(observation.answer))
    return {name for name, value in leaves(observation.answer) if value in tokens}


def _with_tokens(body: Expr, names: set[str], row: str) -> Expr:
    """Put new tokens in the place of the recorded ones."""
    if isinstance(body, Const) and isinstance(body.value, dict):
        body = ObjectOf(fields={name: Const(value=value) for name, value in body.value.items()})
    if not isinstance(body, ObjectOf):
        return body
    fields = {
        name: Token(row=row) if name in names else _with_tokens(value, names, row)
        for name, value in body.fields.items()
    }
    return ObjectOf(fields=fields)


def _error_body(samples: list[tuple[Observation, Any]]) -> Expr:
    first = samples[0][1]
    if not isinstance(first, str) and _constant(samples):
        return Const(value=first)
    if isinstance(first, dict) and first and all(isinstance(v, dict) for _, v in samples):
        return ObjectOf(
            fields={
                key: _error_body([(each, v[key]) for each, v in samples if key in v])
                for key in first
            }
        )
    if isinstance(first, list) and first:
        return ArrayOf(
            items=[
                _error_body([(each, v[place]) for each, v in samples if len(v) > place])
                for place in range(len(first))
            ]
        )
    if isinstance(first, str) and (expr := _request_text(samples)) is not None:
        return expr
    return Const(value=first)


def _constant(samples: list[tuple[Observation, Any]]) -> bool:
    """Whether nothing in the answers follows the request."""
    same = all(value == samples[0][1] for _, value in samples)
    return same and all(_request_text([(each, text)]) is None
                        for each, value in samples for text in _texts(value))  # fmt: skip


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _request_text(samples: list[tuple[Observation, Any]]) -> Expr | None:
    """Text that holds a path parameter, a query parameter, the path or the method."""
    each, text = samples[0]
    if len(each.path) > 1 and each.path in text:
        template = text.replace(each.path, "{path}")
        values: dict[str, Expr] = {"path": RequestLine(part="path")}
        if f" {each.method} " in f" {template} ":
            template = template.replace(each.method, "{method}", 1)
            values["method"] = RequestLine(part="method")
        return Template(text=template, values=values)
    for name, value in each.params.items():
        if text == value:
            return PathValue(name=name)
        if (said := named(text, value, name)) != text:
            return Template(text=said, values={name: PathValue(name=name)})
    for name, value in each.query:
        if value and text == value:
            return QueryValue(name=name)
    return None
