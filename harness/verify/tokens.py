"""JSON Web Tokens, as far as replay has to look into live ones."""

import base64
import binascii
from typing import Any

from harness.traffic.exchange import parse_json

_OF_THE_MOMENT = ("iat", "exp", "nbf")
_MOMENT_S = 10


def same_subject(one: str, other: str) -> bool:
    """Whether two tokens say the same but for when they were issued, and that within moments."""
    left, right = _claims(one), _claims(other)
    if left is None or right is None or left.keys() != right.keys():
        return False
    return all(_same_claim(name, left[name], right[name]) for name in left)


def _same_claim(name: str, left: Any, right: Any) -> bool:
    if name == "jti" or left == right:
        return True
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return name in _OF_THE_MOMENT and numbers and abs(left - right) <= _MOMENT_S


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != len(("header", "payload", "signature")):
        return None
    payload = parts[1]
    try:
        claims = parse_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        return None
    return claims if isinstance(claims, dict) else None
