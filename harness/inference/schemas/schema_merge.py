"""Union of JSON Schemas: what holds for the values of both."""

from typing import Any

from harness.inference.schemas.shape import WORDS, Schema
from harness.inference.schemas.text_formats import MAX_ENUM, enumeration

_ORDER = ("object", "array", "string", "integer", "number", "boolean", "null")


def types_of(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def merge(left: Schema, right: Schema) -> Schema:
    """The union of two schemas; an empty schema says nothing and gives way."""
    if left == right or not right:
        return left
    if not left:
        return right
    references: dict[str, Schema] = {}
    plain: Schema = {}
    for part in (*_alternatives(left), *_alternatives(right)):
        if "$ref" in part:
            references[part["$ref"]] = part
        else:
            plain = _merge_plain(plain, part) if plain else part
    parts = [*references.values(), *([plain] if plain else [])]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _alternatives(schema: Schema) -> list[Schema]:
    parts: list[Schema] = schema.get("anyOf", [schema])
    return parts


def _merge_plain(left: Schema, right: Schema) -> Schema:
    types = {*types_of(left), *types_of(right)}
    if "number" in types:
        types.discard("integer")
    ordered = [name for name in _ORDER if name in types]
    result: Schema = {"type": ordered[0] if len(ordered) == 1 else ordered} if ordered else {}
    result |= _merge_text(left, right)
    result |= _merge_numbers(left, right)
    result |= _merge_objects(left, right)
    if "items" in left or "items" in right:
        result["items"] = merge(left.get("items", {}), right.get("items", {}))
    if examples := left.get("examples") or right.get("examples"):
        result["examples"] = examples
    for key in ("contentMediaType", "x-events", "x-columns"):
        if key in left or key in right:
            result[key] = left.get(key, right.get(key))
    return result


def _merge_text(left: Schema, right: Schema) -> Schema:
    texts = [schema for schema in (left, right) if "string" in types_of(schema)]
    if not texts:
        return {}
    result: Schema = {}
    if "format" in texts[0] and all(text.get("format") == texts[0]["format"] for text in texts):
        result["format"] = texts[0]["format"]
    if all(WORDS in text for text in texts):
        words: dict[str, int] = {}
        for text in texts:
            for word, count in text[WORDS].items():
                words[word] = words.get(word, 0) + count
        if len(words) <= MAX_ENUM:
            result[WORDS] = words
    return result


def _merge_numbers(left: Schema, right: Schema) -> Schema:
    result: Schema = {}
    if "int64" in (left.get("format"), right.get("format")):
        result["format"] = "int64"
    ranges = [
        schema["x-observed-range"] for schema in (left, right) if "x-observed-range" in schema
    ]
    if ranges:
        result["x-observed-range"] = [
            min(low for low, _ in ranges),
            max(high for _, high in ranges),
        ]
    return result


def _merge_objects(left: Schema, right: Schema) -> Schema:
    objects = [schema for schema in (left, right) if "object" in types_of(schema)]
    if not objects:
        return {}
    if any("additionalProperties" in item for item in objects):
        values: Schema = {}
        for item in objects:
            values = merge(values, item.get("additionalProperties", {}))
            for child in item.get("properties", {}).values():
                values = merge(values, child)
        return {"additionalProperties": values}
    properties: dict[str, Schema] = {}
    for item in objects:
        for key, child in item.get("properties", {}).items():
            properties[key] = merge(properties[key], child) if key in properties else child
    required = [
        key for key in properties if all(key in item.get("required", ()) for item in objects)
    ]
    return {"properties": properties} | ({"required": required} if required else {})


def finish(schema: Any, key: str = "") -> Any:
    """Decide enumerations from the words of the whole, and drop the words."""
    if isinstance(schema, list):
        return [finish(item, key) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result: Schema = {}
    for name, value in schema.items():
        if name == "properties":
            result[name] = {child: finish(item, child) for child, item in value.items()}
        elif name == "x-events":
            result[name] = {event: finish(item) for event, item in value.items()}
        elif name in ("examples", "required", "x-observed-range", "x-columns"):
            result[name] = value
        elif name not in (WORDS, "enum"):
            result[name] = finish(value, key)
    types = types_of(schema)
    words = schema.get(WORDS)
    if words and not {*types} - {"string", "null"} and (values := enumeration(key, words)):
        result["enum"] = [*values, None] if "null" in types else values
    elif "enum" in schema and WORDS not in schema:
        result["enum"] = schema["enum"]
    return result
