"""Which places of the path tree are values of one parameter, and which stay literal."""

import re

from harness.inference.path_tree import UNROUTED, Node, alike
from harness.inference.provenance import Pool
from harness.inference.segments import can_be_value, value_of

_VERSION = re.compile(r"v\d+([._]\d+)*")
_RESERVED = frozenset({
    "me", "self", "current", "search", "new", "bulk", "batch", "export", "import", "count",
    "stats", "feed", "login", "logout",
})  # fmt: skip
_SPECIFIC = re.compile(r".*\d.*|[^-]+(-[^-]+){3,}")
_REFUSED = frozenset({401, 403})
_CROWD = 8
_NUMERIC = frozenset({"integer", "number"})


class Folder:
    """Fold the values below every place into its parameter, top down."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.ambiguous: list[str] = []

    def fold(self, node: Node, path: str = "") -> None:
        self._restore_constant(node)
        words = [
            token
            for token in node.children
            if can_be_value(token) and not _VERSION.fullmatch(value_of(token))
        ]
        for token in self._values(node, words, path):
            self._absorb(node, token)
        if node.param is not None:
            for token in [token for token in words if token in node.children]:
                if self._leftover(node.children[token], node.param, value_of(token)):
                    self._absorb(node, token)
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
        return self._unsupported(node, words, weak, path)

    def _unsupported(self, node: Node, words: list[str], weak: list[str], path: str) -> list[str]:
        """Values without a sibling that is one for certain."""
        alive = [token for token in words if node.children[token].succeeded()]
        if len(weak) == 1 and _SPECIFIC.fullmatch(value_of(weak[0])):
            return weak
        if len(weak) > 1 and len(weak) * 2 >= len(alive):
            first = node.children[weak[0]]
            group = [t for t in weak if node.children[t] is first or alike(node.children[t], first)]
            if len(group) > 1:
                return group
        if len(alive) > 1 and not weak and self._crowd(node, alive):
            if len(alive) >= _CROWD:
                return alive
            self.ambiguous.append(path)
        return []

    def _crowd(self, node: Node, alive: list[str]) -> bool:
        first = node.children[alive[0]]
        keys = first.signatures().keys()
        return all(
            node.children[token].signatures().keys() == keys
            and alike(node.children[token], first)
            and any(op.shape for op in node.children[token].ops.values())
            and value_of(token) not in _RESERVED
            and not self._collection(node.children[token])
            for token in alive[1:]
        )

    def _seen(self, path: str, child: Node, value: str) -> bool:
        return bool(value in self._pool.keys or value in self._pool.urls.get(path, ()) or child.own)

    @staticmethod
    def _collection(child: Node) -> bool:
        """Whether a place holds rows of its own: its name is then no value unless echoed."""
        return child.param is not None and not child.strong(own=True)

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

    def _restore_constant(self, node: Node) -> None:
        """A number that never changes and means nothing else is part of the path (`/api/2/…`)."""
        param = node.param
        if (
            param is not None
            and not param.ops
            and len(param.samples) == 1
            and set(param.forms) <= _NUMERIC
            and sum(param.forms.values()) > _CROWD
            and len(param.children) > 1
            and not (param.own or param.passing)
        ):
            (value,) = param.samples
            node.children[f"/{value}"] = param
            node.param = None

    @staticmethod
    def _absorb(node: Node, token: str) -> None:
        child = node.children.pop(token)
        target = node.value_child(value_of(token), "word")
        target.merge(child)
