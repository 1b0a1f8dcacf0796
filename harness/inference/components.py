"""Named, reusable schemas: objects are lifted out of bodies, unified, and named by resource."""

from dataclasses import dataclass, field

from harness.inference.naming import pascal, singular
from harness.inference.provenance import identifies
from harness.inference.schema_merge import finish, merge, types_of
from harness.inference.schemas import Schema

PREFIX = "#/components/schemas/"
_GENERIC = frozenset({
    "data", "items", "results", "result", "rows", "hits", "records", "entries", "list", "content",
    "payload", "value", "values", "response", "body", "attributes", "relationships", "links",
    "meta", "node", "edges", "included", "object", "objects", "docs", "page", "error", "errors",
})  # fmt: skip
_MIN_SHARED = 3
_OVERLAP = 0.6


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of a lifted object, the best first. `group` keeps requests and answers apart.

    An object joins what has the name `join`, when the two are one shape.
    """

    names: tuple[str, ...]
    join: str
    group: str = "answer"


@dataclass(slots=True)
class _Cluster:
    schema: Schema
    group: str
    names: list[str] = field(default_factory=list)
    joins: set[str] = field(default_factory=set)


class Components:
    """Collects lifted objects. References hold numbers until `finish` names them."""

    def __init__(self) -> None:
        self._clusters: list[_Cluster] = []

    def lift_body(self, schema: Schema, naming: Naming) -> Schema:
        """Lift the resources of a body: the body itself, or what its envelope holds."""
        if types_of(schema) == ["array"]:
            return schema | {"items": self.lift(schema.get("items", {}), naming)}
        properties = schema.get("properties")
        if not properties:
            return schema
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
            return schema | {"items": self._lift_child(item, key, parent, payload=payload)}
        properties = schema.get("properties", {})
        if len(properties) < 2:  # noqa: PLR2004
            return schema
        if key.lower() in _GENERIC:
            return self.lift(schema, parent) if payload else schema
        if not payload and not any(identifies(name) for name in properties):
            return schema
        name = pascal(singular(key))
        if payload and parent.group != "answer":
            return self.lift(schema, parent)
        names = (name, *(f"{other}{name}" for other in parent.names[:1] if other != name))
        return self.lift(schema, Naming(names, name, parent.group))

    def _register(self, schema: Schema, naming: Naming) -> Schema:
        for number, cluster in enumerate(self._clusters):
            if cluster.group == naming.group and self._same(cluster, schema, naming):
                cluster.schema = merge(cluster.schema, schema)
                break
        else:
            number = len(self._clusters)
            cluster = _Cluster(schema, naming.group)
            self._clusters.append(cluster)
        cluster.joins.add(naming.join)
        cluster.names += [name for name in naming.names if name not in cluster.names]
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
        for rank in range(max((len(cluster.names) for cluster in self._clusters), default=0)):
            for number, cluster in enumerate(self._clusters):
                if number in taken.values() or rank >= len(cluster.names):
                    continue
                taken.setdefault(cluster.names[rank], number)
        for number, cluster in enumerate(self._clusters):
            if number not in taken.values():
                suffix = 2
                while f"{cluster.names[0]}{suffix}" in taken:
                    suffix += 1
                taken[f"{cluster.names[0]}{suffix}"] = number
        references = {f"{PREFIX}{number}": f"{PREFIX}{name}" for name, number in taken.items()}
        schemas = {
            name: resolve(finish(self._clusters[number].schema), references)
            for name, number in sorted(taken.items())
        }
        return schemas, references


def resolve(schema: Schema, references: dict[str, str]) -> Schema:
    """Replace numbered references by named ones."""

    def walk(value: object) -> object:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                return {"$ref": references[value["$ref"]]}
            return {key: walk(item) for key, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    result = walk(schema)
    assert isinstance(result, dict)
    return result


def _is_envelope(properties: dict[str, Schema], naming: Naming) -> bool:
    """Whether an object only wraps the resource: `{"article": …}`, `{"data": […], "total": n}`."""
    for key, child in properties.items():
        inner = child.get("items", {}) if types_of(child)[:1] == ["array"] else child
        if "properties" not in inner and "additionalProperties" not in inner:
            continue
        if len(properties) == 1 or key.lower() in _GENERIC:
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
    if len(common) < _OVERLAP * max(len(ours), len(theirs)):
        return False
    return all(_overlap(ours[key], theirs[key]) for key in common)


def _overlap(left: Schema, right: Schema) -> bool:
    kinds = [
        {"number" if kind == "integer" else kind for kind in types_of(schema)} - {"null"}
        for schema in (left, right)
    ]
    return not kinds[0] or not kinds[1] or bool(kinds[0] & kinds[1])
