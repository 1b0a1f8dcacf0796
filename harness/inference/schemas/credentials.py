"""How requests say who they are, and the secret values that no document may show."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from harness.inference.schemas.text_formats import is_secret_key, looks_secret
from harness.traffic.exchange import Headers
from harness.traffic.lexicon import is_session, is_token, words_of

_MAX_SECRETS = 10_000
_MIN_SECRET = 6
_DEPTH = 4
_GUARDS = frozenset({"csrf", "xsrf", "csrftoken", "xsrftoken", "csrfmiddlewaretoken"})
"""Tokens that protect a form; they say nothing about who sends it."""


def credentials(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield how a request was authenticated and the secret: (`Authorization: Bearer`, token)."""
    for name, value in headers:
        role = _role(name)
        if role is None or not value:
            continue
        if role == "authorization":
            scheme, _, secret = value.rpartition(" ")
            yield f"Authorization: {scheme}".rstrip(" :"), secret
        elif role == "cookie":
            for pair in value.split(";"):
                key, _, secret = pair.strip().partition("=")
                if secret and _identifies_session(key, secret):
                    yield f"Cookie: {key}", secret
        else:
            yield name, value


def secrets_in(value: Any, depth: int = _DEPTH) -> Iterator[str]:
    """Yield the values of fields that are named like secrets."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                if len(item) >= _MIN_SECRET and is_secret_key(key):
                    yield item
            elif depth:
                yield from secrets_in(item, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from secrets_in(item, depth - 1)


class Secrets:
    """Secret values that were seen, bounded."""

    def __init__(self) -> None:
        self.values: set[str] = set()

    def add(self, value: str) -> None:
        if len(value) >= _MIN_SECRET and len(self.values) < _MAX_SECRETS:
            self.values.add(value)


def _identifies_session(cookie: str, value: str) -> bool:
    if not _GUARDS.isdisjoint(words_of(cookie)):
        return False
    return is_session(cookie) or is_token(cookie) or looks_secret(value)


@lru_cache(maxsize=1024)
def _role(header: str) -> str | None:
    """What a header has to do with who sends the request."""
    lower = header.lower()
    if lower in ("authorization", "cookie"):
        return lower
    return "key" if is_token(header) and _GUARDS.isdisjoint(words_of(header)) else None
