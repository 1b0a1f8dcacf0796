"""The API model as Markdown: what people read first."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.inference.documents import sockets
from harness.inference.documents.components import PREFIX
from harness.inference.documents.openapi import document
from harness.inference.model import ApiModel

_TEMPLATES = Path(__file__).parent
_METHODS = {"get": 0, "post": 1, "put": 2, "patch": 3, "delete": 4}
_MAX_NOTE = 80


def markdown(model: ApiModel, described: dict[str, Any] | None = None) -> str:
    """Write API.md: operations by resource, schemas, entities, and what stayed open.

    `described` is the model's OpenAPI document, where more is said in it than the model says.
    """
    described = described or document(model)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML
    )
    environment.filters["cell"] = _cell
    components = described["components"]
    return environment.get_template("api.md.j2").render(
        model=model,
        resources=_resources(model, described),
        schemas={
            name: fields
            for name, schema in components.get("schemas", {}).items()
            if (fields := _fields(schema))
        },
        security=components.get("securitySchemes", {}),
        sockets=sockets.section(model.sockets, model.operations),
        exchanges=sum(endpoint.count for endpoint in model.endpoints),
    )


def _resources(model: ApiModel, described: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, each flattened to what its section shows."""
    endpoints = {(item.method.lower(), item.path): item for item in model.endpoints}
    result: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in described["tags"]}
    for path, item in described["paths"].items():
        for method in sorted(item, key=lambda name: (_METHODS.get(name, len(_METHODS)), name)):
            operation, endpoint = item[method], endpoints[method, path]
            result[operation["tags"][0]].append(
                {
                    "method": method.upper(),
                    "path": path,
                    "id": operation["operationId"],
                    "summary": operation["summary"],
                    "description": operation.get("description", ""),
                    "access": _access(operation.get("security")),
                    "protocol": endpoint.protocol,
                    "parameters": [_parameter(item) for item in operation.get("parameters", [])],
                    "body": _contents(operation.get("requestBody", {}).get("content", {})),
                    "answers": [
                        (status, answer["description"], _contents(answer.get("content", {})))
                        for status, answer in operation["responses"].items()
                    ],
                    "count": endpoint.count,
                    "evidence": endpoint.evidence,
                }
            )
    return result


def _access(security: list[dict[str, Any]] | None) -> str:
    if not security:
        return "open"
    names = " or ".join(f"`{name}`" for item in security for name in item)
    return f"{names}, optional" if {} in security else names


def _parameter(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": item["name"],
        "place": item["in"],
        "required": item.get("required", False),
        "type": type_text(item["schema"]),
        "note": _note(item["schema"]),
    }


def _contents(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"media": media, "type": type_text(item["schema"]), "fields": _fields(item["schema"])}
        for media, item in content.items()
    ]


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": type_text(child),
            "required": name in required,
            "note": _note(child),
        }
        for name, child in schema.get("properties", {}).items()
    ]


def type_text(schema: dict[str, Any]) -> str:
    """A schema in a few words: `string | null`, `Article[]`, `map of integer`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_text(part) for part in schema["anyOf"])
    kinds = schema.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_kind_text(name, schema) for name in names)


def _kind_text(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    if kind == "object" and "additionalProperties" in schema:
        return f"map of {type_text(schema['additionalProperties'])}"
    if kind == "string" and "format" in schema:
        return f"string ({schema['format']})"
    return kind


def _note(schema: dict[str, Any]) -> str:
    if values := schema.get("enum"):
        return "one of " + ", ".join(f"`{json.dumps(value)}`" for value in values)
    if examples := schema.get("examples"):
        text = json.dumps(examples[0], ensure_ascii=False)
        return f"e.g. `{text[:_MAX_NOTE]}`"
    return ""


def _cell(text: object) -> str:
    """Text that cannot break a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
