"""The feature list of a model: every exchange of its recordings decides at least one feature."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.features.behaviour import Behaviour, Reader
from harness.features.feature import Acceptance, Category, Feature, FeatureList
from harness.features.routes import Routes, resource_needs, resource_order
from harness.inference.model import ApiModel, Operation
from harness.traffic.exchange import Exchange

ELSEWHERE = "fallbacks"
"""The resource of what is outside every operation: unknown paths, wrong methods."""

_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_FIRST = ("register", "create", "login", "list", "read", "current_user")


@dataclass(slots=True)
class _Seen:
    behaviour: Behaviour
    operation: Operation | None
    example: Exchange
    exchanges: list[str] = field(default_factory=list)

    @property
    def succeeds(self) -> bool:
        return self.behaviour.status < _CLIENT_ERROR

    @property
    def resource(self) -> str:
        return self.operation.resource if self.operation else ELSEWHERE


def derive(model: ApiModel, recordings: Iterable[tuple[str, Iterable[Exchange]]]) -> FeatureList:
    """Derive the features from what the recordings show, in the order in which to build them.

    `recordings` are names with the exchanges that a replay judges; answers with 5xx and
    exchanges without an answer teach nothing and are passed over.
    """
    seen = _observe(model, recordings)
    place = {name: index for index, name in enumerate([*resource_order(model), ELSEWHERE])}
    order = {operation.id: index for index, operation in enumerate(model.operations)}
    ranked = sorted(
        seen,
        key=lambda item: (
            place[item.resource],
            not item.succeeds,
            _rank(item.operation),
            order.get(item.behaviour.operation or "", 0),
        ),
    )
    names = _ids(ranked)
    bases = {resource: names[id(item)] for resource, item in _bases(ranked).items()}
    signed_in = next((names[id(item)] for item in ranked if _opens_session(item)), None)
    before = _before(resource_needs(model), place)
    return FeatureList(
        _feature(item, names[id(item)], _needs(item, names[id(item)], bases, before, signed_in))
        for item in ranked
    )


def _observe(model: ApiModel, recordings: Iterable[tuple[str, Iterable[Exchange]]]) -> list[_Seen]:
    routes = Routes(model)
    operations = {operation.id: operation for operation in model.operations}
    seen: dict[Behaviour, _Seen] = {}
    for name, exchanges in recordings:
        reader = Reader(model, routes)
        for exchange in exchanges:
            if exchange.response is None or exchange.response.status >= _SERVER_ERROR:
                continue
            exchange_id = f"{name}#{exchange.seq}"
            behaviour = reader.read(exchange, exchange_id)
            operation = operations.get(behaviour.operation or "")
            found = seen.setdefault(behaviour, _Seen(behaviour, operation, exchange))
            found.exchanges.append(exchange_id)
    return list(seen.values())


def _rank(operation: Operation | None) -> int:
    kind = operation.kind if operation else ""
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _opens_session(item: _Seen) -> bool:
    return bool(item.operation and item.succeeds and item.operation.kind in ("register", "login"))


def _bases(ranked: list[_Seen]) -> dict[str, _Seen]:
    """Return the feature of each resource that the others of it stand on."""
    bases: dict[str, _Seen] = {}
    for item in ranked:
        if item.succeeds and item.operation:
            bases.setdefault(item.resource, item)
    return bases


def _before(needs: Mapping[str, set[str]], place: Mapping[str, int]) -> dict[str, list[str]]:
    """Return for each resource those of its needs that come before it."""
    return {
        resource: [name for name in needed if place[name] < place[resource]]
        for resource, needed in needs.items()
    }


def _needs(
    item: _Seen,
    own: str,
    bases: Mapping[str, str],
    before: Mapping[str, list[str]],
    signed_in: str | None,
) -> list[str]:
    """Return what a feature stands on: its resource's base, or what that one stands on."""
    base = bases.get(item.resource)
    needs = [bases[name] for name in before.get(item.resource, []) if name in bases]
    if base is not None and base != own:
        needs = [base]
    if signed_in and item.operation and item.operation.auth == "required":
        needs.append(signed_in)
    return sorted({name for name in needs if name != own})


def _ids(ranked: list[_Seen]) -> dict[int, str]:
    names: dict[int, str] = {}
    taken: set[str] = set()
    for item in ranked:
        behaviour = item.behaviour
        operation = (behaviour.operation or "fallback").replace("_", "-")
        stem = "-".join(filter(None, [operation, str(behaviour.status), behaviour.condition]))[:90]
        name, count = stem, 1
        while name in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        names[id(item)] = name
    return names


def _feature(item: _Seen, name: str, needs: list[str]) -> Feature:
    return Feature(
        id=name,
        category=_category(item),
        resource=item.resource,
        operation=item.behaviour.operation,
        description=_description(item),
        steps=_steps(item),
        acceptance=Acceptance(
            recordings=list(dict.fromkeys(entry.partition("#")[0] for entry in item.exchanges)),
            exchanges=item.exchanges,
        ),
        depends_on=needs,
        evidence=item.exchanges[:3],
    )


def _category(item: _Seen) -> Category:
    operation, status = item.operation, item.behaviour.status
    if operation is None:
        return "errors"
    if not item.succeeds:
        return _FAILURES.get(status, "errors")
    if operation.kind in ("register", "login", "logout", "current_user"):
        return "auth"
    if operation.query is not None and operation.method == "GET":
        return "lists"
    return "reading" if operation.method in ("GET", "HEAD") else "writing"


_FAILURES: dict[int, Category] = {
    400: "validation",
    401: "permissions",
    403: "permissions",
    409: "validation",
    422: "validation",
}


def _description(item: _Seen) -> str:
    status, words = item.behaviour.status, item.behaviour.words
    if item.operation is None:
        return words if item.succeeds else f"{_upper(words)} is answered with {status}"
    summary = item.operation.summary.rstrip(".")
    if item.succeeds:
        return f"{summary} {words}".rstrip() if words else summary
    return f"{summary} is refused with {status}: {words}"


def _steps(item: _Seen) -> list[str]:
    request, response = item.example.request, item.example.response
    assert response is not None  # noqa: S101 - only answered exchanges are observed
    query = f"?{request.query}" if request.query else ""
    signed_in = item.operation is not None and item.operation.auth == "required"
    known = item.behaviour.condition != "unauthenticated"
    return [
        *(["Sign in"] if signed_in and known else []),
        f"Send {request.method} {request.path}{query}" + (" with a body" if request.body else ""),
        f"See status {response.status} and the body of {item.exchanges[0]}",
    ]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
