"""Calls of one name as one endpoint: how its method, path, query and body are made of arguments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.traffic.framings.events import Call, Subscribe
from harness.traffic.framings.recipes import Fixed, Recipe, Same, Sample, Taken, find, learn
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.spaces import kind_of, parts_of
from harness.traffic.framings.verbs import parse_name

_REFUSED = 400

Key = tuple[str, ...]
Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Recipes from `{"arguments": […], "space": …}`; None for a query or body that is never sent.

    `path` has a recipe for each segment.
    """

    method: str
    path: tuple[Recipe, ...]
    query: Recipe | None = None
    body: Recipe | None = None


def key_of(asked: Call | Subscribe) -> Key:
    """What tells kinds of calls apart: kind of space, name, and the service where a verb is all."""
    if isinstance(asked, Subscribe):
        return ("", asked.name)
    kind = kind_of(parts_of(asked.space))
    service = _service(asked)
    return (kind, asked.name) if service is None else (kind, asked.name, service)


def source_of(asked: Call | Subscribe) -> dict[str, Any]:
    """Return what recipes of a call take their values from."""
    arguments = list(asked.arguments)
    if isinstance(asked, Subscribe):
        return {"arguments": arguments, "space": parts_of(asked.name)}
    if _service(asked) is not None:
        arguments[0] = NOTHING
    return {"arguments": arguments, "space": parts_of(asked.space)}


def learn_route(pairs: Sequence[tuple[Call | Subscribe, Operation]]) -> Route | None:
    """Learn how what is asked becomes operations; from what succeeded, where anything did."""
    done = [pair for pair in pairs if pair[1].status and pair[1].status < _REFUSED] or list(pairs)
    forms = Counter(_form(operation) for _, operation in done)
    if not forms:
        return None
    form = forms.most_common(1)[0][0]
    usual = [pair for pair in done if _form(pair[1]) == form]
    sources = [source_of(asked) for asked, _ in usual]
    paths = [operation.path.strip("/").split("/") for _, operation in usual]
    try:
        return Route(
            method=form[0],
            path=(
                Fixed(form[2]),
                *(_recipe(sources, [each[n] for each in paths]) for n in range(1, form[1])),
            ),
            query=_query(sources, [each.query for _, each in usual]),
            body=_body(sources, [each.body for _, each in usual]),
        )
    except _UnknownError:
        return None


def leads_to(path: Sequence[Recipe], template: str) -> bool:
    """Whether the segments that recipes make are those of a path template (`/notes/{id}`)."""
    segments = template.strip("/").split("/")
    return len(segments) == len(path) and all(
        segment.startswith("{") or not isinstance(recipe, Fixed) or segment == recipe.value
        for segment, recipe in zip(segments, path, strict=True)
    )


class _UnknownError(LookupError):
    """No recipe holds of every call."""


def _form(operation: Operation) -> tuple[str, int, str]:
    segments = operation.path.strip("/").split("/")
    return operation.method, len(segments), segments[0]


def _same_text(value: Any, text: Any) -> bool:
    if isinstance(value, dict) and isinstance(text, dict):
        return value.keys() == text.keys() and all(_same_text(value[n], text[n]) for n in text)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return type(value) is type(text) and bool(value == text)


def _recipe(sources: list[dict[str, Any]], targets: list[Any], same: Same = _same_text) -> Recipe:
    samples = [Sample(source, each) for source, each in zip(sources, targets, strict=True)]
    recipe = learn(samples, same=same, eager=True)
    if recipe is None:
        raise _UnknownError
    return recipe


def _query(sources: list[dict[str, Any]], queries: list[Query]) -> Recipe | None:
    """The recipe of the object that a query is made of; else of its members."""
    if not any(queries):
        return None
    for targets in ([each or NOTHING for each in queries], queries):
        samples = [Sample(source, each) for source, each in zip(sources, targets, strict=True)]
        recipe = learn(samples, same=_same_query, eager=True)
        if isinstance(recipe, Taken):
            return recipe
    return _recipe(sources, [dict(each) for each in queries])


def _body(sources: list[dict[str, Any]], bodies: list[Any]) -> Recipe | None:
    if all(each is NOTHING for each in bodies):
        return None
    return _recipe(sources, bodies, _same_body)


def _same_query(value: Any, pairs: Any) -> bool:
    return isinstance(value, dict) and tuple(query_pairs(value)) == pairs


def _same_body(value: Any, body: Any) -> bool:
    return type(value) is type(body) and value == body


def _service(asked: Call) -> str | None:
    """The kind of thing that a call names first, where its own name is but a verb."""
    name = parse_name(asked.name)
    first = find(list(asked.arguments), [0])
    if name.verb is not None and not name.noun and isinstance(first, str):
        return first
    return None
