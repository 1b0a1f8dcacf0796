"""What is never pressed, whatever a model wants: payments, ends of accounts, others' sessions."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from playwright.async_api import Locator

from harness.capture.explore.caution import care_for
from harness.chat.toolbox import RefusedError, data

_SCRIPT = Path(__file__).with_name("names.js").read_text(encoding="utf-8")
_FIND_MS = 2000
_LEAVES = re.compile(r"\s*(?:cancel|close|back|dismiss|no)\b", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-_/.=&?+]")


class Seen(msgspec.Struct, frozen=True):
    """An element: what it is called, what Enter in it presses, what dialog and frame it is in."""

    names: list[str]
    submits: list[str]
    dialog: str
    frame: str
    href: str
    secret: bool


async def look(target: Locator) -> Seen:
    return msgspec.convert(await target.evaluate(_SCRIPT, timeout=_FIND_MS), Seen)


def require_harmless(seen: Seen) -> None:
    """Raise RefusedError where pressing an element would do what must not be done."""
    leaves = any(_LEAVES.match(name) for name in seen.names)
    _require([*seen.names, *([] if leaves else [seen.dialog])])


def require_harmless_submit(seen: Seen) -> None:
    _require([*seen.submits, seen.dialog])


def require_harmless_address(url: str) -> None:
    parts = urlsplit(url)
    _require([_SEPARATORS.sub(" ", unquote(f"{parts.path} {parts.query} {parts.fragment}"))])


def _require(texts: list[str]) -> None:
    for text in texts:
        if care_for(text) == "never":
            raise RefusedError(
                "That is never pressed from here: it looks like a payment, the end of an account, "
                f"or others' sessions. The person can do it after /pause.\n{data(text)}"
            )
