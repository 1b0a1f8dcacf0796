"""Stand-ins: what a secret is replaced by. Same shape, same every time, and no way back."""

import base64
import binascii
import hashlib
import hmac
import re
import string
from functools import lru_cache

import msgspec

_PREFIX = re.compile(
    rb"(?:(?:[a-z]{2,6}_){1,2}|github_pat_|glpat-|sk-|pk-|xox[a-z]-|s:)(?=[\w\-.+/=]{12,}$)"
)
_HEX = re.compile(rb"[0-9a-f\-:]+|[0-9A-F\-:]+")
_UUID = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([0-9a-fA-F])[0-9a-fA-F]{3}-([0-9a-fA-F])")
_JSON_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')
_ESCAPE = re.compile(r"(\\u[0-9a-fA-F]{4}|\\.)")
_BASE64URL = re.compile(rb"[A-Za-z0-9_\-]+")
_KEPT_CLAIMS = frozenset({"alg", "typ", "cty", "enc", "zip", "type", "token_type", "token_use"})
_CLASSES = tuple(
    text.encode() for text in (string.digits, string.ascii_lowercase, string.ascii_uppercase)
)
_HEX_CLASSES = (b"0123456789", b"abcdef", b"ABCDEF")
_SHORTEST_HEX = 8
_UUID_FIXED = (14, 19)
_JWT_PARTS = 3
_ATTEMPTS = 8


class StandIns:
    """Maps a secret to its stand-in, by HMAC with the key of a project."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, secret: bytes) -> bytes:
        """Return the stand-in: as long, of the same characters' classes, with the same prefix.

        JWTs stay JWTs: claims keep their keys, numbers and times, their texts are replaced.
        """
        if secret.startswith(b"eyJ") and b"." in secret:
            return self._token(secret)
        prefix = _PREFIX.match(secret)
        kept = prefix.end() if prefix else 0
        return secret[:kept] + self._shaped(secret[kept:])

    def _token(self, secret: bytes) -> bytes:
        parts = secret.split(b".")
        claims = [self._claims(part) for part in parts[: _JWT_PARTS - 1]]
        rest = [self._signature(part, secret) for part in parts[_JWT_PARTS - 1 :]]
        return b".".join([*claims, *rest])

    def _claims(self, part: bytes) -> bytes:
        text = _json_in(part)
        if text is None:
            return self._shaped(part)
        key = ""

        def replace(match: re.Match[str]) -> str:
            nonlocal key
            if match[2] is not None:
                key = match[1]
                return match[0]
            if key in _KEPT_CLAIMS:
                return match[0]
            return f'"{self._between_escapes(match[1])}"'

        return base64.urlsafe_b64encode(_JSON_TEXT.sub(replace, text).encode()).rstrip(b"=")

    def _between_escapes(self, text: str) -> str:
        pieces = _ESCAPE.split(text)
        pieces[::2] = [self._shaped(piece.encode()).decode() for piece in pieces[::2]]
        return "".join(pieces)

    def _signature(self, part: bytes, secret: bytes) -> bytes:
        """The bytes of a signature depend on the whole token, as they do in a real one."""
        if not _BASE64URL.fullmatch(part):
            return self._shaped(part)
        size = len(part) * 3 // 4
        made = base64.urlsafe_b64encode(self._stream(secret, size)).rstrip(b"=")
        return made if len(made) == len(part) else self._shaped(part)

    def _shaped(self, text: bytes) -> bytes:
        for attempt in range(_ATTEMPTS):
            stream = self._stream(text + bytes(attempt), 2 * len(text))
            made = _fill(text, stream)
            if made != text:
                return made
        return text

    def _stream(self, text: bytes, size: int) -> bytes:
        seed = hmac.digest(self._key, text, "sha256")
        return hashlib.shake_256(seed).digest(size)


def _fill(text: bytes, stream: bytes) -> bytes:
    """Draw a character of the same class for each letter and digit; keep all others."""
    is_hex = len(text) >= _SHORTEST_HEX and _HEX.fullmatch(text) is not None
    classes = _HEX_CLASSES if is_hex else _CLASSES
    fixed = _UUID_FIXED if _UUID.match(text) else ()
    made = bytearray(text)
    for index, byte in enumerate(text):
        alphabet = next((letters for letters in classes if byte in letters), None)
        if alphabet is None or index in fixed:
            continue
        drawn = stream[2 * index] << 8 | stream[2 * index + 1]
        if index == 0 and byte in b"123456789":
            made[index] = alphabet[1 + drawn % 9]
        else:
            made[index] = alphabet[drawn % len(alphabet)]
    return bytes(made)


def _json_in(part: bytes) -> str | None:
    """Return the JSON object that a base64url part holds."""
    try:
        text = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)).decode()
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError):
        return None
    return text
