"""Schemas of values that are only ever text: path and query parameters, form fields."""

import re
from collections.abc import Collection

from harness.inference.schemas.shape import Schema
from harness.inference.schemas.text_formats import (
    MAX_ENUM,
    enumeration,
    formats_of,
    is_secret_key,
    looks_secret,
    still,
)
from harness.traffic.lexicon import is_password

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_BOOLEANS = frozenset({"true", "false"})
_LONG = 15
_MAX_EXAMPLE = 100


class TextShape:
    """What the text values of one parameter have in common, by elimination."""

    __slots__ = ("booleans", "example", "formats", "integers", "numbers", "words")

    def __init__(self) -> None:
        self.integers = self.numbers = self.booleans = True
        self.formats: frozenset[str] = frozenset()
        self.words: dict[str, int] | None = {}
        self.example = ""

    def add(self, text: str) -> None:
        if not text:
            return
        first = not self.example
        self.example = self.example or text[:_MAX_EXAMPLE]
        self.formats = formats_of(text) if first else still(self.formats, text)
        if self.integers:
            self.integers = bool(_INTEGER.fullmatch(text)) and len(text) <= _LONG
        if self.numbers:
            self.numbers = bool(_NUMBER.fullmatch(text)) and len(text) <= _LONG
        if self.booleans:
            self.booleans = text in _BOOLEANS
        if self.words is not None:
            self.words[text] = self.words.get(text, 0) + 1
            if len(self.words) > MAX_ENUM:
                self.words = None

    def schema(self, name: str, secrets: Collection[str] = ()) -> Schema:
        result = self._type(name)
        shown = self.example and not (is_secret_key(name) or looks_secret(self.example))
        if shown and not any(secret in self.example for secret in secrets):
            result["examples"] = [self._typed(str(result["type"]))]
        return result

    def _type(self, name: str) -> Schema:
        if not self.example:
            return {"type": "string"}
        if is_secret_key(name):
            return {"type": "string"} | ({"format": "password"} if is_password(name) else {})
        kinds = {"integer": self.integers, "number": self.numbers, "boolean": self.booleans}
        for kind, possible in kinds.items():
            if possible:
                return {"type": kind}
        if self.formats:
            return {"type": "string", "format": min(self.formats)}
        values = enumeration(name, self.words) if self.words else None
        return {"type": "string", "enum": values} if values else {"type": "string"}

    def _typed(self, kind: str) -> str | int | float | bool:
        match kind:
            case "integer":
                return int(self.example)
            case "number":
                return float(self.example)
            case "boolean":
                return self.example == "true"
            case _:
                return self.example


class QueryShape:
    """The values of one query parameter; `repeated` when one request sent it twice."""

    __slots__ = ("repeated", "requests", "text")

    def __init__(self) -> None:
        self.text = TextShape()
        self.requests = 0
        self.repeated = False

    def add(self, values: list[str]) -> None:
        self.requests += 1
        self.repeated |= len(values) > 1
        for value in values:
            self.text.add(value)

    def schema(self, name: str, secrets: Collection[str] = ()) -> Schema:
        item = self.text.schema(name, secrets)
        return {"type": "array", "items": item} if self.repeated else item
