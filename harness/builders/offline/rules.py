"""The shapes of validation errors: what all of them share, and the words in which they differ.

The error body of a rule is a tree; the name of its field and the offending value are holes in it.
Rules whose trees agree but for texts share one shape: a function of the field and these texts.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.builders.offline.source import Source, indent
from harness.inference.model import Rule

FIELD, VALUE, BODY = "\0field", "\0value", "\0body"
Leaf = tuple[str, Any]


@dataclass(slots=True)
class Shape:
    """A function that makes error bodies. `holes` are the leaves that its callers give."""

    tree: Any
    holes: list[int]
    parameters: list[str]
    name: str = ""


@dataclass
class Shapes:
    """The error shapes of all rules; `use` returns the details that a rule gives to its shape."""

    backend: Backend
    shapes: dict[str, Shape] = field(default_factory=dict)
    _trees: dict[int, tuple[str, Any]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        groups: dict[str, list[Any]] = {}
        rules = list(_rules(self.backend))
        options = [
            (name, rule, [_tree(rule.body, name, whole=w) for w in (False, True)])
            for name, rule in rules
        ]
        popular = Counter(_skeleton(tree) for _, _, trees in options for tree in trees)
        labels: dict[str, str] = {}
        for name, rule, trees in options:
            tree = max(trees, key=lambda t: popular[_skeleton(t)])
            self._trees[id(rule)] = (_skeleton(tree), tree)
            groups.setdefault(_skeleton(tree), []).append(tree)
            labels.setdefault(_skeleton(tree), _label(name, rule))
        taken: set[str] = set()
        for skeleton, trees in sorted(groups.items(), key=lambda item: -len(item[1])):
            shape = _shape(trees)
            wanted = labels[skeleton] if self.shapes else "field_error"
            shape.name = names.unique(wanted, taken)
            self.shapes[skeleton] = shape

    def of(self, rule: Rule) -> tuple[Shape, list[Any]]:
        """Return the shape of a rule's error, and what the rule gives to it."""
        skeleton, tree = self._trees[id(rule)]
        shape = self.shapes[skeleton]
        self._used.add(skeleton)
        leaves = _leaves(tree)
        return shape, [leaves[hole][1] for hole in shape.holes]

    @property
    def used(self) -> list[Shape]:
        """The shapes that this build needs: those of its rules, and the default of all rules."""
        main = next(iter(self.shapes), None)
        return [
            shape
            for skeleton, shape in self.shapes.items()
            if skeleton in self._used or (self._used and skeleton == main)
        ]

    @property
    def main(self) -> Shape | None:
        return next(iter(self.shapes.values()), None)


def _label(name: str, rule: Rule) -> str:
    """Return a name for the errors of a rule that has a shape of its own."""
    kind = "missing" if rule.kind == "required" else "invalid"
    return f"{kind}_{names.snake(name) if name else 'body'}_error"


def _rules(backend: Backend) -> Any:
    for operation in backend.model.operations:
        if operation.request is None:
            continue
        for item in operation.request.fields:
            yield from ((item.name, rule) for rule in item.rules)
        for rule in operation.request.body_rules:
            yield "", rule
        for rule in operation.request.envelope_rules:
            yield operation.request.envelope or "", rule


def _tree(body: Any, name: str, *, whole: bool) -> Any:
    """Turn an error body into tuples; with `whole`, the field's name is not looked for in texts."""
    match body.kind:
        case "const":
            return _constant(body.value, name, whole=whole)
        case "object":
            return ("object", [
                (FIELD if key == name and name else key, _tree(value, name, whole=whole))
                for key, value in body.fields.items()
            ])  # fmt: skip
        case "array":
            return ("array", [_tree(item, name, whole=whole) for item in body.items])
        case "input":
            return ("leaf", (VALUE, None))
        case "body":
            return ("leaf", (BODY, None))
    msg = f"a {body.kind!r} expression in the error of a rule"
    raise ValueError(msg)


def _constant(value: Any, name: str, *, whole: bool) -> Any:
    if isinstance(value, dict):
        return ("object", [
            (FIELD if key == name and name else key, _constant(item, name, whole=whole))
            for key, item in value.items()
        ])  # fmt: skip
    if isinstance(value, list):
        return ("array", [_constant(item, name, whole=whole) for item in value])
    if value == name and name and not whole:
        return ("leaf", (FIELD, None))
    return ("leaf", ("const", value))


def _skeleton(tree: Any) -> str:
    def strip(node: Any) -> Any:
        if node[0] == "leaf":
            return "_" if node[1][0] == "const" else node[1][0]
        if node[0] == "object":
            return {key: strip(value) for key, value in node[1]}
        return [strip(item) for item in node[1]]

    return json.dumps(strip(tree))


def _leaves(tree: Any) -> list[Leaf]:
    if tree[0] == "leaf":
        return [tree[1]]
    children = [value for _, value in tree[1]] if tree[0] == "object" else tree[1]
    return [leaf for child in children for leaf in _leaves(child)]


def _labels(tree: Any, label: str = "message") -> list[str]:
    if tree[0] == "leaf":
        return [label]
    if tree[0] == "object":
        return [
            found
            for key, value in tree[1]
            for found in _labels(value, label if key == FIELD else names.variable(key))
        ]
    return [found for item in tree[1] for found in _labels(item, label)]


def _shape(trees: list[Any]) -> Shape:
    columns = list(zip(*(_leaves(tree) for tree in trees), strict=True))
    holes = [
        index
        for index, leaves in enumerate(columns)
        if leaves[0][0] == "const" and len({json.dumps(leaf[1]) for leaf in leaves}) > 1
    ]
    if not holes and len(trees) == 1:
        holes = [i for i, leaves in enumerate(columns) if isinstance(leaves[0][1], str)][-1:]
    labels = _labels(trees[0])
    used: set[str] = {"field", "value", "body"}
    wanted = ["message"] if len(holes) == 1 else [labels[hole] for hole in holes]
    parameters = [names.unique(name, used) for name in wanted]
    return Shape(trees[0], holes, parameters)


def shape_code(source: Source, shape: Shape) -> str:
    """Return the function that makes the error bodies of a shape."""
    position = iter(range(10_000))
    uses: set[str] = set()

    def write(node: Any) -> str:
        if node[0] == "object":
            pairs = []
            for key, value in node[1]:
                name = "given.field" if key == FIELD else literal(key)
                uses.update({"given"} if key == FIELD else ())
                pairs.append(f"{name}: {write(value)}")
            return "{" + ", ".join(pairs) + "}"
        if node[0] == "array":
            return "[" + ", ".join(write(item) for item in node[1]) + "]"
        index, (kind, value) = next(position), node[1]
        if index in shape.holes:
            return shape.parameters[shape.holes.index(index)]
        if kind == "const":
            return literal(value)
        uses.add("given")
        return f"given.{kind.removeprefix(chr(0))}"

    code = write(shape.tree)
    given = "given" if uses else "_given"
    parameters = "".join(f", {name}: Any" for name in shape.parameters)
    source.use("typing", "Any")
    return f"def {shape.name}({given}: Given{parameters}) -> Any:\n{indent(f'return {code}')}"
