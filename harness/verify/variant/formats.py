"""Texts that are no words: what a client could not have written otherwise."""

import re

from harness.verify.clock import parse_stamp
from harness.verify.values import kind

_BOUND = ("uuid", "jwt", "ulid", "hex", "digits")
_FIXED = re.compile(
    r"[a-z][a-z0-9+.-]*://\S*"  # a URL
    r"|[a-z]+/[\w.+-]+"  # a media type
    r"|\#[0-9a-fA-F]{3,8}"  # a colour
    r"|[a-z]{2}|[a-z]{2,3}[-_][A-Z]{2}"  # a language
)
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)")
_FIXED_PARTS = re.compile(r"@([\w.-]+)|(?<=\w)\.([a-z0-9]{2,4})$")
"""The domain of an e-mail address, the ending of a file's name."""


def is_bound(text: str) -> bool:
    """Whether a text is a timestamp or a generated value: nothing in it is a word."""
    return parse_stamp(text) is not None or kind(text) in _BOUND


def is_fixed(text: str) -> bool:
    """Whether a text as a whole has a meaning to machines, as code has."""
    return _FIXED.fullmatch(text) is not None or any(
        0 <= text.find(start) < text.rfind(end) for start, end in ("{}", "<>")
    )


def host_of(text: str) -> str:
    """Return the host of a URL, with its port; empty for what is none."""
    found = _HOST.match(text)
    return found[1] if found else ""


def fixed_parts(text: str) -> list[str]:
    """Return the parts of a text that have a meaning to machines."""
    return [part for groups in _FIXED_PARTS.findall(text) for part in groups if part]
