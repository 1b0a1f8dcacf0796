"""Arrangements of tests: the rows and the request with which an operation succeeds."""

from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.builders.offline.plans import plan, route_path
from harness.builders.offline.requests import stored_column
from harness.builders.offline.samples import sample
from harness.builders.offline.services import OperationPlan
from harness.inference.model import (
    Check,
    Column,
    ColumnValue,
    Compare,
    Const,
    InputValue,
    Operation,
    PathValue,
)


class ArrangementError(Exception):
    """Nothing is known of how to make the operation succeed; it gets no such test."""


@dataclass
class Arrangement:
    """Rows to make (in order), links to set, and the request, all as code."""

    backend: Backend
    operation: Operation
    broken: Check | None = None
    """The check that is to refuse the request; those after it are not seen to."""
    plan: OperationPlan = field(init=False)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    parents: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = plan(self.backend, self.operation)
        if self.operation.auth == "required" and "me" in self.plan.rows:
            self.rows["me"] = {}
        self._lookups()
        self._inputs()
        for check in self.operation.checks:
            if check.when.kind == "holds":
                self._set(check.when.predicate, wanted=check is self.broken)
            if check is self.broken:
                break
            if check.when.kind == "wrong_password":
                self._password(check.when.row, check.when.input)

    # ----------------------------------------------------------------------------- rows

    def _lookups(self) -> None:
        for lookup in self.operation.lookups:
            values = self.rows.setdefault(lookup.name, {})
            for column, parent in lookup.within.items():
                entity = self.plan.rows[parent].entity
                key = self.backend.key_attribute(entity)
                own = self.backend.attribute(lookup.entity, column)
                values[own] = f"{self.variable(parent)}.{key}"
            if lookup.column is None or lookup.value is None:
                continue
            column = self.backend.attribute(lookup.entity, lookup.column)
            code = f"{self.variable(lookup.name)}.{column}"
            if isinstance(lookup.value, PathValue):
                self.path[lookup.value.name] = code
            elif isinstance(lookup.value, InputValue):
                self.inputs[lookup.value.name] = code
            else:
                raise ArrangementError
        for param in self.operation.path_params:
            if param.name not in self.path:
                raise ArrangementError

    def variable(self, row: str) -> str:
        return self.plan.rows[row].variable

    def _inputs(self) -> None:
        request = self.operation.request
        if request is None:
            return
        for item in request.fields:
            if item.name in self.inputs:
                continue
            column = stored_column(self.backend, self.operation, item.name)
            if _numbered(column) and all(rule.kind != "required" for rule in item.rules):
                continue
            if column is not None and column.references is not None:
                parent = names.variable(column.references)
                self.parents.append((parent, column.references))
                key = self.backend.key_attribute(column.references)
                text = self.backend.key(column.references).type == "uuid"
                self.inputs[item.name] = f"str({parent}.{key})" if text else f"{parent}.{key}"
                continue
            self.inputs[item.name] = literal(sample(item, column))

    def _password(self, row: str, field_name: str) -> None:
        self.inputs[field_name] = "PASSWORD"
        self.rows.setdefault(row, {})["password_hash"] = "await hash_password(PASSWORD)"

    # ------------------------------------------------------------------------ predicates

    def _set(self, predicate: Any, *, wanted: bool) -> None:
        """Choose values of rows with which a predicate is as wanted."""
        match predicate.kind:
            case "not":
                self._set(predicate.of, wanted=not wanted)
            case "compare":
                self._compare(predicate, equal=(predicate.op == "eq") == wanted)
            case "linked":
                if wanted:
                    self._link(predicate)
            case _:
                all_needed = (predicate.kind == "all") == wanted
                for part in predicate.of if all_needed else predicate.of[:1]:
                    self._set(part, wanted=wanted)

    def _compare(self, compare: Compare, *, equal: bool) -> None:
        left, right = compare.left, compare.right
        if not isinstance(left, ColumnValue):
            left, right = right, left
        if not isinstance(left, ColumnValue) or len(left.path) != 1:
            raise ArrangementError
        if left.row == "me" and isinstance(right, ColumnValue):
            left, right = right, left
        if isinstance(right, Const):
            self._assign(left, literal(right.value), equal=equal, value=right.value)
        elif isinstance(right, ColumnValue) and right.row in ("me", *self.rows):
            if len(right.path) != 1 or len(left.path) != 1:
                raise ArrangementError
            entity = self.plan.rows[right.row].entity
            code = f"{self.variable(right.row)}.{self.backend.attribute(entity, right.path[0])}"
            if equal and right.row == "me" and self._same_key(left, right):
                self._be_me(left.row)
            elif equal:
                self._assign(left, code, equal=True, value=None)
        else:
            raise ArrangementError

    def _assign(self, target: ColumnValue, code: str, *, equal: bool, value: Any) -> None:
        if target.row not in self.rows:
            raise ArrangementError
        entity = self.plan.rows[target.row].entity
        column = self.backend.entity(entity).column(target.path[0])
        if column.name == self.backend.entity(entity).pk and equal:
            raise ArrangementError
        attribute = self.backend.attribute(entity, column.name)
        if equal:
            self.rows[target.row][attribute] = code
        elif isinstance(value, bool):
            self.rows[target.row][attribute] = literal(not value)

    def _same_key(self, left: ColumnValue, right: ColumnValue) -> bool:
        entity = self.plan.rows[left.row].entity
        key = [self.backend.entity(entity).pk]
        return entity == self.plan.rows[right.row].entity and left.path == right.path == key

    def _be_me(self, row: str) -> None:
        """Let a row be that of the current user."""
        theirs, mine = f"{self.variable(row)}.", f"{self.variable('me')}."
        self.rows.pop(row, None)
        self.path = {name: code.replace(theirs, mine) for name, code in self.path.items()}

    def _link(self, linked: Any) -> None:
        if linked.path or linked.row not in self.rows or "me" not in self.rows:
            raise ArrangementError
        link = self.backend.model.link(linked.link)
        owner, target = self.backend.link_columns(link)
        key = self.backend.key_attribute(link.source)
        other = self.backend.key_attribute(link.target)
        self.links.append(
            f"{self.backend.link_class(link.name)}({owner}={self.variable('me')}.{key}, "
            f"{target}={self.variable(linked.row)}.{other})"
        )

    # --------------------------------------------------------------------------- request

    def url(self, **changes: str) -> str:
        """Return the code of the URL; `changes` replace path values by text."""
        text = route_path(self.plan)
        for name, (variable, _) in self.plan.values.items():
            place = "{" + variable + "}"
            if name in changes:
                text = text.replace(place, changes[name])
            elif name in self.path:
                text = text.replace(place, "{" + self.path[name] + "}")
        return f'f"{text}"' if "{" in text else f'"{text}"'

    def body(self, inputs: dict[str, str] | None = None) -> str:
        """Return the code of the body's value."""
        request = self.operation.request
        given = self.inputs if inputs is None else inputs
        pairs = ", ".join(f"{literal(name)}: {code}" for name, code in given.items())
        fields = f"{{{pairs}}}"
        return (
            f"{{{literal(request.envelope)}: {fields}}}" if request and request.envelope else fields
        )


def _numbered(column: Column | None) -> bool:
    """Whether the database numbers the rows of a column when nothing is sent for it."""
    generated = column.generated if column is not None else None
    return generated is not None and generated.by == "sequence"
