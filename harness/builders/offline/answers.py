"""The answer of a route: its type and the code that makes it."""

from typing import TYPE_CHECKING, Any

from harness.builders.offline import names
from harness.builders.offline.expressions import compile_expression, literal
from harness.builders.offline.presenters import oldest_first
from harness.builders.offline.schemas import answer_module

if TYPE_CHECKING:
    from harness.builders.offline.routes import RouteWriter


class AnswerWriter:
    """Writes what a route does after its service: headers and the response model."""

    def __init__(self, route: "RouteWriter") -> None:
        self.route, self.operation = route, route.operation
        self.backend, self.source = route.backend, route.source
        self.scope, self.lines = route.scope, route.lines
        self.scope.special = self._special

    def _need_origin(self) -> None:
        self.route.add_argument(f"origin: {self.source.use('app.params', 'Origin')}")
        self.backend.helpers.add("origin")

    def write(self) -> tuple[str, str]:
        """Return the type of the answer and the statement that gives it."""
        response = self.operation.response
        plain = response.body is None or (
            response.body.kind == "const" and isinstance(response.body.value, str)
            and "json" not in (response.content_type or "json")
        )  # fmt: skip
        if plain:
            return self._plain_response()
        with self.route.routers.schemas.within(answer_module(self.operation)):
            kind = self.route.routers.schemas.body_type(self.source, self.operation, response.body)
            code = compile_expression(self.scope, response.body)
        for name, value in response.headers.items():
            self.source.use("fastapi", "Response")
            self.route.add_argument("response: Response")
            self._header(name, value)
        if "{origin}" in "\n".join([code, *self.lines]):
            self._need_origin()
        return kind, f"return {code}"

    def _header(self, name: str, value: Any) -> None:
        code = compile_expression(self.scope, value)
        kind = self.route.routers.schemas.type_of(
            self.source, value, {key: row.entity for key, row in self.scope.rows.items()}, hint=""
        )
        target = f"response.headers[{literal(name)}]"
        if kind == "str":
            self.lines.append(f"{target} = {code}")
        elif "None" in kind:
            variable = names.variable(name)
            text = variable if kind.startswith("str") else f"str({variable})"
            self.lines.append(
                f"{variable} = {code}\nif {variable} is not None:\n    {target} = {text}"
            )
        else:
            self.lines.append(f"{target} = str({code})")

    def _plain_response(self) -> tuple[str, str]:
        response = self.operation.response
        self.source.use("fastapi", "Response")
        arguments = [f"status_code={response.status}"]
        body = getattr(response.body, "value", None)
        if body is not None:
            arguments.insert(0, literal(body))
        headers = {"content-type": literal(response.content_type)} if response.content_type else {}
        for name, value in response.headers.items():
            headers[name] = compile_expression(self.scope, value)
        if headers:
            pairs = ", ".join(f"{literal(key)}: {value}" for key, value in headers.items())
            arguments.append(f"headers={{{pairs}}}")
        if "{origin}" in " ".join(arguments):
            self._need_origin()
        return "Response", f"return Response({', '.join(arguments)})"

    def _special(self, node: Any) -> str | None:
        kind = getattr(node, "kind", None)
        if kind in ("object", "const"):
            return self.route.routers.schemas.object_code(self.scope, node)
        if kind == "render":
            return self._render(node)
        if kind == "items":
            return self._items(node)
        if kind == "token":
            self.route.need_session()
            self.backend.helpers.add("open_session")
            opener = self.source.use("app.security", "open_session")
            return f"await {opener}(session, {self.scope.rows[node.row].variable})"
        if kind == "own_token":
            self.route.add_argument(f"token: {self.source.use('app.security', 'Credentials')}")
            return 'token or ""'
        if kind == "page_info":
            return self._asked(node, self._page_fact(node.fact))
        if kind == "children":
            return self._children(node)
        if kind == "referenced":
            return self._referenced(node)
        if kind == "request":
            self.route.need_request()
        return None

    def _render(self, node: Any) -> str:
        code = self.scope.rows[node.row].variable
        optional = self.scope.rows[node.row].optional
        entity = self.scope.rows[node.row].entity
        for column in node.path:
            relation = self.backend.relation(entity, column, loaded=True)
            optional = optional or self.backend.entity(entity).column(column).nullable
            code, entity = f"{code}.{relation.name}", relation.target
        return self._presented(
            node.view,
            self.route.routers.presenters.call_single(
                self.scope, node.view, code, optional=optional
            ),
        )

    def _presented(self, view: str, code: str) -> str:
        needs = self.route.routers.presenters.needs(view)
        if needs.session:
            self.route.need_session()
        if needs.origin:
            self._need_origin()
        return code

    def _items(self, node: Any) -> str:
        if self.operation.query is None:
            return "[]"
        if node.view:
            return self._presented(
                node.view, self.route.routers.presenters.call_many(self.scope, node.view, "rows")
            )
        entity = self.scope.rows["row"].entity
        return f"[row.{self.backend.attribute(entity, node.column)} for row in rows]"

    def _children(self, node: Any) -> str:
        backend = self.backend
        cls = backend.use_entity(self.source, node.entity)
        column = backend.attribute(node.entity, node.column)
        row = self.scope.rows[node.row]
        key = f"{row.variable}.{backend.key_attribute(row.entity)}"
        order = ", ".join(f"{cls}.{name}" for name in oldest_first(backend, node.entity))
        variable = self._beside(node.entity)
        self.source.use("sqlalchemy", "select")
        self.route.need_session()
        self.lines.append(
            f"{variable} = (await session.scalars(select({cls}).where({cls}.{column} == {key})"
            f".order_by({order}))).all()"
        )
        return self._presented(
            node.view, self.route.routers.presenters.call_many(self.scope, node.view, variable)
        )

    def _beside(self, entity: str) -> str:
        """Return a variable for rows of an entity, apart from the service module's name."""
        name = self.backend.plural(entity)
        return f"other_{name}" if name == names.variable(self.operation.resource) else name

    def _referenced(self, node: Any) -> str:
        backend = self.backend
        cls = backend.use_entity(self.source, node.entity)
        row = self.scope.rows[node.row]
        column = backend.attribute(row.entity, node.column)
        pages = node.row == "row"
        keys = f"{{row.{column} for row in rows}}" if pages else f"{{{row.variable}.{column}}}"
        key = backend.key_attribute(node.entity)
        order = ", ".join(f"{cls}.{name}" for name in oldest_first(backend, node.entity))
        variable = self._beside(node.entity)
        self.source.use("sqlalchemy", "select")
        self.route.need_session()
        self.lines.append(
            f"{variable} = (await session.scalars(select({cls}).where({cls}.{key}.in_({keys}))"
            f".order_by({order}))).all()"
        )
        return self._presented(
            node.view, self.route.routers.presenters.call_many(self.scope, node.view, variable)
        )

    def _asked(self, node: Any, code: str) -> str:
        if not node.asked_by:
            return code
        self.route.need_request()
        asked = "request.query_params"
        if len(node.asked_by) == 1:
            return f"{code} if {literal(node.asked_by[0])} in {asked} else None"
        keys = ", ".join(literal(name) for name in node.asked_by)
        return f"{code} if {asked}.keys() & {{{keys}}} else None"

    def _page_fact(self, fact: str) -> str:
        if fact in ("pages", "links"):
            self.backend.helpers.add(fact)
        if fact == "links":
            self.route.need_request()
            paging = self.operation.query.paging if self.operation.query else None
            return f"page.links(request.url, total, {literal(paging and paging.offset_param)})"
        if not (self.operation.query and self.operation.query.paging):
            return {"total": "total", "count": "len(rows)"}.get(fact, "None")
        return {
            "total": "total",
            "count": "len(rows)",
            "limit": "page.limit",
            "offset": "page.offset",
            "page": "page.number",
            "pages": "page.pages(total)",
            "has_more": "page.offset + len(rows) < total",
        }.get(fact, "None")
