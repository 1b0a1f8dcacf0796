"""Services: one function an operation, with its checks, effects and query."""

import re
from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, walk
from harness.builders.offline.effects import EffectWriter
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import (
    Row,
    Scope,
    compile_expression,
    compile_predicate,
    literal,
)
from harness.builders.offline.getters import Getters
from harness.builders.offline.queries import QueryWriter
from harness.builders.offline.requests import Requests
from harness.builders.offline.source import Source, indent
from harness.inference.model import Check, Operation, ResponseTemplate

REQUEST_CHECKS = {
    "unparsable", "unauthenticated", "bad_token", "token_of_nobody", "bad_param", "invalid_body",
}  # fmt: skip


@dataclass(slots=True)
class Parameter:
    """A parameter that a service function may take; it takes those that its code uses."""

    name: str
    type: str
    value: str = ""


@dataclass(slots=True)
class ServiceCall:
    """A service function as the router sees it."""

    module: str
    function: str
    arguments: list[str]
    returns: list[str]
    paged: bool = False
    total: bool = False


@dataclass
class OperationPlan:
    """The names that one operation's code goes by, shared by its service and its route."""

    operation: Operation
    rows: dict[str, Row]
    values: dict[str, tuple[str, str]]
    """Path and query parameters: name -> (variable, Python type)."""
    early: list[Check]
    late: list[Check]
    """Checks before and after the last check of the request, where they are interleaved."""


@dataclass
class Services:
    """The service modules of a backend."""

    backend: Backend
    errors: ErrorRegistry
    requests: Requests
    getters: Getters
    sources: dict[str, Source] = field(default_factory=dict)

    def source(self, resource: str) -> Source:
        path = f"app/services/{names.variable(resource)}.py"
        if path not in self.sources:
            self.sources[path] = Source(path, f"What can be done with {names.title(resource)}.")
        return self.sources[path]

    def early(self, plan: OperationPlan) -> ServiceCall | None:
        """Write the function that makes the checks which come before those of the request."""
        if not plan.early:
            return None
        writer = ServiceWriter(self, plan)
        writer.checks(plan.early)
        found = list(writer.found)
        verb, *noun = names.words(plan.operation.id)
        name = f"check_{names.snake(plan.operation.id)}"
        if found and names.words(found[0]) == noun:
            name = f"{names.snake(found[0])}_to_{verb}"
        return writer.finish(name, found, "Make the checks that come before those of the body.")

    def main(self, plan: OperationPlan, known: list[str]) -> ServiceCall | None:
        """Write the function of an operation; None where there is nothing to do."""
        writer = ServiceWriter(self, plan)
        writer.found.update(dict.fromkeys(known))
        writer.checks(plan.late)
        operation = plan.operation
        wanted = wanted_rows(operation)
        for name in [*wanted, *_effect_rows(operation)]:
            writer.ensure(name)
        writer.effects()
        paged = writer.query()
        returned = [name for name in wanted if name not in known or name == "created"]
        doc = f"{operation.summary.rstrip('.')}."
        call = writer.finish(names.variable(operation.id), returned, doc)
        if call is not None:
            call.paged, call.total = paged, writer.total
        return call


def wanted_rows(operation: Operation) -> list[str]:
    """Return the rows that the response of an operation shows, apart from `me`."""
    rows = {lookup.name for lookup in operation.lookups} | {"created"}
    found = [getattr(node, "row", None) for node in walk(operation.response)]
    return [name for name in dict.fromkeys(found) if name in rows]


def _effect_rows(operation: Operation) -> list[str]:
    rows = {lookup.name for lookup in operation.lookups}
    found = [getattr(node, "row", None) for node in walk([*operation.effects, operation.query])]
    return [name for name in dict.fromkeys(found) if name in rows]


