"""JSON Schemas, merged from many values.

A `Shape` counts what was seen at one place of a body: kinds of values, properties, formats,
distinct words, ranges. Everything that the schema says holds for every value that was added.
Rows that were seen before (byte for byte) are skipped: they add nothing.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from harness.inference.schemas.text_formats import (
    MAX_ENUM,
    enumeration,
    formats_of,
    is_secret_key,
    looks_secret,
    still,
)
from harness.traffic.lexicon import is_password

Schema = dict[str, Any]

WORDS = "x-words"
"""The few words that a string took, with how often: what an enumeration is decided by."""
_MAX_PROPERTIES = 256
_MAX_SEEN = 20_000
_MAX_DEPTH = 40
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a body as JSON may raise."""
_MAX_EXAMPLE = 200
_SMALL = 1_024
_INT32 = 2**31
_PLAIN_KEY = re.compile(r"[@$]?[A-Za-z_][A-Za-z0-9_-]*")
_VARYING_KEYS = 24
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder()


class Shape:
    """What was seen at one place. Counts are of distinct rows, not of all repetitions.

    `settled`: no further text can change what is known of the texts here.
    """

    __slots__ = (
        "arrays", "booleans", "example", "extra", "floats", "formats", "high", "integers", "items",
        "low", "nulls", "objects", "properties", "seen", "settled", "strings", "words",
    )  # fmt: skip

    def __init__(self) -> None:
        self.nulls = self.booleans = self.integers = self.floats = 0
        self.strings = self.objects = self.arrays = 0
        self.low: float = 0
        self.high: float = 0
        self.formats: frozenset[str] = frozenset()
        self.words: dict[str, int] | None = None
        self.properties: dict[str, Shape] = {}
        self.extra: Shape | None = None
        self.items: Shape | None = None
        self.seen: set[int] | None = None
        self.example: Any = None
        self.settled = False

    @property
    def count(self) -> int:
        return (
            self.nulls
            + self.booleans
            + self.integers
            + self.floats
            + self.strings
            + self.objects
            + self.arrays
        )

    # ------------------------------------------------------------------------- observing

    def add_json(self, body: bytes) -> None:
        """Add the JSON value of a body; raise one of UNREADABLE where it is none."""
        if len(body) < _SMALL:
            self.add(_VALUE.decode(body))
            return
        start = body[:64].lstrip()[:1]
        if start == b"{":
            fields = _FIELDS.decode(body)
            self.objects += 1
            for key, raw in fields.items():
                self._property(key).add_json(bytes(raw))
        elif start == b"[":
            self._add_rows(_ROWS.decode(body))
        else:
            self.add(_VALUE.decode(body))

    def _add_rows(self, rows: list[msgspec.Raw]) -> None:
        self.arrays += 1
        if self.items is None:
            self.items = Shape()
        if self.seen is None:
            self.seen = set()
        for raw in rows:
            row = bytes(raw)
            digest = hash(row)
            if digest in self.seen:
                continue
            if len(self.seen) < _MAX_SEEN:
                self.seen.add(digest)
            self.items.add_json(row)

    def add(self, value: Any) -> None:
        """Add a JSON value."""
        kind = type(value)
        if kind is str:
            self._add_text(value)
        elif kind is dict:
            self._add_object(value)
        elif value is None:
            self.nulls += 1
        elif kind is list:
            self.arrays += 1
            if self.items is None:
                self.items = Shape()
            for item in value:
                self.items.add(item)
        elif kind is bool:
            self.booleans += 1
            self._keep(value)
        else:
            self._add_number(value)

    def _add_object(self, value: dict[str, Any]) -> None:
        self.objects += 1
        known = self.properties
        for key, item in value.items():
            child = known.get(key)
            if child is None:
                child = self._property(key)
            if item is None:
                child.nulls += 1
            elif child.settled and type(item) is str:
                child.strings += 1
            else:
                child.add(item)

    def _property(self, key: str) -> "Shape":
        child = self.properties.get(key)
        if child is not None:
            return child
        if len(self.properties) >= _MAX_PROPERTIES:
            if self.extra is None:
                self.extra = Shape()
            return self.extra
        child = self.properties[key] = Shape()
        return child

    def _add_number(self, value: float) -> None:
        if not (self.integers or self.floats):
            self.low = self.high = value
        elif value < self.low:
            self.low = value
        elif value > self.high:
            self.high = value
        if type(value) is int:
            self.integers += 1
        else:
            self.floats += 1
        self._keep(value)

    def _add_text(self, value: str) -> None:
        self.strings += 1
        if self.strings == 1:
            self.formats = formats_of(value)
            self.words = {value: 1}
            self._keep(value)
            return
        if self.formats:
            self.formats = still(self.formats, value)
        words = self.words
        if words is None:
            self.settled = not self.formats
            return
        if value in words:
            words[value] += 1
        elif len(words) <= MAX_ENUM:
            words[value] = 1
        else:
            self.words = None

    def _keep(self, value: Any) -> None:
        if self.example is None or self.example == "":
            self.example = value[:_MAX_EXAMPLE] if isinstance(value, str) else value

    # -------------------------------------------------------------------------- merging

    def merge(self, other: "Shape") -> None:
        """Take over everything that another place saw."""
        if other.integers or other.floats:
            numbers = self.integers or self.floats
            self.low = min(self.low, other.low) if numbers else other.low
            self.high = max(self.high, other.high) if numbers else other.high
        if other.strings:
            self.formats = self.formats & other.formats if self.strings else other.formats
            self.words = _merged_words(self, other)
        for name in ("nulls", "booleans", "integers", "floats", "strings", "objects", "arrays"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for key, child in other.properties.items():
            self._property(key).merge(child)
        for mine, theirs in (("extra", other.extra), ("items", other.items)):
            if theirs is not None:
                if getattr(self, mine) is None:
                    setattr(self, mine, Shape())
                getattr(self, mine).merge(theirs)
        if other.example is not None:
            self._keep(other.example)

    @classmethod
    def union(cls, shapes: Iterable["Shape"]) -> "Shape":
        result = cls()
        for shape in shapes:
            result.merge(shape)
        return result

    # -------------------------------------------------------------------------- emitting

    def is_map(self) -> bool:
        """Whether the keys of the objects here are data: the values are alike, the keys vary."""
        if self.extra is not None:
            return True
        if not self.properties:
            return False
        kinds = {_kind(child) for child in self.properties.values()}
        if len(kinds) != 1 or "mixed" in kinds:
            return False
        if not all(_PLAIN_KEY.fullmatch(key) for key in self.properties):
            return True
        return len(self.properties) > _VARYING_KEYS and all(
            child.count < self.objects for child in self.properties.values()
        )

    def schema(self, key: str = "", secrets: Collection[str] = (), depth: int = 0) -> Schema:
        """The JSON Schema of this place; `key` is its name, `secrets` never become examples.

        What is nested more than 40 levels deep (`depth`) is left open.
        """
        if depth > _MAX_DEPTH:
            return {}
        types = self._types()
        result: Schema = {}
        if types:
            result["type"] = types[0] if len(types) == 1 else types
        if self.strings:
            result |= self._text_schema(key, secrets)
            if "enum" in result and len(types) > 1:
                result["enum"] = [*result["enum"], None] if self.nulls else result["enum"]
        if self.integers or self.floats:
            result |= self._number_schema(key)
        if self.objects:
            result |= self._object_schema(secrets, depth + 1)
        if self.arrays:
            items = self.items or Shape()
            result["items"] = items.schema(key, secrets, depth + 1) if items.count else {}
        if self._shows(key, secrets):
            result["examples"] = [self.example]
        return result

    def _types(self) -> list[str]:
        named = {
            "object": self.objects,
            "array": self.arrays,
            "string": self.strings,
            "integer": self.integers if not self.floats else 0,
            "number": self.floats,
            "boolean": self.booleans,
            "null": self.nulls,
        }
        return [name for name, seen in named.items() if seen]

    def _text_schema(self, key: str, secrets: Collection[str]) -> Schema:
        if is_secret_key(key):
            return {"format": "password"} if is_password(key) else {}
        if self.formats:
            return {"format": min(self.formats)}
        words = self.words
        if words is None or not all(_may_show(word, secrets) for word in words):
            return {}
        only = not (self.booleans or self.integers or self.floats or self.objects or self.arrays)
        values = enumeration(key, words) if only else None
        result: Schema = {WORDS: dict(sorted(words.items()))}
        return result | {"enum": values} if values else result

    def _number_schema(self, key: str) -> Schema:
        result: Schema = {}
        if not self.floats and max(abs(self.low), abs(self.high)) >= _INT32:
            result["format"] = "int64"
        if self.low != self.high and not is_secret_key(key):
            result["x-observed-range"] = [self.low, self.high]
        return result

    def _object_schema(self, secrets: Collection[str], depth: int) -> Schema:
        if self.is_map():
            values = Shape.union(
                child for child in (*self.properties.values(), self.extra) if child is not None
            )
            return {"additionalProperties": values.schema("", secrets, depth)}
        required = [key for key, child in self.properties.items() if child.count >= self.objects]
        result: Schema = {
            "properties": {
                key: child.schema(key, secrets, depth) for key, child in self.properties.items()
            }
        }
        if required:
            result["required"] = required
        return result

    def _shows(self, key: str, secrets: Collection[str]) -> bool:
        value = self.example
        if value is None or value == "" or is_secret_key(key):
            return False
        return not isinstance(value, str) or _may_show(value, secrets)


def _merged_words(mine: Shape, other: Shape) -> dict[str, int] | None:
    if not mine.strings:
        return dict(other.words) if other.words is not None else None
    if mine.words is None or other.words is None:
        return None
    words = dict(mine.words)
    for word, count in other.words.items():
        words[word] = words.get(word, 0) + count
    return words if len(words) <= MAX_ENUM + 1 else None


def _kind(shape: Shape) -> str:
    """The kind of the values at a place; `mixed` where there is more than one."""
    kinds = {
        "object": shape.objects,
        "array": shape.arrays,
        "string": shape.strings,
        "number": shape.integers + shape.floats,
        "boolean": shape.booleans,
    }
    seen = [name for name, count in kinds.items() if count]
    return seen[0] if len(seen) == 1 else "mixed"


def _may_show(text: str, secrets: Collection[str]) -> bool:
    return not looks_secret(text) and not any(secret in text for secret in secrets)
