"""Formats of strings, enumerations and secrets, decided by what a field's values have in common."""

import re

from harness.traffic.lexicon import is_password, is_token, words_of

FORMATS: dict[str, re.Pattern[str]] = {
    "date-time": re.compile(
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
    ),
    "date": re.compile(r"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])", re.ASCII),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "email": re.compile(r"[^@\s/:]+@[^@\s/:]+\.[A-Za-z]{2,}"),
    "uri": re.compile(r"(https?|wss?|ftp)://[^\s]+"),
}
MAX_ENUM = 12
_MIN_REPEATS = 3
_MIN_OBSERVED = 8
_MAX_ENUM_WORD = 40
_ENUM_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*([_.:-][A-Za-z0-9]+)*")
_FREE_TEXT = frozenset({
    "name", "title", "description", "body", "text", "content", "bio", "message", "comment",
    "summary", "note", "notes", "slug", "username", "login", "email", "subject", "label", "tag",
    "id", "key", "uid", "gid", "query", "q", "search", "value", "filename", "url", "image", "path",
    "detail", "cursor", "city", "address", "phone", "tags", "names", "ids", "author", "favorited",
})  # fmt: skip
_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{8,}")
_OPAQUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_\-+/=.%]{24,}")
_DIGEST = re.compile(r"[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")


def formats_of(text: str) -> frozenset[str]:
    """Every format that a string has."""
    return frozenset(name for name, pattern in FORMATS.items() if pattern.fullmatch(text))


def still(formats: frozenset[str], text: str) -> frozenset[str]:
    """The formats that one more string leaves standing."""
    if len(formats) == 1:
        (only,) = formats
        return formats if FORMATS[only].fullmatch(text) else frozenset()
    return frozenset(name for name in formats if FORMATS[name].fullmatch(text))


def is_secret_key(key: str) -> bool:
    """Whether a field is named like a secret."""
    return is_password(key) or is_token(key)


def looks_secret(text: str) -> bool:
    """Whether a string has the form of a token: a JWT, or long and opaque."""
    if _JWT.fullmatch(text):
        return True
    return bool(
        _OPAQUE.fullmatch(text)
        and not _DIGEST.fullmatch(text)
        and not formats_of(text)
        and _opaque_run(text)
    )


def _opaque_run(text: str) -> bool:
    """Whether a run without separators is long and mixes letters with digits."""
    return any(
        len(run) >= 16 and re.search(r"\d", run) and re.search(r"[A-Za-z]", run)  # noqa: PLR2004
        for run in re.split(r"[-_.%/+=]", text)
    )


def enumeration(key: str, counts: dict[str, int]) -> list[str] | None:
    """The values of a field that takes few words over many observations; else None."""
    words = words_of(key)
    if (words and words[-1] in _FREE_TEXT) or is_secret_key(key):
        return None
    observed = sum(counts.values())
    if not 1 < len(counts) <= MAX_ENUM or observed < _MIN_OBSERVED:
        return None
    if observed < _MIN_REPEATS * len(counts):
        return None
    if not all(len(v) <= _MAX_ENUM_WORD and _ENUM_WORD.fullmatch(v) for v in counts):
        return None
    if any(character.isdigit() for value in counts for character in value) and len(counts) > 6:  # noqa: PLR2004
        return None
    return sorted(counts)
