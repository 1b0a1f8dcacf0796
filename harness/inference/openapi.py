"""The API model as an OpenAPI 3.1 document."""

import re
from http import HTTPStatus
from typing import Any

from harness.inference.components import Components, Naming, resolve
from harness.inference.model import ApiModel, Endpoint, Operation
from harness.inference.naming import literals, pascal, singular, snake
from harness.inference.schema_merge import finish
from harness.inference.schemas import Schema
from harness.inference.security_schemes import security_of, security_schemes

VERSION = "3.1.0"
_FAILED = 400
_PREFIX = re.compile(r"api|rest|v\d+([._]\d+)*")
_VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_LOOPBACK = ("localhost", "127.", "[::1]")


def document(model: ApiModel) -> dict[str, Any]:
    """Write the OpenAPI document of a model: deterministic, schemas shared by name."""
    endpoints = sorted(model.endpoints, key=lambda item: (item.path, item.method))
    bodies = _Bodies(endpoints)
    known = {(item.method, item.path): item for item in model.operations}
    schemes = security_schemes(model)
    paths: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for endpoint in endpoints:
        operation = _operation(endpoint, known.get((endpoint.method, endpoint.path)), names)
        operation |= bodies.of(endpoint)
        if security := security_of(endpoint, schemes, model):
            operation["security"] = security
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    components: dict[str, Any] = {}
    if bodies.schemas:
        components["schemas"] = bodies.schemas
    if schemes:
        components["securitySchemes"] = {name: scheme for name, scheme, _ in schemes}
    result: dict[str, Any] = {
        "openapi": VERSION,
        "info": {"title": model.title, "version": "1.0.0"},
    }
    if servers := [{"url": _server(host)} for host in model.hosts]:
        result["servers"] = servers
    tags = sorted({tag for item in paths.values() for op in item.values() for tag in op["tags"]})
    return result | {
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": components,
    }


class _Bodies:
    """Request bodies and responses of all endpoints, with their objects lifted to components."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self._components = Components()
        self._lifted: dict[tuple[str, str], dict[str, Any]] = {}
        self._patched = {item.path for item in endpoints if item.method == "PATCH"}
        for endpoint in sorted(
            endpoints, key=lambda item: (not _is_resource(item.path), item.path)
        ):
            self._lifted[endpoint.method, endpoint.path] = self._lift(endpoint)
        self.schemas, self._references = self._components.finish()

    def of(self, endpoint: Endpoint) -> dict[str, Any]:
        return resolve(finish(self._lifted[endpoint.method, endpoint.path]), self._references)

    def _lift(self, endpoint: Endpoint) -> dict[str, Any]:
        if endpoint.protocol == "websocket":
            return _websocket(endpoint)
        result: dict[str, Any] = {}
        if endpoint.requests:
            naming = self._request_naming(endpoint)
            result["requestBody"] = {
                "required": True,
                "content": {
                    media: {"schema": self._body(schema, media, naming)}
                    for media, schema in endpoint.requests.items()
                },
            }
        result["responses"] = {
            status: self._response(endpoint, status, contents)
            for status, contents in endpoint.responses.items()
        } or {"default": {"description": "Only server errors were recorded."}}
        return result

    def _response(
        self, endpoint: Endpoint, status: str, contents: dict[str, Schema]
    ) -> dict[str, Any]:
        result: dict[str, Any] = {"description": _phrase(status)}
        naming = _answer_naming(endpoint.path)
        content = {
            media: {
                "schema": self._error(schema)
                if int(status) >= _FAILED
                else self._body(schema, media, naming)
            }
            for media, schema in contents.items()
        }
        return result | {"content": content} if content else result

    def _body(self, schema: Schema, media: str, naming: Naming) -> Schema:
        return self._components.lift_body(schema, naming) if "json" in media else schema

    def _error(self, schema: Schema) -> Schema:
        return self._components.lift(schema, Naming(("Error", "ErrorBody"), "Error", "error"))

    def _request_naming(self, endpoint: Endpoint) -> Naming:
        name = _answer_naming(endpoint.path).names[0]
        if endpoint.method == "POST" and _is_resource(endpoint.path):
            name = f"{name}Create"
        elif endpoint.method == "PUT" and endpoint.path in self._patched:
            name = f"{name}Replace"
        elif endpoint.method in ("PUT", "PATCH"):
            name = f"{name}Update"
        else:
            name = f"{name}Request"
        return Naming((name,), name, f"request {endpoint.method} {endpoint.path}")


def resource_of(path: str) -> str:
    """The resource that a path belongs to: `/api/articles/{slug}/comments/{id}` is `comment`."""
    parts = [part for part in path.split("/") if part]
    words = [part for part in parts if not part.startswith("{") and not _PREFIX.fullmatch(part)]
    if not words:
        return "item" if "{" in path else "root"
    last = words[-1].partition(":")[0].partition(".")[0]
    if parts[-1].startswith("{") or len(words) == 1 or singular(last) != snake(last):
        return singular(last)
    return singular(words[-2])


def _is_resource(path: str) -> bool:
    """Whether a path is a collection or a row of one, not an action or a view on it."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return True
    last = parts[-1]
    return ":" not in last and (last.startswith("{") or singular(last) != snake(last))


