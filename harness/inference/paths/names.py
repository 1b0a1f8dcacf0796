"""Names of resources, components and operations, from path templates."""

import re
from collections.abc import Iterable

from harness.inference.naming import literals, pascal, singular, snake

_PREFIX = re.compile(r"api|rest|v\d+([._]\d+)*", re.IGNORECASE)
_VERSION = re.compile(r"v\d+([._]\d+)*", re.IGNORECASE)
_OWNERS = frozenset({"me", "self", "current"})
_VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_SHORT = 3


class PathNames:
    """Names for the paths of one API; a path with rows below it is a collection."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        versions = {
            part for path in self._paths for part in path.split("/") if _VERSION.fullmatch(part)
        }
        self._dull = {"api", "rest"} | (versions if len(versions) == 1 else set())
        self._collections = {
            path.rpartition("/{")[0] or "/" for path in self._paths if path.endswith("}")
        }

    def is_resource(self, path: str) -> bool:
        """Whether a path is a collection or a row of one, not an action or a view on it."""
        parts = [part for part in path.split("/") if part]
        if not parts or (path.rstrip("/") or "/") in self._collections or path in self._collections:
            return True
        last = parts[-1]
        return ":" not in last and (last.endswith("}") or one(last) != snake(last))

    def resource(self, path: str) -> str:
        """The resource of a path: `/api/articles/{slug}/comments/{id}` belongs to `comment`."""
        words = [word for word in _words(path) if word not in _OWNERS]
        if not words:
            return "item" if "{" in path or "/" in self._collections else "root"
        last = words[-1].partition(":")[0].partition(".")[0]
        return one(last) if self.is_resource(path) or len(words) == 1 else one(words[-2])

    def component(self, path: str) -> tuple[str, str]:
        """The name of what a path answers, and a longer one for when the first is taken."""
        owner = pascal(self.resource(path))
        words = _words(path)
        if self.is_resource(path) or not words:
            before = [word for word in literals(path)[:-1] if word not in self._dull]
            prefix = pascal(one(before[-1])) if before and len(words) > 0 else ""
            return owner, f"{prefix}{owner}"
        last = pascal(re.sub(r"\W+", " ", words[-1]))
        own = last if last.startswith(owner) else f"{owner}{last}"
        return own, f"{own}Result"

    def operation(self, method: str, path: str) -> str:
        """A snake-case operation name: `list_articles`, `update_article`, `article_publish`."""
        words = [snake(word) for word in _words(path)]
        verb = _VERBS.get(method, method.lower())
        parents = [one(word) for word in words[:-1]]
        resource = self.resource(path)
        if not self.is_resource(path):
            own = [*parents, *words[-1:]]
            return "_".join(own if method == "POST" else [verb, *own])
        if path.rstrip("/").endswith("}"):
            return "_".join([verb, *parents, resource])
        many = words[-1] if words else f"{resource}s"
        if method == "GET":
            return "_".join(["list", *parents, many])
        return "_".join([verb, *parents, resource if method == "POST" else many])


def one(word: str) -> str:
    """The singular of a path word; short words stay what they are."""
    return snake(word) if len(word) <= _SHORT else singular(word)


def _words(path: str) -> list[str]:
    """The literals of a path without parameters in them and without the API's prefix."""
    found = [re.sub(r"\{[^}]*\}:?", "", part) for part in path.split("/")]
    return [word for word in found if word and not _PREFIX.fullmatch(word)]
