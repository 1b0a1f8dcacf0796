"""How requests say who they are, and the secret values that no document may show."""

from collections.abc import Iterator
from typing import Any

from harness.inference.text_formats import is_secret_key, key_words, looks_secret
from harness.traffic.exchange import Headers

_MAX_SECRETS = 10_000
_MIN_SECRET = 6
_DEPTH = 4
_NOT_SESSIONS = frozenset({"csrf", "xsrf", "csrftoken", "theme", "lang", "locale", "consent"})
_SESSIONS = frozenset({"session", "sess", "sid", "sessionid", "phpsessid", "jsessionid", "auth"})


def credentials(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield how a request was authenticated and the secret: (`Authorization: Bearer`, token)."""
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization" and value:
            scheme, _, secret = value.rpartition(" ")
            yield f"Authorization: {scheme}".rstrip(" :"), secret
        elif lower == "cookie":
            for pair in value.split(";"):
                key, _, secret = pair.strip().partition("=")
                if secret and _is_session(key, secret):
                    yield f"Cookie: {key}", secret
        elif _is_key_header(lower) and value:
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


def _is_session(key: str, value: str) -> bool:
    words = key_words(key)
    if any(word in _NOT_SESSIONS for word in words):
        return False
    return (
        key.lower() in _SESSIONS
        or is_secret_key(key)
        or looks_secret(value)
        or any(word in _SESSIONS for word in words)
    )


def _is_key_header(lower: str) -> bool:
    return (
        lower.startswith("x-")
        and ("token" in lower or "api-key" in lower or "apikey" in lower)
        and "csrf" not in lower
        and "xsrf" not in lower
    )
