"""GraphQL documents: the fields that they select, with the values of variables in their place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from harness.traffic.framings.events import UnreadableError

if TYPE_CHECKING:
    from graphql import (
        DocumentNode,
        FieldNode,
        OperationDefinitionNode,
        SelectionSetNode,
        ValueNode,
    )

Kind = Literal["query", "mutation", "subscription"]

TYPENAME = "__typename"
_MOST_TOKENS = 20_000
_ABSENT = object()
"""The value of a variable that has none: the argument is not there."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it was selected; its answer goes by the alias."""

    name: str
    alias: str
    arguments: dict[str, Any]
    fields: "tuple[Field, ...]" = ()

    @property
    def is_introspection(self) -> bool:
        return self.name.startswith("__")


@dataclass(frozen=True, slots=True)
class Document:
    """The operation of a document that is to be executed, with its root fields."""

    kind: Kind
    fields: tuple[Field, ...]


def read(payload: dict[str, Any]) -> Document:
    """Return what `{query, variables, operationName}` asks for; raise UnreadableError."""
    source, variables = payload.get("query"), payload.get("variables")
    if not isinstance(source, str):
        raise UnreadableError("a GraphQL request without a document")
    parsed = _parsed(source)
    operation = _operation(parsed, payload.get("operationName"))
    reader = _Reader(parsed, operation, variables if isinstance(variables, dict) else {})
    try:
        fields = tuple(reader.fields(operation.selection_set))
    except RecursionError as error:
        raise UnreadableError("a fragment that contains itself") from error
    return Document(operation.operation.value, fields)


@lru_cache(maxsize=512)
def _parsed(source: str) -> "DocumentNode":
    from graphql import GraphQLError, parse  # noqa: PLC0415 - heavy, and seldom needed

    try:
        return parse(source, no_location=True, max_tokens=_MOST_TOKENS)
    except (GraphQLError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def _operation(parsed: "DocumentNode", name: Any) -> "OperationDefinitionNode":
    from graphql import OperationDefinitionNode  # noqa: PLC0415

    found = [each for each in parsed.definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in found if each.name is not None and each.name.value == name]
    chosen = named or found
    if len(chosen) != 1:
        raise UnreadableError("a document that does not say which operation is asked for")
    return chosen[0]


class _Reader:
    def __init__(
        self, parsed: "DocumentNode", operation: "OperationDefinitionNode", given: dict[str, Any]
    ) -> None:
        from graphql import FragmentDefinitionNode  # noqa: PLC0415

        self._fragments: dict[str, FragmentDefinitionNode] = {
            each.name.value: each
            for each in parsed.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._variables: dict[str, Any] = dict(given)
        for each in operation.variable_definitions or ():
            if each.default_value is not None:
                self._variables.setdefault(
                    each.variable.name.value, self._value(each.default_value)
                )

    def fields(self, selected: "SelectionSetNode | None") -> Iterator[Field]:
        """Yield the fields of a selection, those of its fragments too; each alias once."""
        found: dict[str, Field] = {}
        for field in self._all(selected):
            known = found.get(field.alias)
            found[field.alias] = field if known is None else _merged(known, field)
        yield from found.values()

    def _all(self, selected: "SelectionSetNode | None") -> Iterator[Field]:
        from graphql import FieldNode, FragmentSpreadNode  # noqa: PLC0415

        for each in selected.selections if selected is not None else ():
            if not self._is_included(each):
                continue
            if isinstance(each, FieldNode):
                yield self._field(each)
            elif isinstance(each, FragmentSpreadNode):
                fragment = self._fragments.get(each.name.value)
                yield from self._all(fragment.selection_set if fragment else None)
            else:
                yield from self._all(getattr(each, "selection_set", None))

    def _field(self, node: "FieldNode") -> Field:
        name = node.name.value
        alias = node.alias.value if node.alias is not None else name
        fields = tuple(self.fields(node.selection_set))
        return Field(name, alias, self._members(node.arguments), fields)

    def _is_included(self, node: Any) -> bool:
        for each in node.directives or ():
            wanted = self._members(each.arguments).get("if")
            if (each.name.value, wanted) in (("skip", True), ("include", False)):
                return False
        return True

    def _members(self, nodes: Iterable[Any] | None) -> dict[str, Any]:
        found = {each.name.value: self._value(each.value) for each in nodes or ()}
        return {name: value for name, value in found.items() if value is not _ABSENT}

    def _value(self, node: "ValueNode") -> Any:
        from graphql import (  # noqa: PLC0415
            ListValueNode,
            ObjectValueNode,
            VariableNode,
            value_from_ast_untyped,
        )

        match node:
            case VariableNode():
                return self._variables.get(node.name.value, _ABSENT)
            case ListValueNode():
                found = [self._value(each) for each in node.values]
                return [None if value is _ABSENT else value for value in found]
            case ObjectValueNode():
                return self._members(node.fields)
            case _:
                return value_from_ast_untyped(node)


def _merged(one: Field, other: Field) -> Field:
    """A field that is selected twice has the fields of both."""
    found = {field.alias: field for field in one.fields}
    for field in other.fields:
        known = found.get(field.alias)
        found[field.alias] = field if known is None else _merged(known, field)
    return Field(one.name, one.alias, one.arguments, tuple(found.values()))
