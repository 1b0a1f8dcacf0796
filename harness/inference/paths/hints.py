"""Parameter names that the API itself tells, in its answers to malformed values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.inference.paths.segments import WORD, can_be_value, form, value_of
from harness.inference.paths.tree import Node
from harness.traffic.exchange import Exchange

_MALFORMED = (400, 422)


@dataclass(frozen=True, slots=True)
class PathHint:
    """A parameter name for a path; `value` is the malformed value where the answer repeats it."""

    path: tuple[str, ...]
    name: str
    value: str | None = None


def hints(path: list[str], exchange: Exchange, answer: Any) -> Iterator[PathHint]:
    """Find the names of path parameters in an error: `loc: ["path", name]` or `errors: {name}`."""
    response = exchange.response
    if response is None or response.status not in _MALFORMED or not isinstance(answer, dict):
        return
    for item in _objects(answer):
        place = item.get("loc")
        if isinstance(place, list) and len(place) == 2 and place[0] == "path":  # noqa: PLR2004
            given = item.get("input")
            yield PathHint(tuple(path), str(place[1]), given if isinstance(given, str) else None)
    errors = answer.get("errors")
    if isinstance(errors, dict) and not exchange.request.body:
        asked = {name for name, _ in exchange.request.params()}
        for name in errors:
            if name.isidentifier() and name not in asked:
                yield PathHint(tuple(path), name)


def bind(root: Node, hint: PathHint) -> None:
    """Give the hinted name to the parameter on the path whose value is not of its form."""
    node: Node | None = root
    odd: list[Node] = []
    for token in hint.path:
        if node is None:
            return
        literal = node.children.get(token)
        if literal is None and node.param is not None and can_be_value(token):
            value = value_of(token)
            if value == hint.value or (hint.value is None and _odd(node.param, value)):
                odd.append(node.param)
        node = literal or node.param
    if len(odd) == 1:
        odd[0].hinted[hint.name] += 1


def _odd(param: Node, value: str) -> bool:
    return form(value) == WORD and param.forms.get(WORD, 0) * 2 <= sum(param.forms.values())


def _objects(value: Any, depth: int = 6) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and depth:
        for item in value:
            yield from _objects(item, depth - 1)
