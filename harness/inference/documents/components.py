"""Named, reusable schemas: objects are lifted out of bodies, unified, and named by resource."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from harness.inference.naming import pascal, singular
from harness.inference.paths.provenance import identifies
from harness.inference.schemas.schema_merge import finish, merge, types_of
from harness.inference.schemas.shape import Schema

PREFIX = "#/components/schemas/"
_PAYLOAD = frozenset({
    "data", "items", "results", "result", "rows", "hits", "records", "entries", "list", "content",
    "payload", "value", "values", "response", "body", "object", "objects", "docs", "documents",
})  # fmt: skip
_ASIDE = frozenset({
    "attributes", "relationships", "links", "_links", "_embedded", "meta", "metadata", "page",
    "pagination", "paging", "node", "edges", "included", "error", "errors", "extensions",
})  # fmt: skip
"""Parts of envelopes that are no resources: they stay where they are."""
_MESSAGE = frozenset({"message", "msg", "detail", "ok", "success", "status"})
_MIN_PROPERTIES = 2
_MIN_SHARED = 3


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of a lifted object, the best first. `group` keeps requests and answers apart.

    An object joins what has the name `join`, when the two are one shape. What is only ever
    `listed` gives way to what is read alone.
    """

    names: tuple[str, ...]
    join: str
    group: str = "answer"
    listed: bool = False
    nested: bool = False

    def as_listed(self) -> "Naming":
        first, *rest = self.names
        return replace(self, names=(first, f"{first}ListItem", *rest), listed=True)


@dataclass(slots=True)
class _Cluster:
    schema: Schema
    group: str
    names: list[str] = field(default_factory=list)
    nested_names: list[str] = field(default_factory=list)
    joins: set[str] = field(default_factory=set)
    listed: bool = True


class Components:
    """Collects lifted objects. References hold numbers until `finish` names them."""

    def __init__(self) -> None:
        self._clusters: list[_Cluster] = []

    def lift_body(self, schema: Schema, naming: Naming) -> Schema:
        """Lift the resources of a body: the body itself, or what its envelope holds."""
        if types_of(schema) == ["array"]:
            return schema | {"items": self.lift(schema.get("items", {}), naming.as_listed())}
        properties = schema.get("properties")
        if not properties:
            return schema
        if properties.keys() <= _MESSAGE:
            return self.lift(schema, Naming(("Message",), "Message"))
        if not _is_envelope(properties, naming):
            return self.lift(schema, naming)
        lifted = {
            key: self._lift_child(child, key, naming, payload=True)
            for key, child in properties.items()
        }
        return schema | {"properties": lifted}

    def lift(self, schema: Schema, naming: Naming) -> Schema:
        """Replace an object schema by a reference to its component; null stays beside it."""
        if "anyOf" in schema:
            return schema | {"anyOf": [self.lift(part, naming) for part in schema["anyOf"]]}
        types = types_of(schema)
        if not schema.get("properties") or {*types} - {"object", "null"}:
            return schema
        children = {
            key: self._lift_child(child, key, naming, payload=False)
            for key, child in schema["properties"].items()
        }
        reference = self._register(schema | {"properties": children, "type": "object"}, naming)
        return {"anyOf": [reference, {"type": "null"}]} if "null" in types else reference

    def _lift_child(self, schema: Schema, key: str, parent: Naming, *, payload: bool) -> Schema:
        if types_of(schema)[:1] == ["array"]:
            item = schema.get("items", {})
            return schema | {
                "items": self._lift_child(item, key, parent.as_listed(), payload=payload)
            }
        properties = schema.get("properties", {})
        least = 1 if payload and parent.group != "answer" else _MIN_PROPERTIES
        if key.lower() in _ASIDE or len(properties) < least:
            return schema
        if key.lower() in _PAYLOAD:
            return self.lift(schema, parent) if payload else schema
        if payload and parent.group != "answer":
            return self.lift(schema, parent)
        if not payload and not any(identifies(name) for name in properties):
            return schema
        name = pascal(singular(key))
        longer = f"{parent.names[0]}{name}"
        return self.lift(schema, _child_naming(name, longer, parent, nested=not payload))

    def _register(self, schema: Schema, naming: Naming) -> Schema:
        number = next(
            (
                number
                for number, cluster in enumerate(self._clusters)
                if cluster.group == naming.group and self._same(cluster, schema, naming)
            ),
            len(self._clusters),
        )
        if number == len(self._clusters):
            self._clusters.append(_Cluster(schema, naming.group))
        cluster = self._clusters[number]
        cluster.schema = merge(cluster.schema, schema)
        cluster.joins.add(naming.join)
        cluster.listed &= naming.listed
        known = cluster.nested_names if naming.nested else cluster.names
        known += [name for name in naming.names if name not in known]
        return {"$ref": f"{PREFIX}{number}"}

    @staticmethod
    def _same(cluster: _Cluster, schema: Schema, naming: Naming) -> bool:
        ours, theirs = cluster.schema["properties"], schema["properties"]
        if not _compatible(cluster.schema, schema):
            return False
        if naming.join in cluster.joins:
            return True
        return (
            naming.group == "answer" and ours.keys() == theirs.keys() and len(ours) >= _MIN_SHARED
        )

    def finish(self) -> tuple[dict[str, Schema], dict[str, str]]:
        """The components by name, and the final reference of every numbered one."""
        taken: dict[str, int] = {}
        ordered = sorted(enumerate(self._clusters), key=lambda item: (item[1].listed, item[0]))
        for number, cluster in ordered:
            names = cluster.names + cluster.nested_names
            free = [name for name in names if name not in taken]
            taken[free[0] if free else _numbered(names[0], taken)] = number
        references = {f"{PREFIX}{number}": f"{PREFIX}{name}" for name, number in taken.items()}
        schemas = {
            name: resolve(finish(self._clusters[number].schema), references)
            for name, number in sorted(taken.items())
        }
        return schemas, references


