"""Which operation an exchange belongs to."""

import re
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


def resource_order(model: ApiModel) -> list[str]:
    """Return the resources, each after those that it needs: users first, then by foreign key."""
    needs = {operation.resource: set[str]() for operation in model.operations}
    homes = _homes(model.operations)
    for operation in model.operations:
        for name in _entities(operation):
            for column in next((e.columns for e in model.entities if e.name == name), []):
                if column.references in homes:
                    needs[operation.resource].add(homes[column.references])
        if model.auth and operation.auth == "required" and model.auth.user in homes:
            needs[operation.resource].add(homes[model.auth.user])
    ordered: list[str] = []
    while len(ordered) < len(needs):
        waiting = [name for name in needs if name not in ordered]
        ready = [name for name in waiting if not needs[name] - {name, *ordered}]
        ordered.append((ready or waiting)[0])
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
