"""Which places of the path tree are values of one parameter, and which stay literal."""

import re

from harness.inference.paths.provenance import Pool, is_unique
from harness.inference.paths.segments import can_be_value, value_of
from harness.inference.paths.tree import UNROUTED, Node, alike

_VERSION = re.compile(r"v\d+([._]\d+)*")
_RESERVED = frozenset({
    "me", "self", "current", "search", "new", "bulk", "batch", "export", "import", "count",
    "stats", "feed", "login", "logout",
})  # fmt: skip
_SPECIFIC = re.compile(r".*\d.*|[^-]+(-[^-]+){3,}")
_REFUSED = frozenset({401, 403})
_CROWD = 5
_DOUBTFUL = 3
_CONSTANTS = frozenset({"integer", "number", "date"})
_ROOTS = frozenset({"", "api", "rest"})


class Folder:
    """Fold the values below every place into its parameter, top down."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.ambiguous: list[Node] = []

    def fold(self, node: Node, path: str = "") -> None:
        self._restore_constant(node, path)
        words = [
            token
            for token in node.children
            if can_be_value(token) and not _VERSION.fullmatch(value_of(token))
        ]
        for token in self._values(node, words, path):
            node.absorb(token)
        if node.param is not None:
            for token in [token for token in words if token in node.children]:
                if self._leftover(node.children[token], node.param, value_of(token)):
                    node.absorb(token)
        for token, child in list(node.below()):
            self.fold(child, path + token)

    def _values(self, node: Node, words: list[str], path: str) -> list[str]:
        """The children that evidence shows to be values."""
        strong = [
            token
            for token in words
            if node.children[token].strong()
            and not self._collection(node.children[token])
            and not self._contradicts(node.children[token], node.param)
        ]
        if len(strong) == 1 and node.param is None and not self._convincing(node, strong[0], path):
            strong = []
        weak = [
            token
            for token in words
            if token not in strong
            and value_of(token) not in _RESERVED
            and self._seen(path, node.children[token], value_of(token))
            and not self._collection(node.children[token])
        ]
        references = [node.param] if node.param is not None else []
        references += [node.children[token] for token in strong]
        if references:
            return strong + [
                token
                for token in weak
                if any(alike(node.children[token], other) for other in references)
            ]
        unknown = [token for token in weak if not self._pool.names_structure(value_of(token))]
        return self._unsupported(node, words, unknown)

    def _convincing(self, node: Node, token: str, path: str) -> bool:
        """Whether a lone echo is enough: not for what holds everything else (`/api`)."""
        if self._holds_values(node.children[token]):
            return False
        served = any(op.succeeded for op in node.ops.values())
        return bool(path) or served or len(node.children) == 1

    def _holds_values(self, child: Node) -> bool:
        return child.param is not None or any(map(self._holds_values, child.children.values()))

    def _unsupported(self, node: Node, words: list[str], weak: list[str]) -> list[str]:
        """Values without a sibling that is one for certain."""
        alive = [token for token in words if node.children[token].succeeded()]
        if len(weak) == 1 and self._stands_alone(value_of(weak[0]), alone=alive == weak):
            return weak
        if len(weak) > 1 and len(weak) * 2 >= len(alive):
            first = node.children[weak[0]]
            group = [t for t in weak if node.children[t] is first or alike(node.children[t], first)]
            if len(group) > 1:
                return group
        if len(alive) > 1 and not weak and self._crowd(node, alive):
            if len(alive) >= _CROWD or {"GET", "PUT"} <= _served(node.children[alive[0]]):
                return alive
            if len(alive) >= _DOUBTFUL and "GET" in _served(node.children[alive[0]]):
                self.ambiguous.append(node)
        return []

    def _stands_alone(self, value: str, *, alone: bool) -> bool:
        """Whether a single known value is one: by its look, or by the field that holds it."""
        unique = any(map(is_unique, self._pool.keys.get(value, ())))
        return bool(_SPECIFIC.fullmatch(value)) or (alone and unique)

    def _crowd(self, node: Node, alive: list[str]) -> bool:
        """Whether places without evidence all serve the same, and none is a name of structure."""
        first = node.children[alive[0]]
        keys = first.signatures().keys()
        return any(op.shape for op in first.ops.values()) and all(
            node.children[token].signatures().keys() == keys
            and (node.children[token] is first or alike(node.children[token], first))
            and value_of(token) not in _RESERVED
            and not self._pool.names_structure(value_of(token))
            and not self._holds_values(node.children[token])
            for token in alive
        )

    def _seen(self, path: str, child: Node, value: str) -> bool:
        return bool(
            value in self._pool.keys
            or value in self._pool.urls.get(path, ())
            or child.own
            or +child.listed_keys
        )

    @staticmethod
    def _collection(child: Node) -> bool:
        """Whether a place holds rows of its own: its name is then no value unless echoed."""
        holds = child.param is not None or any(
            below.strong(own=True) for below in child.children.values()
        )
        return holds and not (child.strong(own=True) or child.owns_what_is_below())

    @staticmethod
    def _contradicts(child: Node, param: Node | None) -> bool:
        return param is not None and alike(child, param) is False and not child.strong(own=True)

    @staticmethod
    def _leftover(child: Node, param: Node, value: str) -> bool:
        """Whether a place without evidence is only another value of the parameter."""
        ours = child.signatures()
        if not child.succeeded():
            for key, op in ours.items():
                told = op.statuses - UNROUTED
                other = param.find(key)
                if any(status < 500 for status in told) and (other is None or not other.alive):  # noqa: PLR2004
                    return False
                if (
                    told
                    and told <= _REFUSED
                    and other
                    and other.succeeded
                    and not other.statuses & _REFUSED
                ):
                    return False
            return True
        if child.ops or value in _RESERVED:
            return False
        return all(param.find(key) for key in ours) and alike(child, param) is True

    @staticmethod
    def _restore_constant(node: Node, path: str) -> None:
        """A number that never changes at the head of all paths is part of them (`/api/2/…`)."""
        param = node.param
        if (
            param is not None
            and not param.ops
            and not node.ops
            and len(param.samples) == 1
            and set(param.forms) <= _CONSTANTS
            and len(param.children) > 1
            and path.strip("/") in _ROOTS
        ):
            (value,) = param.samples
            node.children[f"/{value}"] = param
            node.param = None


def _served(node: Node) -> set[str]:
    return {method for method, op in node.ops.items() if op.succeeded}
