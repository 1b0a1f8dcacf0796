"""What one API model says that another does not: endpoints, schemas, behaviours."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.inference.model import ApiModel, Endpoint, Operation

ChangeKind = Literal[
    "new endpoint", "endpoint gone", "changed schema", "new entity", "changed behaviour"
]
_SILENT = {"evidence", "ruled_out", "summary", "id", "resource"}
_ASPECTS = {
    "kind": "what it does",
    "auth": "who may ask",
    "path_params": "path parameters",
    "query_params": "query parameters",
    "request": "the request body",
    "lookups": "which rows it looks up",
    "checks": "what it refuses",
    "effects": "what it changes",
    "query": "what it lists",
    "response": "what it answers",
}


@dataclass(frozen=True, slots=True)
class ModelChange:
    """One difference: `where` is an endpoint or entity, `evidence` shows the newer side."""

    kind: ChangeKind
    where: str
    detail: str
    evidence: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "evidence": list(self.evidence)}


def changes(before: ApiModel, after: ApiModel, recording: str) -> list[ModelChange]:
    """Return what became different between two models; evidence is of `recording` only."""
    return [
        *_endpoints(before, after, recording),
        *_entities(before, after, recording),
        *_operations(before, after, recording),
    ]


def _endpoints(before: ApiModel, after: ApiModel, recording: str) -> Iterator[ModelChange]:
    old = {(each.method, each.path): each for each in before.endpoints}
    new = {(each.method, each.path): each for each in after.endpoints}
    for key, endpoint in new.items():
        where = " ".join(key)
        evidence = _of(recording, endpoint.evidence)
        if key not in old:
            yield ModelChange("new endpoint", where, "was not seen before", evidence)
            continue
        for detail in _schema_changes(old[key], endpoint):
            yield ModelChange("changed schema", where, detail, evidence)
    for key in old.keys() - new.keys():
        detail = "its path is read another way now"
        yield ModelChange("endpoint gone", " ".join(key), detail)


def _schema_changes(old: Endpoint, new: Endpoint) -> Iterator[str]:
    yield from _members("query parameter", old.query, new.query)
    for media, schema in new.requests.items():
        yield from _members("request", _fields(old.requests.get(media)), _fields(schema))
    for status, bodies in new.responses.items():
        if status not in old.responses:
            yield f"answers {status}"
            continue
        for media, schema in bodies.items():
            before = old.responses[status].get(media)
            yield from _members(f"answer {status}", _fields(before), _fields(schema))


def _members(what: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for name, schema in new.items():
        if name not in old:
            yield f"{what}: `{name}` is new"
        elif (was := _type(old[name])) != (now := _type(schema)):
            yield f"{what}: `{name}` is {now}, was {was}"


def _fields(schema: dict[str, Any] | None, prefix: str = "") -> dict[str, Any]:
    """Return the schemas of all fields by their place: `notes[].title`."""
    found: dict[str, Any] = {}
    for name, inner in ((schema or {}).get("properties") or {}).items():
        found[f"{prefix}{name}"] = inner
        found |= _fields(inner, f"{prefix}{name}.")
    for choice in (schema or {}).get("anyOf") or ():
        found |= _fields(choice, prefix)
    items = (schema or {}).get("items")
    if isinstance(items, dict):
        found |= _fields(items, f"{prefix.rstrip('.')}[].")
    return found


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "anything"
    if choices := schema.get("anyOf"):
        return " or ".join(sorted({_type(each) for each in choices}))
    kind = schema.get("type", "anything")
    return " or ".join(sorted(kind)) if isinstance(kind, list) else str(kind)


def _entities(before: ApiModel, after: ApiModel, recording: str) -> Iterator[ModelChange]:
    known = {each.name for each in before.entities}
    for entity in after.entities:
        if entity.name not in known:
            evidence = _of(recording, entity.evidence)
            yield ModelChange("new entity", entity.name, "was not seen before", evidence)


def _operations(before: ApiModel, after: ApiModel, recording: str) -> Iterator[ModelChange]:
    old = {(each.method, each.path): each for each in before.operations}
    for operation in after.operations:
        earlier = old.get((operation.method, operation.path))
        if earlier is None:
            continue
        aspects = [said for name, said in _ASPECTS.items() if _said(earlier, operation, name)]
        if aspects:
            where = f"{operation.method} {operation.path}"
            evidence = _of(recording, operation.evidence)
            yield ModelChange("changed behaviour", where, ", ".join(aspects), evidence)


def _said(earlier: Operation, operation: Operation, name: str) -> bool:
    return bool(_bare(getattr(earlier, name)) != _bare(getattr(operation, name)))


def _bare(value: Any) -> Any:
    """Return a part of a model as JSON, without what it rests on."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if name not in _SILENT}
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _of(recording: str, evidence: list[str]) -> tuple[str, ...]:
    return tuple(each for each in evidence if each.startswith(f"{recording}#"))[:5]