class ServiceWriter:
    """Writes one service function line by line."""

    def __init__(self, services: Services, plan: OperationPlan) -> None:
        self.services, self.plan, self.operation = services, plan, plan.operation
        self.backend = services.backend
        self.source = services.source(plan.operation.resource)
        self.lines: list[str] = []
        self.found: dict[str, None] = {}
        self.total = False
        self.return_types: list[str] = []
        fields = services.requests.fields.get(self.operation.id, {})
        self.scope = Scope(
            self.backend,
            self.source,
            rows=plan.rows,
            inputs={name: f"data.{item.attribute}" for name, item in fields.items()},
            values={name: variable for name, (variable, _) in plan.values.items()},
        )
        self.scope.special = self._special

    # ------------------------------------------------------------------------ checks

    def checks(self, checks: list[Check]) -> None:
        pending = list(checks)
        while pending:
            check = pending.pop(0)
            following = pending[0] if pending else None
            if _same_answer(check, following):
                self._credentials(check, pending.pop(0))
            else:
                self._check(check)

    def _check(self, check: Check) -> None:
        when = check.when
        assert check.response is not None  # noqa: S101  (only InvalidBody has none)
        if when.kind == "missing":
            self._lookup(when.lookup, check.response)
            return
        for node in walk(when):
            self.ensure(getattr(node, "row", ""))
        condition = self._condition(when)
        self.lines.append(f"if {condition}:\n    {self.throw(check.response)}")

    def _condition(self, when: Any) -> str:
        if when.kind == "holds":
            return _bare(compile_predicate(self.scope, when.predicate))
        if when.kind in ("wrong_password", "same_password"):
            verify = self.source.use("app.security", "verify_password")
            self.backend.helpers.add("verify_password")
            row = self.plan.rows[when.row]
            given = self.scope.inputs.get(when.input, '""')
            negation = "not " if when.kind == "wrong_password" else ""
            return f"{negation}await {verify}({given}, {row.variable}.password_hash)"
        return self._taken(when)

    def _taken(self, when: Any) -> str:
        cls = self._class(when.entity)
        column = self.backend.attribute(when.entity, when.column)
        value = self.scope.inputs.get(when.input, "None")
        exists = self.source.use("app.db", "exists")
        self.backend.helpers.add("exists")
        conditions = [f"{cls}.{column} == {value}"]
        for effect in self.operation.effects:
            if effect.kind == "update" and self.plan.rows[effect.row].entity == when.entity:
                self.ensure(effect.row)
                key = self.backend.key_attribute(when.entity)
                row = self.plan.rows[effect.row].variable
                conditions.append(f"{cls}.{key} != {row}.{key}")
        found = self.services.requests.fields[self.operation.id][when.input]
        guard = ""
        if "None" in found.type:
            guard = f"{value} is not None and "
        elif found.optional:
            guard = f"{literal(found.attribute)} in data.model_fields_set and "
        return f"{guard}await {exists}(session, {', '.join(conditions)})"

    def _credentials(self, missing: Check, wrong: Check) -> None:
        """Answer an unknown user and a wrong password alike, as sign-ins do."""
        assert missing.response is not None  # noqa: S101  (only InvalidBody has none)
        assert missing.when.kind == "missing"  # noqa: S101  (asked by `_same_answer`)
        row = self._select(missing.when.lookup)
        condition = self._condition(wrong.when)
        self.lines.append(f"if {row} is None or {condition}:\n    {self.throw(missing.response)}")

    def throw(self, response: ResponseTemplate) -> str:
        error = self.services.errors.of(response)
        self.source.use("app", "errors")
        for node in error.arguments.values():
            self.ensure(getattr(node, "row", ""))
        arguments = [compile_expression(self.scope, node) for node in error.arguments.values()]
        keep = "await session.commit()\n    " if "token" in error.arguments else ""
        if keep:
            token = arguments[list(error.arguments).index("token")]
            keep = f"token = {token}\n    {keep}"
            arguments = ["token" if each == token else each for each in arguments]
        return f"{keep}raise errors.{error.name}" + (
            f"({', '.join(arguments)})" if arguments else ""
        )

    # ----------------------------------------------------------------------- lookups

    def ensure(self, name: str) -> None:
        """Make sure that a row is at hand; without a check of its own it is a plain 404."""
        lookups = {lookup.name for lookup in self.operation.lookups}
        if name not in lookups or name in self.found:
            return
        row = self._select(name)
        exception = self.source.use("starlette.exceptions", "HTTPException")
        self.source.use("http", "HTTPStatus")
        self.lines.append(f"if {row} is None:\n    raise {exception}(HTTPStatus.NOT_FOUND)")

    def _lookup(self, name: str, response: ResponseTemplate) -> None:
        lookup = next(item for item in self.operation.lookups if item.name == name)
        for parent in lookup.within.values():
            self.ensure(parent)
        code = self.services.getters.call(self, lookup, response)
        row = self.plan.rows[name].variable
        if code is not None:
            used = self._is_used(name)
            self.lines.append(f"{row} = {code}" if used else code)
            self.found[name] = None
            return
        self._select(name)
        self.lines.append(f"if {row} is None:\n    {self.throw(response)}")

    def _is_used(self, name: str) -> bool:
        operation = self.operation
        parts = [
            *(check.when for check in operation.checks if check.when.kind != "missing"),
            *(check.response for check in operation.checks),
            operation.effects, operation.response, operation.query,
        ]  # fmt: skip
        return any(getattr(node, "row", None) == name for node in walk(parts)) or any(
            name in lookup.within.values() for lookup in operation.lookups
        )

    def _select(self, name: str) -> str:
        lookup = next(item for item in self.operation.lookups if item.name == name)
        for parent in lookup.within.values():
            self.ensure(parent)
        self.found[name] = None
        row = self.plan.rows[name].variable
        cls = self._class(lookup.entity)
        self.source.use("sqlalchemy", "select")
        conditions = []
        if lookup.column is not None and lookup.value is not None:
            column = self.backend.attribute(lookup.entity, lookup.column)
            conditions.append(f"{cls}.{column} == {compile_expression(self.scope, lookup.value)}")
        for column, parent in lookup.within.items():
            entity = self.plan.rows[parent].entity
            own = self.backend.attribute(lookup.entity, column)
            key = self.backend.key_attribute(entity)
            conditions.append(f"{cls}.{own} == {self.plan.rows[parent].variable}.{key}")
        if lookup.by_token and lookup.value is not None:
            return self._select_by_token(row, cls, compile_expression(self.scope, lookup.value))
        where = f".where({', '.join(conditions)})" if conditions else ".limit(1)"
        lock = f".with_for_update(of={cls})" if changes(self.operation, name) else ""
        self.lines.append(f"{row} = await session.scalar(select({cls}){where}{lock})")
        return row

    def _select_by_token(self, row: str, cls: str, token: str) -> str:
        session = self.source.use("app.models.auth_session", "AuthSession")
        hashed = self.source.use("app.security", "token_hash")
        auth = self.backend.auth
        key = self.backend.key_attribute(auth.user) if auth else "id"
        self.lines.append(
            f"{row} = await session.scalar(select({cls})"
            f".join({session}, {session}.user_id == {cls}.{key})"
            f'.where({session}.token_hash == {hashed}({token} or "")))'
        )
        return row

    # --------------------------------------------------------------- effects and query

    def effects(self) -> None:
        writer = EffectWriter(self)
        for effect in self.operation.effects:
            writer.write(effect)

    def query(self) -> bool:
        if self.operation.query is None:
            return False
        writer = QueryWriter(self)
        if any(effect.kind == "delete_matching" for effect in self.operation.effects):
            shown = asks(self.operation.response, "items")
            if shown:
                writer.fetch()
            writer.delete()
            if shown:
                self.lines.append("return rows")
            return shown
        writer.write()
        self.total = writer.total
        return True

    # ------------------------------------------------------------------------- finish

    def finish(self, function: str, returned: list[str], doc: str) -> ServiceCall | None:
        """Write the function around its lines, with the parameters that these use."""
        variables = [self.plan.rows[name].variable for name in returned]
        types = [self._row_type(name) for name in returned]
        if not self.lines:
            return None
        if variables:
            self._return(variables)
        types = self.return_types or types
        body = "\n".join(self.lines)
        parameters = [item for item in self._parameters() if uses(body, item.name)]
        result = types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]" if types else "None"
        signature = ", ".join(f"{item.name}: {item.type}" for item in parameters)
        for item in parameters:
            self._import_types(item.type)
        self.source.add(
            f"async def {function}({signature}) -> {result}:\n" + indent(f'"""{doc}"""\n{body}')
        )
        module = names.variable(self.operation.resource)
        arguments = [item.value or item.name for item in parameters]
        return ServiceCall(module, function, arguments, returned)

    def _return(self, variables: list[str]) -> None:
        """Return rows; one that was only just found is returned as it is found."""
        last = self.lines[-1]
        if len(variables) == 1 and last.startswith(f"{variables[0]} = await ") and "\n" not in last:
            self.lines[-1] = f"return {last.removeprefix(f'{variables[0]} = ')}"
            return
        self.lines.append(f"return {', '.join(variables)}")

    def _row_type(self, name: str) -> str:
        row = self.plan.rows[name]
        cls = self._class(row.entity)
        return f"{cls} | None" if row.optional else cls

    def _parameters(self) -> list[Parameter]:
        plan = self.plan
        self.source.use("sqlalchemy.ext.asyncio", "AsyncSession")
        found = [Parameter("session", "AsyncSession")]
        if "me" in plan.rows:
            me = plan.rows["me"]
            cls = self.backend.entity_class(me.entity)
            found.append(Parameter(me.variable, f"{cls} | None" if me.optional else cls))
        for name, row in plan.rows.items():
            if name not in ("me", "row", "created"):
                found.append(Parameter(row.variable, self.backend.entity_class(row.entity)))
        found += [Parameter(variable, kind) for variable, kind in plan.values.values()]
        if self.operation.id in self.services.requests.models:
            name = self.services.requests.models[self.operation.id][0]
            found.append(Parameter("data", name))
        found.append(Parameter("page", "Page"))
        found.append(Parameter("token", "str | None"))
        found.append(Parameter("origin", "str"))
        return found

    def _import_types(self, kind: str) -> None:
        name = kind.split(" | ")[0]
        for entity in self.backend.model.entities:
            if name == self.backend.entity_class(entity.name):
                self._class(entity.name)
        if name == "Page":
            self.source.use("app.pagination", "Page")
        if name == "UUID":
            self.source.use("uuid", "UUID")
        models = dict(self.services.requests.models.values())
        if name in models:
            self.source.use(models[name], name)

    def _class(self, entity: str) -> str:
        return self.backend.use_entity(self.source, entity)

    def _special(self, node: Any) -> str | None:
        kind = getattr(node, "kind", None)
        if kind == "linked":
            return self._is_linked(node)
        if kind == "token":
            opener = self.source.use("app.security", "open_session")
            self.backend.helpers.add("open_session")
            return f"await {opener}(session, {self.plan.rows[node.row].variable})"
        if kind in ("link_count", "child_count"):
            return self._row_count(node)
        return None

    def _is_linked(self, node: Any) -> str:
        link = self.backend.model.link(node.link)
        cls = self.backend.use_link(self.source, link.name)
        owner, target = self.backend.link_columns(link)
        exists = self.source.use("app.db", "exists")
        self.backend.helpers.add("exists")
        row, me = self.plan.rows[node.row], self.plan.rows["me"]
        self.ensure(node.row)
        path = node.path or [self.backend.entity(row.entity).pk]
        value = f"{row.variable}.{'.'.join(self._steps(row.entity, path))}"
        key = f"{me.variable}.{self.backend.key_attribute(me.entity)}"
        code = f"await {exists}(session, {cls}.{owner} == {key}, {cls}.{target} == {value})"
        return f"({me.variable} is not None and {code})" if me.optional else code

    def _steps(self, entity: str, path: list[str]) -> list[str]:
        steps = []
        for column in path[:-1]:
            relation = self.backend.relation(entity, column, loaded=True)
            steps.append(relation.name)
            entity = relation.target
        return [*steps, self.backend.attribute(entity, path[-1])]

    def _row_count(self, node: Any) -> str:
        if node.kind == "link_count":
            link = self.backend.model.link(node.link)
            module, cls = self.backend.link_module(link.name), self.backend.link_class(link.name)
            column = self.backend.link_columns(link)[1]
        else:
            module = self.backend.entity_module(node.entity)
            cls = self.backend.entity_class(node.entity)
            column = self.backend.attribute(node.entity, node.column)
        self.source.use(module, cls)
        self.source.use("sqlalchemy", "select")
        count = self.source.use("app.db", "count")
        self.backend.helpers.add("count")
        row = self.plan.rows[node.row]
        key = f"{row.variable}.{self.backend.key_attribute(row.entity)}"
        return f"await {count}(session, select({cls}).where({cls}.{column} == {key}))"


