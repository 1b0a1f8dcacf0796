"""Which operation an exchange belongs to."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from harness.inference.model import ApiModel, Operation
from harness.traffic.exchange import Exchange

_PLACE = re.compile(r"\{([^}]+)\}")


class Routes:
    """Match request paths with the operations of a model; literal segments go before places."""

    def __init__(self, model: ApiModel) -> None:
        ordered = sorted(model.operations, key=lambda item: _PLACE.sub("\uffff", item.path))
        self._routes = [(_pattern(item.path), item) for item in ordered]

    def find(self, method: str, path: str) -> Operation | None:
        return next(
            (
                operation
                for pattern, operation in self._routes
                if operation.method == method and pattern.fullmatch(path)
            ),
            None,
        )

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path has, whatever the request's."""
        return [item.method for pattern, item in self._routes if pattern.fullmatch(path)]

    def values(self, operation: Operation, path: str) -> list[str]:
        """Return the values of the path's places."""
        found = _pattern(operation.path).fullmatch(path)
        return [unquote(value) for value in found.groups()] if found else []


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template.rstrip("/") or "/")
    return re.compile(
        "".join(
            re.escape(part) if index % 2 == 0 else "([^/]+)" for index, part in enumerate(parts)
        )
        + "/?"
    )


def label_of(model: ApiModel) -> Callable[[Exchange], str]:
    """Return what names the endpoint of an exchange: method and path template where known."""
    routes = Routes(model)

    def label(exchange: Exchange) -> str:
        request = exchange.request
        operation = routes.find(request.method, request.path)
        return f"{request.method} {operation.path if operation else request.path}"

    return label


def resource_needs(model: ApiModel) -> dict[str, set[str]]:
    """Return for each resource those that must be there before it shows all that it does."""
    homes = _homes(model.operations)
    needs = {operation.resource: set[str]() for operation in model.operations}
    for operation in model.operations:
        named = {*_entities(operation), *(lookup.entity for lookup in operation.lookups)}
        for entity in model.entities:
            if entity.name in named:
                named |= {column.references for column in entity.columns if column.references}
            if any(column.vocabulary in named for column in entity.columns):
                named.add(entity.name)
        if model.auth and operation.auth == "required":
            named.add(model.auth.user)
        needs[operation.resource] |= {homes[name] for name in named if name in homes}
    return {name: needed - {name} for name, needed in needs.items()}


def resource_order(model: ApiModel) -> list[str]:
    """Return the resources, each after those that it needs, as far as that goes.

    Of those that could come next, the one that most others need is first.
    """
    needs = resource_needs(model)
    wanted = Counter(name for needed in needs.values() for name in needed)
    ordered: list[str] = []
    while len(ordered) < len(needs):
        waiting = [name for name in needs if name not in ordered]
        ready = [name for name in waiting if not needs[name] - {*ordered}]
        ordered.append(max(ready or waiting, key=lambda name: wanted[name]))
    return ordered


def _homes(operations: Iterable[Operation]) -> dict[str, str]:
    """Return the resource that makes rows of an entity, by entity."""
    homes: dict[str, str] = {}
    for kinds in (("register",), ("create",), ("list", "read")):
        for operation in operations:
            if operation.kind in kinds:
                for name in _entities(operation):
                    homes.setdefault(name, operation.resource)
    return homes


def _entities(operation: Operation) -> list[str]:
    inserted = [effect.entity for effect in operation.effects if effect.kind == "insert"]
    queried = [operation.query.entity] if operation.query else []
    found = [lookup.entity for lookup in operation.lookups]
    return inserted + queried + (found[-1:] if not inserted and not queried else [])
