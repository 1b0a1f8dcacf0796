"""Why the clone does what it does: find what is asked about, and explain it."""

import difflib
import re
from collections.abc import Iterator

from harness.errors import UsageError
from harness.inference.explain.data import (
    explain_auth,
    explain_entity,
    explain_field,
    explain_link,
    explain_view,
    field_names,
)
from harness.inference.explain.explanation import Explanation, render
from harness.inference.explain.operation import (
    explain_endpoint,
    explain_operation,
    explain_path,
    explain_status,
    explain_stray,
    explain_wrong_method,
    findings_on,
)
from harness.inference.model import ApiModel, Entity, Operation

__all__ = ["Explanation", "explain", "render"]

_REQUEST = re.compile(r"(?:(?P<method>[A-Za-z]+)\s+)?(?P<path>/\S*)(?:\s+(?P<status>\d{3}))?")
_PLACE = re.compile(r"\{[^}]*\}")
_CLOSE = 0.5


def explain(model: ApiModel, what: str) -> Explanation:
    """Explain an operation, entity, `entity.field`, view, link or `auth`; or a status.

    Operations go by `METHOD /path` (a template or a concrete path), or by their id; a status
    behind either (`POST /articles 422`) asks when it is answered. Raise UsageError, naming what
    is close, when the model has nothing of the name.
    """
    wanted = " ".join(what.split())
    found = _by_request(model, wanted) or _by_id(model, wanted) or _by_name(model, wanted)
    if found is None:
        raise UsageError(f'The API model has nothing called "{wanted}".', do=_advice(model, wanted))
    return found


def _by_request(model: ApiModel, wanted: str) -> Explanation | None:
    request = _REQUEST.fullmatch(wanted)
    if request is None:
        return None
    path = request["path"].partition("?")[0]
    operations = _at(model, path) or _at(model, model.base + path)
    if not operations:
        return _seen_only(model, request["method"], path)
    if request["method"] is None:
        only = operations[0] if len(operations) == 1 else None
        if only is None:
            return explain_path(model, operations[0].path, operations)
        return _operation(model, only, request["status"])
    method = request["method"].upper()
    operation = next((each for each in operations if each.method == method), None)
    if operation is not None:
        return _operation(model, operation, request["status"])
    return _seen_only(model, method, path) or explain_wrong_method(model, method, path, operations)


def _operation(model: ApiModel, operation: Operation, status: str | None) -> Explanation:
    if status is None:
        return explain_operation(model, operation)
    return explain_status(model, operation, int(status))


def _at(model: ApiModel, path: str) -> list[Operation]:
    """The operations at a path: those of the template that fits with the fewest places."""
    wanted = _PLACE.sub("{}", path.rstrip("/") or "/")
    fitting: dict[str, list[Operation]] = {}
    for operation in model.operations:
        template = operation.path.rstrip("/") or "/"
        if _PLACE.sub("{}", template) == wanted or _pattern(template).fullmatch(wanted):
            fitting.setdefault(operation.path, []).append(operation)
    best = min(fitting, key=lambda each: _PLACE.sub("\uffff", each), default=None)
    return fitting[best] if best is not None else []


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in _PLACE.split(template)))


def _seen_only(model: ApiModel, method: str | None, path: str) -> Explanation | None:
    operations = {(each.method, each.path) for each in model.operations}
    for endpoint in model.endpoints:
        asked = method is None or endpoint.method == method.upper()
        place = endpoint.path == path or _pattern(endpoint.path).fullmatch(path)
        if asked and place and (endpoint.method, endpoint.path) not in operations:
            return explain_endpoint(model, endpoint)
    line = f"{(method or '').upper()} {path}"
    return explain_stray(model, line) if findings_on(model, line) else None


def _by_id(model: ApiModel, wanted: str) -> Explanation | None:
    name, _, status = wanted.partition(" ")
    operation = next((each for each in model.operations if each.id == name), None)
    if operation is None or not re.fullmatch(r"(\d{3})?", status):
        return None
    return _operation(model, operation, status or None)


def _by_name(model: ApiModel, wanted: str) -> Explanation | None:
    """Explain what has the name; first with its exact case, then in any."""
    for fold in (str, str.lower):
        name = fold(wanted)
        for entity in model.entities:
            if name in {fold(entity.name), fold(entity.plural)}:
                return explain_entity(model, entity)
        for view in model.views:
            if name == fold(view.name):
                return explain_view(model, view)
        for link in model.links:
            if name == fold(link.name):
                return explain_link(model, link)
    if wanted.lower() == "auth" and model.auth is not None:
        return explain_auth(model, model.auth)
    return _by_field(model, wanted)


def _by_field(model: ApiModel, wanted: str) -> Explanation | None:
    head, dot, name = wanted.partition(".")
    entity = _entity(model, head) if dot else None
    if entity is None:
        return None
    known = {each.lower(): each for each in field_names(model, entity)}
    return explain_field(model, entity, known.get(name.lower(), name))


def _entity(model: ApiModel, name: str) -> Entity | None:
    lower = name.lower()
    views = {view.name.lower(): view.entity for view in model.views}
    for entity in model.entities:
        if lower in {entity.name, entity.plural} or views.get(lower) == entity.name:
            return entity
    return None


def _advice(model: ApiModel, wanted: str) -> str:
    names = list(_names(model))
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.lower(), name)
    close = difflib.get_close_matches(wanted.lower(), folded, n=4, cutoff=_CLOSE)
    if close:
        return f"Close to it: {', '.join(folded[each] for each in close)}."
    return (
        'Ask for an operation ("GET /path"), an entity, entity.field, a view, a link or auth; '
        f"there are {', '.join(names[:8]) or 'no operations at all: record more traffic'}."
    )


def _names(model: ApiModel) -> Iterator[str]:
    yield from (each.name for each in model.entities)
    yield from (f"{each.method} {each.path}" for each in model.operations)
    yield from (each.id for each in model.operations)
    for entity in model.entities:
        yield from (f"{entity.name}.{name}" for name in field_names(model, entity))
    yield from (each.name for each in model.views)
    yield from (each.name for each in model.links)