def asks(part: Any, kind: str) -> bool:
    """Say whether a tree has a node of a kind."""
    return any(getattr(node, "kind", None) == kind for node in walk(part))


def changes(operation: Operation, name: str) -> bool:
    """Say whether an operation changes or deletes one of its rows."""
    return any(
        effect.kind in ("update", "delete") and effect.row == name for effect in operation.effects
    )


def uses(body: str, name: str) -> bool:
    """Say whether the code of a body uses a name that it does not set itself."""
    if re.search(rf"^{name} = ", body, re.MULTILINE):
        first = re.search(rf"\b{name}\b", body)
        return first is not None and not body[first.start() :].startswith(f"{name} = ")
    return re.search(rf"(?<![.\w]){name}\b(?!=[^=])", body) is not None


def _same_answer(check: Check, following: Check | None) -> bool:
    return (
        following is not None
        and check.when.kind == "missing"
        and following.when.kind == "wrong_password"
        and following.when.row == check.when.lookup
        and check.response == following.response
    )


def _bare(condition: str) -> str:
    """Drop the outer parentheses of a condition that stands alone."""
    if not (condition.startswith("(") and condition.endswith(")")):
        return condition
    depth = 0
    for index, character in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and index < len(condition) - 1:
            return condition
    return condition[1:-1]