def _answer_naming(path: str) -> Naming:
    owner = pascal(resource_of(path))
    words = [word for word in literals(path) if word]
    if _is_resource(path) or not words:
        before = pascal(words[-2]) if len(words) > 1 else ""
        names = (owner, f"{pascal(singular(before)) if before else ''}{owner}")
        return Naming(tuple(dict.fromkeys(names)), owner)
    last = pascal(words[-1].replace(":", " ").replace(".", " "))
    own = last if last.startswith(owner) else f"{owner}{last}"
    return Naming((own,), owner)


def _operation(endpoint: Endpoint, known: Operation | None, names: set[str]) -> dict[str, Any]:
    resource = known.resource if known else resource_of(endpoint.path)
    name = known.id if known else _operation_id(endpoint)
    unique, number = name, 2
    while unique in names:
        unique, number = f"{name}_{number}", number + 1
    names.add(unique)
    result: dict[str, Any] = {
        "operationId": unique,
        "summary": known.summary if known else _summary(name),
        "tags": [resource],
    }
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": endpoint.params.get(name, {"type": "string"}),
        }
        for name in re.findall(r"\{([^}]+)\}", endpoint.path)
    ] + [
        {"name": name, "in": "query", "schema": schema}
        | ({"required": True} if name in endpoint.required_query else {})
        for name, schema in sorted(endpoint.query.items())
    ]
    return result | ({"parameters": parameters} if parameters else {})


def _operation_id(endpoint: Endpoint) -> str:
    words = [snake(word) for word in literals(endpoint.path) if not _PREFIX.fullmatch(word.lower())]
    resource = resource_of(endpoint.path)
    if not _is_resource(endpoint.path):
        verb = _VERBS.get(endpoint.method, endpoint.method.lower())
        own = [singular(word) for word in words[:-1]] + words[-1:]
        return "_".join([{"create": "post"}.get(verb, verb), *own])
    verb = _VERBS.get(endpoint.method, endpoint.method.lower())
    parents = [singular(word) for word in words[:-1]]
    if endpoint.path.rstrip("/").endswith("}"):
        return "_".join([verb, *parents, resource])
    many = words[-1] if words else resource
    if endpoint.method == "GET":
        return "_".join(["list", *parents, many])
    return "_".join([verb, *parents, resource if endpoint.method == "POST" else many])


def _summary(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return f"Status {status}"


def _server(host: str) -> str:
    if "://" in host:
        return host
    return f"http://{host}" if host.startswith(_LOOPBACK) else f"https://{host}"


def _websocket(endpoint: Endpoint) -> dict[str, Any]:
    messages = {
        "sent": next(iter(endpoint.requests.values()), {}),
        "received": next(iter(endpoint.responses.get("101", {}).values()), {}),
    }
    return {
        "responses": {"101": {"description": _phrase("101")}},
        "x-websocket-messages": messages,
    }
