"""Where values come from: which body keys carried a value that may later be a path segment."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from harness.inference.paths.segments import WORD, form

MAX_VALUES = 50_000
MAX_LENGTH = 80
_MAX_ROLES = 4_096
ECHO_DEPTH = 3
_IDENTIFYING = frozenset({
    "id", "ids", "pk", "uid", "uuid", "guid", "gid", "oid", "identifier", "ref", "key", "code",
    "slug", "name", "username", "login", "handle", "nickname", "nick", "email", "filename",
    "locale", "lang", "language", "currency", "symbol", "sku", "isbn", "tag", "version",
    "token", "number", "sha", "hash", "date", "day",
})  # fmt: skip
_CLASS, _IDENTIFIER = "class", "identifier"
_UNIQUE = frozenset(
    {"id", "uid", "uuid", "guid", "gid", "slug", "username", "login", "handle", "nickname"}
)
_TYPES = frozenset(
    ("type", "kind", "object", "resource", "resource_type", "status", "state", "role")
)
_TELLING = frozenset({
    "message", "msg", "detail", "details", "description", "action", "event", "result", "error",
    "title", "text", "path", "url", "uri", "href", "route", "endpoint", "operation", "op", "method",
    "command", "topic", "resource", "self", "next", "prev", "first", "last",
})  # fmt: skip
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_DESCRIPTIONS = ("swagger", "openapi", "$schema", "__schema")


@lru_cache(maxsize=4096)
def identifies(key: str) -> bool:
    """Whether a key is named like what identifies a row (`id`, `task_gid`, `userName`)."""
    words = _WORDS.findall(key)
    return bool(words) and (words[-1].lower() in _IDENTIFYING or key.lower() in _IDENTIFYING)


def is_unique(key: str) -> bool:
    """Whether values of a key name one row of its kind (`slug`), not just anything (`name`)."""
    words = _WORDS.findall(key)
    return bool(words) and words[-1].lower() in _UNIQUE


@lru_cache(maxsize=4096)
def classifies(key: str) -> bool:
    """Whether a key names a class of rows (`type`), whose values are no identifiers."""
    return key.lower() in _TYPES


def _role(key: str) -> str:
    if classifies(key):
        return _CLASS
    return _IDENTIFIER if identifies(key) else ""


@lru_cache(maxsize=4096)
def _tells(key: str) -> bool:
    """Whether a key holds words about the request (`message`), which may repeat its path."""
    return key.lower() in _TELLING


def describes_api(value: Any) -> bool:
    """Whether a JSON value is a description of an API, whose names are no data."""
    if not isinstance(value, dict):
        return False
    return any(key in value for key in _DESCRIPTIONS) or (
        isinstance(value.get("data"), dict) and "__schema" in value["data"]
    )


class Pool:
    """Words that were seen under identifying keys, with these keys; bounded.

    `fields` are all keys and `classes` all values of keys like `type`: names of relations and
    collections, which speak against a path segment being a value.
    """

    def __init__(self) -> None:
        self.keys: dict[str, set[str]] = {}
        self.urls: dict[str, set[str]] = {}
        self.fields: set[str] = set()
        self.classes: set[str] = set()
        self._roles: dict[str, str] = {}

    def add(self, value: Any) -> None:
        """Collect the identifying words of a JSON value."""
        if type(value) is dict:
            self._add_object(value)
        elif type(value) is list:
            if len(value) > 1 and type(value[0]) is dict:
                self._note_urls(value)
            for item in value:
                if type(item) is dict or type(item) is list:
                    self.add(item)

    def _add_object(self, value: dict[str, Any]) -> None:
        if len(self.fields) < MAX_VALUES:
            self.fields.update(value)
        roles = self._roles
        for key, item in value.items():
            kind = type(item)
            if kind is str:
                role = roles.get(key)
                if role is None:
                    role = _role(key)
                    if len(roles) < _MAX_ROLES:
                        roles[key] = role
                if role and len(item) <= MAX_LENGTH:
                    self._note(item, key, role)
            elif kind is dict:
                self._add_object(item)
            elif kind is list:
                self.add(item)
                if item and type(item[0]) is str:
                    self._note_words(item, key)

    def names_structure(self, word: str) -> bool:
        """Whether a word is the name of a field, a relation or a type."""
        return word in self.fields or word in self.classes

    def location(self, url: str) -> None:
        """Note the last segment of the address of a created row."""
        parent, _, last = urlsplit(url).path.rpartition("/")
        if last and len(self.urls) < MAX_VALUES:
            self.urls.setdefault(parent, set()).add(last)

    def _note(self, value: str, key: str, role: str) -> None:
        if role == _CLASS:
            if len(self.classes) < MAX_VALUES:
                self.classes.add(value)
            return
        known = self.keys.get(value)
        if known is not None:
            known.add(key)
        elif len(self.keys) < MAX_VALUES and "/" not in value and form(value) == WORD:
            self.keys[value] = {key}

    def _note_words(self, words: list[Any], key: str) -> None:
        """Words of a list (`"tags": ["tea", "rum"]`)."""
        for word in words:
            if type(word) is not str or len(word) > MAX_LENGTH or len(self.keys) >= MAX_VALUES:
                continue
            if "/" not in word and form(word) == WORD:
                self.keys.setdefault(word, set()).add(key)

    def _note_urls(self, rows: list[Any]) -> None:
        """Rows of one list whose addresses differ only in the last segment."""
        first, second = rows[0], rows[1]
        if type(second) is not dict:
            return
        for key, item in first.items():
            other = second.get(key)
            if not (type(item) is str and type(other) is str and "/" in item):
                continue
            parent = urlsplit(item).path.rpartition("/")[0]
            if parent and item != other and urlsplit(other).path.rpartition("/")[0] == parent:
                for row in rows:
                    if type(row) is dict and type(row.get(key)) is str:
                        self.location(row[key])


def echoes(value: Any, wanted: frozenset[str]) -> Iterator[tuple[str, str, int]]:
    """Yield (value, key, rows) for the wanted values near the top of a body.

    `rows` is 0 outside of lists, else the length of the list in whose first row the key is.
    """
    stack: list[tuple[Any, int, int]] = [(value, 0, 0)]
    while stack:
        item, depth, rows = stack.pop()
        if type(item) is list:
            if item:
                stack.append((item[0], depth, max(rows, len(item))))
            continue
        if type(item) is not dict:
            continue
        for key, inner in item.items():
            kind = type(inner)
            if kind is str or kind is int:
                text = inner if kind is str else str(inner)
                if text in wanted and not classifies(key) and not _tells(key):
                    yield text, key, rows
            elif depth < ECHO_DEPTH - 1 and inner:
                stack.append((inner, depth + 1, rows))
