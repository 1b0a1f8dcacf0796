"""The tests of a backend: what each operation does, and what it refuses."""

import ast
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.arrangements import Arrangement, ArrangementError
from harness.builders.offline.backend import Backend, check_of
from harness.builders.offline.denials import write_denial
from harness.builders.offline.errors import plain
from harness.builders.offline.expressions import literal
from harness.builders.offline.factories import factories_source
from harness.builders.offline.list_tests import items_of, write_filters
from harness.builders.offline.modules import render
from harness.builders.offline.plans import paging_params
from harness.builders.offline.source import Source, indent
from harness.inference.model import (
    Check,
    ColumnValue,
    InputValue,
    Insert,
    Operation,
    PathValue,
    Rule,
    Update,
)

UNKNOWN = {
    "integer": "987654321",
    "digits": "987654321",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
ROWS, PAGE = 3, 2


def test_files(backend: Backend) -> dict[str, str]:
    """Return the test modules, their fixtures and factories."""
    tests = Tests(backend)
    for operation in backend.operations:
        tests.add(operation)
    files = {source.path: source.render() for source in tests.sources.values()}
    files["tests/__init__.py"] = ""
    files["tests/conftest.py"] = render("tests/conftest.py.j2")
    if tests.entities or tests.signs_in:
        source = factories_source(backend, tests.entities, signs_in=tests.signs_in)
        files[source.path] = source.render()
    return files


class Tests:
    """Writes one test module a resource."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.sources: dict[str, Source] = {}
        self.entities: set[str] = set()
        self.signs_in = False

    def add(self, operation: Operation) -> None:
        stem = names.variable(operation.resource)
        source = self.sources.setdefault(stem, Source(f"tests/test_{stem}.py"))
        try:
            writer = TestWriter(self, operation, source)
        except ArrangementError:
            return
        writer.write()
        if not source.blocks:
            del self.sources[stem]


class TestWriter:
    def __init__(self, tests: Tests, operation: Operation, source: Source) -> None:
        self.tests, self.operation, self.source = tests, operation, source
        self.backend = tests.backend
        self.arranged = Arrangement(self.backend, operation)
        self.name = names.snake(operation.id)

    def write(self) -> None:
        operation = self.operation
        if operation.kind != "constant":
            self._succeeds()
        for check in operation.checks:
            if check.when.kind == "missing":
                self._missing(check)
            elif check.when.kind == "unauthenticated" and "me" in self.arranged.rows:
                self._unauthenticated(check)
            elif check.when.kind == "taken":
                self._taken(check)
            else:
                write_denial(self, check)
        if operation.request is not None:
            self._refusals()
        if operation.query is not None and operation.query.paging is not None:
            self._pages()
        write_filters(self)

    # ------------------------------------------------------------------------ arranging

    def rows(self, skip: str = "", change: dict[str, dict[str, str]] | None = None) -> list[str]:
        lines = []
        for name, values in self.arranged.rows.items():
            if name == skip:
                continue
            entity = self.arranged.plan.rows[name].entity
            given = {**values, **(change or {}).get(name, {})}
            lines.append(f"{self.arranged.variable(name)} = {self.make(entity, given)}")
        for variable, entity in self.arranged.parents:
            lines.append(f"{variable} = {self.make(entity, {})}")
        for link in self.arranged.links:
            cls = link.partition("(")[0]
            module = next(
                self.backend.link_module(item.name)
                for item in self.backend.model.links
                if self.backend.link_class(item.name) == cls
            )
            self.source.use(module, cls)
            lines.append(f"session.add({link})\nawait session.commit()")
        code = "\n".join(lines)
        if "hash_password" in code:
            self.source.use("app.security", "hash_password")
        return lines

    def make(self, entity: str, values: dict[str, str]) -> str:
        self.tests.entities.add(entity)
        factory = self.source.use("tests.factories", f"make_{names.snake(entity)}")
        arguments = ["session", *(f"{key}={value}" for key, value in values.items())]
        return f"await {factory}({', '.join(arguments)})"

    def _headers(self) -> str:
        if "me" not in self.arranged.rows:
            return ""
        self.tests.signs_in = True
        helper = self.source.use("tests.factories", "sign_in")
        return f", headers=await {helper}(session, {self.arranged.variable('me')})"

    def request(
        self, *, url: str = "", body: str = "", headers: str | None = None, query: str = ""
    ) -> str:
        arguments = [url or self.arranged.url()]
        request = self.operation.request
        if request is not None and request.fields:
            kind = "json" if request.content_type == "application/json" else "data"
            arguments.append(f"{kind}={body or self.arranged.body()}")
        if query:
            arguments.append(f"params={query}")
        method = self.operation.method.lower()
        sent = self._headers() if headers is None else headers
        if len(arguments) > 1 and method in ("get", "delete", "head") and request is not None:
            arguments.insert(0, literal(self.operation.method))
            method = "request"
        return f"response = await client.{method}({', '.join(arguments)}{sent})"

    def add(self, name: str, lines: list[str], decorator: str = "", more: str = "") -> None:
        body = "\n".join(_needed(lines))
        if "PASSWORD" in body and 'PASSWORD = "Quiet-River-42"' not in self.source.blocks:
            self.source.blocks.insert(0, 'PASSWORD = "Quiet-River-42"')
        if any(f"def test_{name}(" in block for block in self.source.blocks):
            return
        self.source.use("httpx", "AsyncClient")
        parameters = "client: AsyncClient"
        if "session" in body:
            self.source.use("sqlalchemy.ext.asyncio", "AsyncSession")
            parameters += ", session: AsyncSession"
        self.source.add(
            f"{decorator}async def test_{name}({parameters}{more}) -> None:\n{indent(body)}"
        )

    def expect(self, check: Check) -> list[str]:
        response = check.response
        if response is None:
            return []
        lines = [f"assert response.status_code == {response.status}"]
        if response.body is None:
            return lines
        try:
            value = plain(response.body)
        except ValueError:
            return lines
        if "json" in (response.content_type or ""):
            is_none = " is None" if value is None else f" == {literal(value)}"
            return [*lines, f"assert response.json(){is_none}"]
        return [*lines, f"assert response.text == {literal(value)}"]

    # ----------------------------------------------------------------------------- tests

    def _succeeds(self) -> None:
        lines = [*self.rows(), self.request()]
        lines.append(f"assert response.status_code == {self.operation.response.status}")
        lines += self._shown()
        self.add(self.name, lines)

    def _shown(self) -> list[str]:
        """Check that the answer shows what was sent, and that a link is on or off."""
        body = self.operation.response.body
        if body is None:
            return []
        prefix, node = "response.json()", body
        if body.kind == "object":
            key = next((k for k, v in body.fields.items() if v.kind == "render"), None)
            if key is None:
                return []
            prefix, node = f"response.json()[{literal(key)}]", body.fields[key]
        if node.kind != "render" or node.path:
            return []
        view = self.backend.model.view(node.view)
        lines = []
        for item in view.fields:
            expected = self._expected(item.value)
            if expected is not None:
                lines.append(f"shown[{literal(item.key)}]{expected}")
        if not lines:
            return []
        if len(lines) == 1:
            return [f"assert {lines[0].replace('shown', prefix, 1)}"]
        return [f"shown = {prefix}", *(f"assert {line}" for line in lines)]

    def _expected(self, value: Any) -> str | None:
        if value.kind == "linked" and not value.path:
            for effect in self.operation.effects:
                if effect.kind == "set_link" and effect.link == value.link:
                    return " is True" if effect.on else " is False"
        if not isinstance(value, ColumnValue) or value.row != "row" or len(value.path) != 1:
            return None
        for effect in self.operation.effects:
            name = self._source_of(effect, value.path[0])
            request = self.operation.request
            if name is None or request is None:
                continue
            item = next(item for item in request.fields if item.name == name)
            code = self.arranged.inputs.get(name, "")
            if item.type in ("string", "integer", "boolean") and not item.normalize and code:
                if "(" in code or ("." in code.strip('"') and not code.startswith('"')):
                    return None
                return f" is {code}" if code in ("True", "False", "None") else f" == {code}"
        return None

    def _source_of(self, effect: Any, column: str) -> str | None:
        if isinstance(effect, Insert):
            value = effect.values.get(column)
            found = self.backend.entity(effect.entity).column(column) if value else None
            if isinstance(value, InputValue) and found and found.type not in ("datetime", "uuid"):
                return value.name
        if isinstance(effect, Update) and column in effect.inputs:
            entity = self.arranged.plan.rows[effect.row].entity
            if self.backend.entity(entity).column(column).type not in ("datetime", "uuid"):
                return effect.inputs[column]
        return None

    def _missing(self, check: Check) -> None:
        lookup = next(i for i in self.operation.lookups if i.name == check.when.lookup)  # type: ignore[union-attr]
        if isinstance(lookup.value, InputValue):
            self._unknown_input(check, lookup.entity, lookup.value.name)
        if not isinstance(lookup.value, PathValue) or lookup.column is None:
            return
        column = self.backend.entity(lookup.entity).column(lookup.column)
        kinds = {param.name: param.type for param in self.operation.path_params}
        kind = kinds.get(lookup.value.name, "")
        unknown = UNKNOWN.get("digits" if kind == "digits" else column.type, "unknown")
        url = self.arranged.url(**{lookup.value.name: unknown})
        lines = self.rows(skip=lookup.name) if self._free_of(lookup.name) else self.rows()
        lines = [line for line in lines if not self._refers(line, lookup.name)]
        self.add(f"{self.name}_of_unknown_{names.snake(lookup.entity)}",
                  [*lines, self.request(url=url), *self.expect(check)])  # fmt: skip

    def _unknown_input(self, check: Check, entity: str, name: str) -> None:
        """Ask for a row that is not there by a field of the body."""
        request = self.operation.request
        item = (
            next((item for item in request.fields if item.name == name), None) if request else None
        )
        if item is None or item.type != "string":
            return
        is_email = any(rule.kind == "email" for rule in item.rules)
        unknown = '"unknown@example.com"' if is_email else '"unknown"'
        body = self.arranged.body({**self.arranged.inputs, name: unknown})
        self.add(f"{self.name}_of_unknown_{names.snake(entity)}",
                 [*self.rows(), self.request(body=body), *self.expect(check)])  # fmt: skip

    def _free_of(self, name: str) -> bool:
        row = self.arranged.variable(name)
        return not any(
            value.startswith(f"{row}.")
            for values in self.arranged.rows.values()
            for value in values.values()
        )

    def _refers(self, line: str, name: str) -> bool:
        return line.startswith("session.add") and f"{self.arranged.variable(name)}." in line

    def _unauthenticated(self, check: Check) -> None:
        mine = f"{self.arranged.variable('me')}."
        lines = [line for line in self.rows(skip="me") if mine not in line]
        needed = self.rows() if len(lines) < len(self.rows(skip="me")) else lines
        self.add(f"{self.name}_needs_a_token",
                  [*needed, self.request(headers=""), *self.expect(check)])  # fmt: skip

    def _taken(self, check: Check) -> None:
        when: Any = check.when
        value = self.arranged.inputs.get(when.input)
        if value is None:
            return
        attribute = self.backend.attribute(when.entity, when.column)
        other = self.make(when.entity, {attribute: value})
        self.add(f"{self.name}_with_taken_{names.snake(when.column)}",
                  [*self.rows(), other, self.request(), *self.expect(check)])  # fmt: skip

    # ------------------------------------------------------------------------- refusals

    def _refusals(self) -> None:
        request = self.operation.request
        cases = []
        for item in request.fields if request else []:
            for rule in item.rules:
                broken = _broken(rule)
                if broken is None:
                    continue
                inputs = dict(self.arranged.inputs)
                inputs.pop(item.name, None)
                if broken:
                    inputs[item.name] = broken
                case = self._case(item.name, rule, inputs)
                if case:
                    cases.append(case)
        check = check_of(self.operation, "invalid_body")
        if not cases or check is None:
            return
        for name, inputs, expected, status in cases:
            lines = [*self.rows(), self.request(body=self.arranged.body(inputs)),
                     f"assert response.status_code == {status}"]  # fmt: skip
            if expected is not None:
                lines.append(f"assert response.json() == {expected}")
            self.add(f"{self.name}_with_{name}", lines)

    def _case(
        self, field: str, rule: Rule, inputs: dict[str, str]
    ) -> tuple[str, dict[str, str], str | None, int] | None:
        words = {"required": "without", "not_blank": "blank", "type": "mistyped",
                 "email": "malformed", "max_length": "too_long", "min_length": "too_short",
                 "not_null": "null"}.get(rule.kind)  # fmt: skip
        if words is None:
            return None
        try:
            expected = literal(plain(rule.body))
        except ValueError:
            expected = None
        name = f"{words}_{names.snake(field)}" if words != "without" else f"no_{names.snake(field)}"
        return name, inputs, expected, rule.status

    # ----------------------------------------------------------------------------- pages

    def _pages(self) -> None:
        query = self.operation.query
        if query is None or query.scope or query.paging is None or not query.paging.limit_param:
            return
        if self.operation.lookups or not paging_params(self.operation):
            return
        body, rows = self.operation.response.body, items_of(self.operation)
        if not rows:
            return
        lines = [*self.rows(), f"for _ in range({ROWS}):\n    {self.make(query.entity, {})}"]
        lines.append(self.request(query=f"{{{literal(query.paging.limit_param)}: {PAGE}}}"))
        lines.append("assert response.status_code == 200")
        lines.append(f"assert len({rows}) == {PAGE}")
        total = _total_key(body)
        if total and (self.backend.auth is None or query.entity != self.backend.auth.user):
            lines.append(f"assert response.json()[{literal(total)}] == {ROWS}")
        self.add(f"{self.name}_in_pages", lines)


def _needed(lines: list[str]) -> list[str]:
    """Drop the names of rows that are made but not referred to."""
    kept = []
    for index, line in enumerate(lines):
        name, found, call = line.partition(" = await make_")
        unused = found and name.isidentifier() and name not in _names("\n".join(lines[index + 1 :]))
        kept.append(f"await make_{call}" if unused else line)
    return kept


def _names(code: str) -> set[str]:
    tree = compile(code, "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _total_key(body: Any) -> str:
    if body is None or body.kind != "object":
        return ""
    return next(
        (key for key, value in body.fields.items() if value.kind == "page_info"
         and value.fact == "total"), "",
    )  # fmt: skip


def _broken(rule: Rule) -> str | None:
    """Return the code of a value that breaks a rule, "" for none at all."""
    match rule.kind:
        case "required":
            return ""
        case "not_blank":
            return '""'
        case "not_null":
            return "None"
        case "email":
            return '"nobody"'
        case "type":
            return {"string": "5", "array": '"none"', "integer": '"none"',
                    "boolean": '"none"', "object": '"none"'}.get(rule.limit)  # fmt: skip
        case "max_length":
            return f'"x" * {rule.limit + 1}'
        case "min_length":
            return '"x"' if rule.limit > 1 else None
    return None
