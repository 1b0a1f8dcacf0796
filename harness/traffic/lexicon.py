"""The field's usual names for what is secret or personal."""

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PASSWORDS = frozenset({"password", "passwd", "pwd", "pass", "passphrase", "passcode"})
_CODES = frozenset({"pin", "otp", "totp", "cvv", "cvc"})
_TOKENS = frozenset(
    {
        "token", "secret", "jwt", "apikey", "authorization", "csrf", "xsrf", "bearer",
        "csrftoken", "csrfmiddlewaretoken", "accesstoken", "authtoken", "refreshtoken",
        "secretkey", "privatekey", "accesskey", "sessiontoken", "cookie",
    }
)  # fmt: skip
_KEY_OWNERS = frozenset(
    {"api", "access", "private", "secret", "client", "auth", "signing", "encryption", "session"}
    | {"master", "shared", "service"}
)
_CODE_OWNERS = frozenset(
    {"verification", "otp", "auth", "authorization", "recovery", "backup", "security", "totp"}
)
_PASSWORD_TAILS = frozenset(
    {"confirmation", "confirm", "repeat", "repeated", "again", "new", "old", "current", "verify"}
    | {"hash", "digest", "salt", "verification", "retype"}
)
_SESSIONS = frozenset({"session", "sessionid", "sid", "sess", "nonce", "auth", "code", "remember"})
_PERSONAL_NAMES = frozenset(
    {"first", "last", "middle", "full", "given", "family", "display", "real", "contact", "sur"}
)
_PHONES = frozenset({"phone", "mobile", "telephone", "fax", "cellphone"})

HINT_WORD = re.compile(
    rb"(?:pass|pwd|token|secret|key|jwt|auth|csrf|xsrf|otp|pin|cvv|cvc|bearer|cookie|sess|sid|nonce"
    rb"|code|remember)"
)
HINT = re.compile(HINT_WORD.pattern + rb'[\w\-]*(?:\\*"\s*:|=)')
"""Where the name of a secret may end, in lower-case text."""

PERSONAL_HINT = re.compile(rb'(?:name|phone|mobile|fax)[\w\-]*(?:\\*"\s*:|=)')


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of an identifier in any style, lower case, without numbers."""
    return tuple(word.lower() for word in _WORDS.findall(name))


@lru_cache(maxsize=4096)
def is_password(name: str) -> bool:
    """Whether people choose the value: passwords and short codes."""
    words = words_of(name)
    if not words:
        return False
    if words[-1] in _PASSWORDS or words[-1] in _CODES:
        return True
    if words[-1] == "code":
        return len(words) > 1 and words[-2] in _CODE_OWNERS
    return words[-1] in _PASSWORD_TAILS and not _PASSWORDS.isdisjoint(words)


@lru_cache(maxsize=4096)
def is_token(name: str) -> bool:
    """Whether the value is a secret that a machine made."""
    words = words_of(name)
    if not words:
        return False
    if words[-1] in _TOKENS:
        return True
    return words[-1] == "key" and len(words) > 1 and words[-2] in _KEY_OWNERS


@lru_cache(maxsize=4096)
def is_session(name: str) -> bool:
    """Whether the value is a secret if it looks like one."""
    words = words_of(name)
    if not words:
        return False
    return words[-1] in _SESSIONS or (words[-1] == "id" and not _SESSIONS.isdisjoint(words))


@lru_cache(maxsize=4096)
def is_personal(name: str) -> bool:
    """Whether the value is a person's name or phone number."""
    words = words_of(name)
    if not words:
        return False
    if words[-1] in _PHONES or (words[-1] == "number" and not _PHONES.isdisjoint(words)):
        return True
    return words[-1] in ("firstname", "lastname", "fullname", "surname") or (
        words[-1] == "name" and len(words) > 1 and words[-2] in _PERSONAL_NAMES
    )
