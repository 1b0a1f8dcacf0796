"""The API model as an OpenAPI 3.1 document."""

import re
from http import HTTPStatus
from typing import Any

from harness.inference.documents.components import Components, Naming, resolve
from harness.inference.documents.security_schemes import security_of, security_schemes
from harness.inference.model import ApiModel, Endpoint, Operation
from harness.inference.naming import pascal
from harness.inference.paths.names import PathNames
from harness.inference.schemas.schema_merge import finish
from harness.inference.schemas.shape import Schema

VERSION = "3.1.0"
_FAILED = 400
_ERRORS = {"400": "BadRequest", "422": "Validation"}
_LOOPBACK = ("localhost", "127.", "[::1]")


def document(model: ApiModel) -> dict[str, Any]:
    """Write the OpenAPI document of a model: deterministic, schemas shared by name."""
    endpoints = sorted(model.endpoints, key=lambda item: (item.path, item.method))
    names = PathNames(endpoint.path for endpoint in endpoints)
    bodies = _Bodies(endpoints, names)
    known = {(item.method, item.path): item for item in model.operations}
    schemes = security_schemes(model)
    paths: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for endpoint in endpoints:
        operation = _operation(endpoint, known.get((endpoint.method, endpoint.path)), names)
        operation["operationId"] = _unique(operation["operationId"], taken)
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

    def __init__(self, endpoints: list[Endpoint], names: PathNames) -> None:
        self._names = names
        self._components = Components()
        self._lifted: dict[tuple[str, str], dict[str, Any]] = {}
        self._patched = {item.path for item in endpoints if item.method == "PATCH"}
        for endpoint in sorted(
            endpoints, key=lambda item: (not names.is_resource(item.path), item.path)
        ):
            self._lifted[endpoint.method, endpoint.path] = self._lift(endpoint)
        self.schemas, self._references = self._components.finish()

    def of(self, endpoint: Endpoint) -> dict[str, Any]:
        lifted = finish(self._lifted[endpoint.method, endpoint.path])
        body: dict[str, Any] = resolve(lifted, self._references)
        return body

    def _lift(self, endpoint: Endpoint) -> dict[str, Any]:
        if endpoint.protocol == "websocket":
            return _websocket(endpoint)
        result: dict[str, Any] = {}
        if endpoint.requests:
            naming = self._request_naming(endpoint)
            asked = _partial if endpoint.method == "PATCH" else dict
            result["requestBody"] = {
                "required": True,
                "content": {
                    media: {"schema": self._body(endpoint, asked(schema), media, naming)}
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
        answer, longer = self._names.component(endpoint.path)
        naming = Naming((answer, longer), pascal(self._names.resource(endpoint.path)))
        if int(status) >= _FAILED:
            phrase = _ERRORS.get(status) or pascal(_phrase(status).replace(" ", "_"))
            naming = Naming(("Error", f"{phrase}Error"), "Error", "error")
        content = {
            media: {"schema": self._body(endpoint, schema, media, naming)}
            for media, schema in contents.items()
        }
        return result | {"content": content} if content else result

    def _body(self, endpoint: Endpoint, schema: Schema, media: str, naming: Naming) -> Schema:
        if endpoint.protocol == "graphql" or "json" not in media:
            return schema
        if naming.group == "error":
            return self._components.lift(schema, naming)
        return self._components.lift_body(schema, naming)

    def _request_naming(self, endpoint: Endpoint) -> Naming:
        names = self._names.component(endpoint.path)
        if endpoint.method == "POST" and self._names.is_resource(endpoint.path):
            suffix = "Create"
        elif endpoint.method == "PUT" and endpoint.path in self._patched:
            suffix = "Replace"
        elif endpoint.method in ("PUT", "PATCH"):
            suffix = "Update"
        else:
            suffix = "Request"
        return Naming(
            tuple(f"{name}{suffix}" for name in names),
            f"{names[0]}{suffix}",
            f"request {endpoint.method} {endpoint.path}",
        )


def _partial(schema: Schema) -> Schema:
    """A merge patch: nothing is required, neither in the body nor in its only envelope."""
    result = {key: value for key, value in schema.items() if key != "required"}
    properties = result.get("properties", {})
    if len(properties) == 1:
        ((key, child),) = properties.items()
        if "properties" in child:
            return schema | {"properties": {key: _partial(child)}}
    return result


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    taken.add(unique)
    return unique


def _operation(endpoint: Endpoint, known: Operation | None, names: PathNames) -> dict[str, Any]:
    name = known.id if known else names.operation(endpoint.method, endpoint.path)
    result: dict[str, Any] = {
        "operationId": name,
        "summary": known.summary if known else _summary(name),
        "tags": [known.resource if known else names.resource(endpoint.path)],
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
