"""Path segments: how a path is cut into tokens and what form a value has.

A token is a segment with its leading slash (`/tasks`, `/17`), or what is glued to a value in the
same segment: a verb (`/17` `:archive`), a prefix (`/labelId:` `17`, `/@` `ann`), a format
(`/17` `.json`).
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
        ("integers", r"\d+(,\d+)+"),
        ("locale", r"[a-z]{2}[-_][A-Z]{2}"),
        ("file", r"(?=[^.]*\d)[0-9a-fA-F-]{16,}\.[a-z0-9]{2,5}"),
        ("opaque", r"(?=(?:.*\d){3})(?=(?:.*[a-z]){3})[a-z0-9]{16,}"),
        ("jwt", r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),
        ("random", r"(?=(?:.*\d){2})(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{8,}"),
        ("email", r"[^@/\s]+@[^@/\s]+\.[A-Za-z]+"),
        ("text", r"(?=.*[\s\u0080-\uffff]).+"),
    )
)
_VERB = re.compile(r"([^:]+)(:[a-zA-Z][a-zA-Z_]*)")
_PREFIX = re.compile(r"([A-Za-z][A-Za-z_]*:)([^:]+)")
_SIGIL = re.compile(r"([@~])([\w.-]+)")
_CALL = re.compile(r"([A-Za-z]\w*\()('?)([^()']+)('?\))")
_ENCODINGS = (".json", ".xml")
_GLUED = (":", "@", "~", "(")
_CLOSING = (":", ".", ")", "'")
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
    if form(text) in (WORD, "email", "text"):
        for parts in (_verb(text), _affixed(text)):
            if parts:
                return (f"/{parts[0]}", *parts[1:])
    return (f"/{text}",)


def _verb(text: str) -> tuple[str, ...] | None:
    verb = _VERB.fullmatch(text)
    return (verb[1], verb[2]) if verb and form(verb[2][1:]) == WORD else None


def _affixed(text: str) -> tuple[str, ...] | None:
    """A value with a prefix or a format in the same segment."""
    prefix = _PREFIX.fullmatch(text)
    if prefix and form(prefix[2]) != WORD:
        return (prefix[1], prefix[2])
    if sigil := _SIGIL.fullmatch(text):
        return (sigil[1], sigil[2])
    if call := _CALL.fullmatch(text):
        return (f"{call[1]}{call[2]}", call[3], call[4])
    file = _REPRESENTATION.fullmatch(text)
    if file and (form(file[1]) not in (WORD, "text") or file[2] in _ENCODINGS):
        return (file[1], file[2])
    return None


def tokens(path: str) -> list[str]:
    """Cut a percent-encoded path into decoded tokens."""
    return [token for segment in path.split("/")[1:] for token in _cut(segment)]


def value_of(token: str) -> str:
    """The value that a token would have as a parameter."""
    return token.removeprefix(SLASH)


def is_prefix(token: str) -> bool:
    """Whether a value follows in the same segment: `/labelId:`, `/@`, `/Products(`."""
    return token.startswith(SLASH) and token.rstrip("'").endswith(_GLUED)


def can_be_value(token: str) -> bool:
    """Whether a token can be a parameter at all: not a trailing slash, verb, format or prefix."""
    return token != SLASH and not token.startswith(_CLOSING) and not is_prefix(token)