def resolve(schema: Any, references: dict[str, str]) -> Any:
    """Replace numbered references by named ones."""
    if isinstance(schema, list):
        return [resolve(item, references) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": references[schema["$ref"]]}
    return {key: resolve(item, references) for key, item in schema.items()}


def _child_naming(name: str, longer: str, parent: Naming, *, nested: bool) -> Naming:
    naming = Naming((name, longer), name, parent.group, nested=nested)
    return naming.as_listed() if parent.listed else naming


def _numbered(name: str, taken: Collection[str]) -> str:
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def _is_envelope(properties: dict[str, Schema], naming: Naming) -> bool:
    """Whether an object only wraps the resource: `{"article": …}`, `{"data": […], "total": n}`."""
    if len(properties) == 1 and all(types_of(child) == ["array"] for child in properties.values()):
        return True
    for key, child in properties.items():
        inner = child.get("items", {}) if types_of(child)[:1] == ["array"] else child
        if "properties" not in inner and "additionalProperties" not in inner:
            continue
        if len(properties) == 1 or key.lower() in _PAYLOAD:
            return True
        if pascal(singular(key)) == naming.join and not any(map(identifies, properties)):
            return True
    return False


def _compatible(left: Schema, right: Schema) -> bool:
    """Whether two objects can be one shape: they differ only in what one of them may omit."""
    ours, theirs = left["properties"], right["properties"]
    if not {*left.get("required", ())} <= theirs.keys():
        return False
    if not {*right.get("required", ())} <= ours.keys():
        return False
    common = ours.keys() & theirs.keys()
    return bool(common) and all(_overlap(ours[key], theirs[key]) for key in common)


def _overlap(left: Schema, right: Schema) -> bool:
    kinds = [
        {"number" if kind == "integer" else kind for kind in types_of(schema)} - {"null"}
        for schema in (left, right)
    ]
    return not kinds[0] or not kinds[1] or bool(kinds[0] & kinds[1])
