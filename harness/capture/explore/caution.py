"""What must not be pressed, and what only where it is the explorer's own."""

import re
from typing import Literal

Care = Literal["free", "own", "last", "never"]

_NEVER = re.compile(
    r"\b(?:pay|payment|buy|purchase|check ?out|place order|order now|donate|subscribe|upgrade"
    r"|billing|credit card|withdraw|transfer|invite)\b"
    r"|\b(?:delete|close|remove|deactivate|cancel|erase) (?:my |your |this |the )?"
    r"(?:account|profile|membership|workspace|organi[sz]ation)\b"
    r"|\b(?:log|sign) ?out (?:of )?(?:all|every|other|everywhere|users?)"
    r"|\b(?:revoke|ban|block user|kick|impersonate|reset (?:all|everything|database)|factory)\b",
    re.IGNORECASE,
)
_LOGOUT = re.compile(r"\b(?:log|sign) ?(?:out|off)\b", re.IGNORECASE)
_REMOVES = re.compile(r"delete|remove|trash|discard|destroy|\N{MULTIPLICATION SIGN}", re.IGNORECASE)
_CHANGES = re.compile(r"clear|archive|edit|rename|update|change", re.IGNORECASE)


def care_for(name: str) -> Care:
    """Return when something with this name may be pressed."""
    if _NEVER.search(name):
        return "never"
    if _LOGOUT.search(name):
        return "last"
    return "own" if is_removal(name) or _CHANGES.search(name) else "free"


def is_removal(name: str) -> bool:
    return _REMOVES.search(name) is not None
