"""Path templates that the API itself described: a hint of their own kind, where it is recorded."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from harness.inference.paths.segments import can_be_value, tokens, value_of
from harness.inference.paths.tree import Node

_MAX_PATHS = 2_000
_VOTES = 1_000_000
"""A described name outweighs every other."""
_PARAMETER = re.compile(r"\{([^{}]+)\}")


class DescribedPaths:
    """Paths of OpenAPI and Swagger documents in the traffic."""

    def __init__(self) -> None:
        self._paths: set[str] = set()

    def add(self, document: Any) -> None:
        """Keep the paths of a document, under its base path; anything else is ignored."""
        paths = document.get("paths") if isinstance(document, dict) else None
        if not isinstance(paths, dict):
            return
        for base in _bases(document):
            for path in paths:
                if path.startswith("/") and len(self._paths) < _MAX_PATHS:
                    self._paths.add(base.rstrip("/") + path)

    def apply(self, root: Node) -> None:
        """Fold the values of described parameters, and name these."""
        described = [tuple(tokens(path)) for path in sorted(self._paths)]
        for path in described:
            for node, at in _places(root, path):
                name = _PARAMETER.fullmatch(value_of(path[at]))
                if name:
                    self._fold(node, path[: at + 1], described)
                    if node.param is not None:
                        node.param.hinted[re.sub(r"\W", "_", name[1])] += _VOTES

    @staticmethod
    def _fold(node: Node, prefix: tuple[str, ...], described: list[tuple[str, ...]]) -> None:
        siblings = [path for path in described if _same_parent(path, prefix)]
        literals = {path[len(prefix) - 1] for path in siblings}
        ends = any(path == prefix for path in siblings)
        for token in [token for token in node.children if can_be_value(token)]:
            child = node.children[token]
            if token in literals or (child.ops and not ends):
                continue
            node.absorb(token)


def _bases(document: dict[str, Any]) -> Iterator[str]:
    servers = document.get("servers")
    urls = (
        [item.get("url") for item in servers if isinstance(item, dict)]
        if isinstance(servers, list)
        else [document.get("basePath")]
    )
    found = {urlsplit(url).path for url in urls if isinstance(url, str)}
    yield from sorted(found) or [""]


def _places(root: Node, path: tuple[str, ...]) -> Iterator[tuple[Node, int]]:
    """Yield the place before every token of a described path, as far as the tree goes."""
    node: Node | None = root
    for at, token in enumerate(path):
        if node is None:
            return
        yield node, at
        node = node.param if _PARAMETER.fullmatch(value_of(token)) else node.children.get(token)


def _same_parent(path: tuple[str, ...], prefix: tuple[str, ...]) -> bool:
    """Whether two described paths agree up to the last token of `prefix`, names aside."""
    if len(path) < len(prefix):
        return False
    return all(
        left == right or (_is_parameter(left) and _is_parameter(right))
        for left, right in zip(path, prefix[:-1], strict=False)
    )


def _is_parameter(token: str) -> bool:
    return bool(_PARAMETER.fullmatch(value_of(token)))
