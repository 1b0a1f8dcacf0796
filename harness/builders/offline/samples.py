"""Sample values: what a request field holds in a test where nothing is wrong."""

from typing import Any

from harness.inference.model import Column, InputField

WORDS = "A few words that mean no harm"


def sample(item: InputField, column: Column | None) -> Any:
    """Return a value that satisfies the rules of a field."""
    limits: dict[str, Any] = {rule.kind: rule.limit for rule in item.rules}
    if "enum" in limits:
        return limits["enum"][0]
    if column is not None and column.enum:
        return column.enum[0]
    match item.type:
        case "string":
            return _text(item, column, limits)
        case "integer" | "number":
            low, high = limits.get("minimum"), limits.get("maximum")
            return low if low is not None else min(3, high) if high is not None else 3
        case "boolean":
            return True
        case "strings":
            return ["first", "second"]
        case "array":
            return []
        case "object":
            return {}
    return "anything" if column is None or column.type == "string" else None


def _text(item: InputField, column: Column | None, limits: dict[str, Any]) -> str:
    if "email" in limits or (column is not None and column.format == "email"):
        return "someone@example.com"
    if "uuid" in limits:
        return "0b0f4f0e-6f5c-4c0e-9c4f-3d2a1b0c9d8e"
    if "url" in limits:
        return "https://example.com/picture.png"
    if column is not None and column.type in ("date", "datetime"):
        return "2030-01-02" if column.type == "date" else "2030-01-02T03:04:05Z"
    if column is not None and column.type == "uuid":
        return "0b0f4f0e-6f5c-4c0e-9c4f-3d2a1b0c9d8e"
    text = f"{item.name} of a test".capitalize()
    if column is not None and column.unique:
        text = f"{item.name}-of-a-test".lower()
    shortest, longest = limits.get("min_length") or 0, limits.get("max_length")
    if column is not None and column.max_length:
        longest = min(longest or column.max_length, column.max_length)
    text = text if len(text) >= shortest else (text + " " + WORDS * shortest)[: shortest + 2]
    return text[:longest] if longest else text
