"""Path segments: how a path is cut into tokens and what form a value has.

A token is a segment with its leading slash (`/tasks`, `/17`), or what is glued to a value in the
same segment: a verb (`/17` `:archive`), a prefix (`/labelId:` `17`), a format (`/17` `.json`).
A trailing slash is a token of its own, `/`. Joined, the tokens are the path again.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("integer", r"-?\d+"),
        ("uuid", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("hex", r"(?=.*\d)[0-9a-fA-F]{16,}"),
        ("ulid", r"(?=(?:.*\d){3})[0-9A-HJKMNP-TV-Z]{26}"),
        ("date", r"\d{4}-\d\d(-\d\d)?"),
        ("datetime", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
        ("number", r"-?\d+\.\d+"),
        ("key", r"[A-Z][A-Z0-9]*-\d+"),
        ("random", r"(?=(?:.*\d){2})(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{8,}"),
        ("email", r"[^@/\s]+@[^@/\s]+\.[A-Za-z]+"),
        ("text", r"(?=.*[\s\u0080-\uffff]).+"),
    )
)
_VERB = re.compile(r"([^:]+)(:[a-zA-Z][a-zA-Z_]*)")
_PREFIX = re.compile(r"([A-Za-z][A-Za-z_]*:)([^:]+)")
_REPRESENTATION = re.compile(r"(.+)(\.(?:json|xml|csv|html|txt|rss|atom|yaml|pdf|ics))")
WORD = "word"
SLASH = "/"


@lru_cache(maxsize=8192)
def form(value: str) -> str:
    """Name the form of a value: one of FORMS, or `word` where its text alone decides nothing."""
    return next((name for name, pattern in FORMS if pattern.fullmatch(value)), WORD)


@lru_cache(maxsize=8192)
def _cut(segment: str) -> tuple[str, ...]:
    text = unquote(segment)
    if form(text) not in (WORD, "email", "text"):
        return (f"/{text}",)
    verb = _VERB.fullmatch(text)
    if verb and form(verb[2][1:]) == WORD:
        return (f"/{verb[1]}", verb[2])
    if (prefix := _PREFIX.fullmatch(text)) and form(prefix[2]) != WORD:
        return (f"/{prefix[1]}", prefix[2])
    if (file := _REPRESENTATION.fullmatch(text)) and form(file[1]) not in (WORD, "text"):
        return (f"/{file[1]}", file[2])
    return (f"/{text}",)


def tokens(path: str) -> list[str]:
    """Cut a percent-encoded path into decoded tokens."""
    return [token for segment in path.split("/")[1:] for token in _cut(segment)]


def value_of(token: str) -> str:
    """The value that a token would have as a parameter."""
    return token.removeprefix(SLASH)


def can_be_value(token: str) -> bool:
    """Whether a token can be a parameter at all: not a trailing slash, verb, format or prefix."""
    return token != SLASH and token[0] not in ":." and not (token[0] == SLASH and token[-1] == ":")
