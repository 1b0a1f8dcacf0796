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
)
from harness.inference.observe import Observation


def named(text: str, value: str, name: str) -> str:
    """The text with a place where the value of a path parameter stands as a word of its own."""
    if not value:
        return text
    return re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", f"{{{name}}}", text)


def error_template(observations: list[Observation]) -> ResponseTemplate:
    """The answer that a group of refusals has in common, with what varies by the request."""
    first = observations[0]
    headers: dict[str, Expr] = {}
    if challenge := first.headers.get("www-authenticate"):
        headers["WWW-Authenticate"] = Const(value=challenge)
    body = None
    if first.answer is not None or first.is_json:
        body = _error_body([(each, each.answer) for each in observations])
    return ResponseTemplate(
        status=first.status, content_type=first.answer_type, headers=headers, body=body
    )


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
