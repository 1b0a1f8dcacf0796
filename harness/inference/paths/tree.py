"""The tree of observed paths, with the evidence for and against each token being a value."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.inference.paths.provenance import identifies
from harness.inference.paths.segments import WORD, can_be_value, form, value_of

MAX_CHILDREN = 2_000
MAX_SAMPLES = 64
MAX_ROW_VALUES = 256
MAX_SHAPE = 200
_OWNER_SHARE = 4
UNROUTED = frozenset({404, 405, 501})
VALUE = "{}"
Signature = tuple[str, ...]
"""A method, then the tokens below a place, VALUE for a parameter."""


@dataclass(slots=True)
class Op:
    """What one method answered on one path (or on all paths of a template)."""

    statuses: set[int] = field(default_factory=set)
    shape: set[str] = field(default_factory=set)
    page: bool = True
    count: int = 0

    @property
    def alive(self) -> bool:
        """Whether any answer shows that the route exists."""
        return bool(self.statuses - UNROUTED)

    @property
    def succeeded(self) -> bool:
        return any(status < 400 for status in self.statuses)  # noqa: PLR2004

    def merge(self, other: "Op") -> None:
        self.statuses |= other.statuses
        self.shape |= other.shape
        self.page &= other.page
        self.count += other.count


@dataclass(slots=True)
class Node:
    """A place in the tree. `param` is the child for values; `own` and `passing` count the body

    keys that repeated the token's value, in answers of this place and of places below it;
    `listed_keys` those in the first row of a list below.
    """

    children: dict[str, "Node"] = field(default_factory=dict)
    param: "Node | None" = None
    ops: dict[str, Op] = field(default_factory=dict)
    forms: Counter[str] = field(default_factory=Counter)
    samples: set[str] = field(default_factory=set)
    own: Counter[str] = field(default_factory=Counter)
    passing: Counter[str] = field(default_factory=Counter)
    listed_keys: Counter[str] = field(default_factory=Counter)
    hinted: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    answered_below: int = 0
    listed: int = 0
    rows: dict[str, set[str]] = field(default_factory=dict)
    name: str = ""
    template: str = ""

    def step(self, token: str) -> "Node":
        """Go to the child for a token, which is made where it is new."""
        known = self.children.get(token)
        if known is not None:
            return known
        if can_be_value(token):
            kind = form(value_of(token))
            if kind != WORD or len(self.children) >= MAX_CHILDREN:
                return self.value_child(value_of(token), kind)
        return self.children.setdefault(token, Node())

    def value_child(self, value: str, kind: str) -> "Node":
        if self.param is None:
            self.param = Node()
        self.param.forms[kind] += 1
        if len(self.param.samples) < MAX_SAMPLES:
            self.param.samples.add(value)
        return self.param

    def absorb(self, token: str) -> None:
        """Make a child a value of the parameter."""
        child = self.children.pop(token)
        self.value_child(value_of(token), WORD).merge(child)

    def below(self) -> Iterator[tuple[str, "Node"]]:
        yield from self.children.items()
        if self.param is not None:
            yield VALUE, self.param

    def succeeded(self) -> bool:
        """Whether anything at or below this place ever succeeded."""
        return any(op.succeeded for op in self.ops.values()) or any(
            child.succeeded() for _, child in self.below()
        )

    def strong(self, *, own: bool = False) -> bool:
        """Whether an answer repeated the token's value under an identifying key."""
        counters = (self.own,) if own else (self.own, self.passing)
        return any(identifies(key) for counter in counters for key in counter)

    def owns_what_is_below(self) -> bool:
        """Whether answers below keep repeating the token's value, as of an owner."""
        repeated = sum(count for key, count in self.passing.items() if identifies(key))
        return repeated * _OWNER_SHARE > self.answered_below > 0

    def merge(self, other: "Node") -> None:
        for method, op in other.ops.items():
            self.ops.setdefault(method, Op()).merge(op)
        self.forms.update(other.forms)
        self.own.update(other.own)
        self.passing.update(other.passing)
        self.listed_keys.update(other.listed_keys)
        self.hinted.update(other.hinted)
        self.answered += other.answered
        self.answered_below += other.answered_below
        self.listed += other.listed
        self.samples.update(sorted(other.samples)[: MAX_SAMPLES - len(self.samples)])
        for key, values in other.rows.items():
            add_rows(self.rows, key, values)
        for token, child in other.children.items():
            self.children.setdefault(token, Node()).merge(child)
        if other.param is not None:
            if self.param is None:
                self.param = Node()
            self.param.merge(other.param)

    def signatures(self, depth: int = 3) -> dict[Signature, Op]:
        """The operations here and below, by method and the rest of the path."""
        found: dict[Signature, Op] = {(method,): op for method, op in self.ops.items()}
        if depth:
            for token, child in self.below():
                for (method, *rest), op in child.signatures(depth - 1).items():
                    found[(method, token, *rest)] = op
        return found

    def find(self, signature: Signature) -> Op | None:
        """The operation with a signature; a literal of it may be a value here."""
        method, *rest = signature
        node: Node | None = self
        for token in rest:
            if node is None:
                return None
            literal = node.children.get(token)
            node = literal or (node.param if token == VALUE or can_be_value(token) else None)
        return node.ops.get(method) if node else None


def add_rows(rows: dict[str, set[str]], key: str, values: set[str]) -> None:
    """Add values to a column of rows, within the bound."""
    known = rows.setdefault(key, set())
    room = MAX_ROW_VALUES - len(known)
    if room > 0:
        known.update(sorted(values - known)[:room])


def shape_of(value: Any, prefix: str = "", depth: int = 2) -> set[str]:
    """The key paths of a JSON value, two objects deep, a list standing for its first row."""
    if isinstance(value, list):
        return {f"{prefix}[]"} | (shape_of(value[0], f"{prefix}[]", depth) if value else set())
    if not isinstance(value, dict):
        return {f"{prefix}={type(value).__name__}"} if not prefix else set()
    found: set[str] = set()
    for key, item in value.items():
        path = f"{prefix}.{key}"
        found.add(path)
        if depth > 1 and isinstance(item, dict | list):
            found |= shape_of(item, path, depth - 1)
        if len(found) > MAX_SHAPE:
            break
    return found


def alike(left: Node, right: Node) -> bool | None:
    """Whether two places serve the same kind of thing; None where nothing can be compared."""
    compared = None
    for key, op in left.signatures().items():
        other = right.find(key)
        if other is None or not (op.succeeded and other.succeeded):
            continue
        if op.shape or other.shape:
            common = len(op.shape & other.shape)
            if common * 2 < min(len(op.shape), len(other.shape)) or not common:
                return False
        compared = True
    return compared
