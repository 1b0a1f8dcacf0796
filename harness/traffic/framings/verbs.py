"""Names of calls and pushes: what is done, and to what kind of thing."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import inflection

Verb = Literal["create", "update", "replace", "delete", "list", "read"]

_WORDS: dict[Verb, str] = {
    "create": "create created add added insert inserted new post",
    "update": "update updated patch patched edit edited modify modified change changed",
    "replace": "replace replaced put upsert",
    "delete": "delete deleted remove removed destroy destroyed",
    "list": "list find index all query search",
    "read": "get read show fetch load",
}
_VERBS: dict[str, Verb] = {word: verb for verb, words in _WORDS.items() for word in words.split()}
_NOUNS = frozenset(
    {"all", "change", "index", "list", "new", "patch", "post", "put", "query", "search", "show"}
)
"""Verbs that are nouns as well: beside another verb, they are what that is done to."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name. `verb` is None where no word, or more than one, is a verb."""

    verb: Verb | None
    noun: str


@lru_cache(maxsize=4096)
def parse_name(text: str) -> Name:
    """`createTask`, `tasks:create`, `/tasks/insert`, `messages created` -> what and to what."""
    words = [word.lower() for word in _PARTS.findall(text)]
    verbs = [word for word in words if word in _VERBS]
    if len(verbs) > 1:
        verbs = [word for word in verbs if word not in _NOUNS]
    if len(verbs) != 1:
        return Name(None, "-".join(words))
    rest = [word for word in words if word != verbs[0]]
    return Name(_VERBS[verbs[0]], "-".join(rest))


@lru_cache(maxsize=4096)
def collection(noun: str) -> str:
    """Return the segment of a path that a kind of thing is listed under."""
    head, dash, last = noun.rpartition("-")
    return f"{head}{dash}{inflection.pluralize(last)}"


def action_path(name: str) -> str:
    """Return the path of a call that is about nothing but itself: `user:login` -> /user/login."""
    path = "/" + "/".join(part for part in name.replace(":", "/").split("/") if part)
    return path.replace(" ", "-").replace(".", "/")
