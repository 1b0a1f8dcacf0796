"""Routers: thin functions that take a request apart, call a service and show its result."""

import re
from dataclasses import dataclass, field

from harness.builders.offline import names
from harness.builders.offline.answers import AnswerWriter
from harness.builders.offline.backend import Backend
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import Scope, literal
from harness.builders.offline.parameters import Parameters
from harness.builders.offline.plans import (
    checked_param,
    paging_params,
    plan,
    request_steps,
    route_path,
)
from harness.builders.offline.presenters import Presenters
from harness.builders.offline.requests import Requests
from harness.builders.offline.schemas import Schemas
from harness.builders.offline.security import Security
from harness.builders.offline.services import OperationPlan, ServiceCall, Services
from harness.builders.offline.source import Source, indent
from harness.inference.model import Operation

NO_CONTENT = 204


@dataclass
class Routers:
    """The router modules of a backend."""

    backend: Backend
    errors: ErrorRegistry
    schemas: Schemas
    requests: Requests
    presenters: Presenters
    services: Services
    security: Security
    parameters: Parameters
    sources: dict[str, Source] = field(default_factory=dict)

    def add_all(self) -> None:
        ordered = sorted(
            self.backend.operations,
            key=lambda o: (self.backend.resources.index(o.resource), literal_first(o.path)),
        )
        for operation in ordered:
            self._add(operation)

    def _source(self, resource: str) -> Source:
        stem = names.variable(resource)
        path = f"app/routers/{stem}.py"
        if path not in self.sources:
            source = Source(path, f"Endpoints of {names.title(resource)}.")
            source.use("fastapi", "APIRouter")
            source.add(f"router = APIRouter(tags=[{literal(resource)}])")
            self.sources[path] = source
        return self.sources[path]

    def _add(self, operation: Operation) -> None:
        writer = RouteWriter(self, operation, self._source(operation.resource))
        writer.source.add(writer.code())


def literal_first(path: str) -> list[tuple[bool, str]]:
    """Order paths so that `/users/me` is tried before `/users/{username}`."""
    return [("{" in part, part) for part in path.split("/")]


class RouteWriter:
    def __init__(self, routers: Routers, operation: Operation, source: Source) -> None:
        self.routers, self.operation, self.source = routers, operation, source
        self.backend = routers.backend
        self.plan: OperationPlan = plan(self.backend, operation)
        self.arguments: list[str] = []
        self.defaults: list[str] = []
        self.lines: list[str] = []
        self.before: list[str] = []
        self.scope = Scope(self.backend, source, rows=dict(self.plan.rows))
        self.scope.values = {name: variable for name, (variable, _) in self.plan.values.items()}
        fields = routers.requests.fields.get(operation.id, {})
        self.scope.inputs = {name: f"data.{item.attribute}" for name, item in fields.items()}

    # ------------------------------------------------------------------------ signature

    def code(self) -> str:
        later: list[str] = []
        for step in request_steps(self.plan, has_model=self._has_model):
            if step.late:
                later.append(step.what)
            else:
                self._argument(step.what, step.name)
        known = self._early() if self.plan.early else []
        for what in later:
            self._late_step(what)
        call = self.routers.services.main(self.plan, known)
        if call is not None:
            self._call(call)
        return self._function(AnswerWriter(self).write())

    @property
    def _has_model(self) -> bool:
        return self.operation.id in self.routers.requests.models

    def _argument(self, place: str, name: str) -> None:
        if place == "user":
            self._user_argument()
        elif place == "data":
            self._data_argument()
        elif place == "page":
            self._page_argument()
        elif place in ("path", "query"):
            self._param_argument(place, name)

    def _user_argument(self) -> None:
        alias = self.routers.security.dependency(self.operation)
        self.source.use("app.security", alias)
        self.add_argument(f"{self.plan.rows['me'].variable}: {alias}")

    def _data_argument(self) -> None:
        model = self.routers.requests.use(self.source, self.operation)
        self.source.use("typing", "Annotated")
        self.source.use("fastapi", "Depends")
        self.add_argument(f"data: Annotated[{model}, Depends({model}.read)]")

    def _page_argument(self) -> None:
        alias = self.routers.parameters.paging(self.operation)
        self.add_argument(f"page: {self.source.use('app.pagination', alias)}")

    def _param_argument(self, place: str, name: str) -> None:
        if name in paging_params(self.operation) and place == "query":
            if "page: " not in " ".join(self.arguments):
                self._page_argument()
            return
        variable, _ = self.plan.values[name]
        param = next(
            item
            for item in [*self.operation.path_params, *self.operation.query_params]
            if item.name == name
        )
        if checked_param(self.operation, place, name) is not None and param.type != "string":
            alias = self.routers.parameters.checked(self.operation, place, param, variable)
            self.add_argument(f"{variable}: {self.source.use('app.params', alias)}")
            return
        if place == "query":
            self._query_argument(variable, name)
            return
        text = self.routers.parameters.text_type(self.source, param.type)
        self.add_argument(f"{variable}: {text}")

    def _query_argument(self, variable: str, name: str) -> None:
        annotation = f"{self.routers.parameters.text_type(self.source, 'string')} | None"
        if variable != name:
            self.source.use("typing", "Annotated")
            self.source.use("fastapi", "Query")
            annotation = f"Annotated[{annotation}, Query(alias={literal(name)})]"
        self.defaults.append(f"{variable}: {annotation} = None")

    def add_argument(self, code: str) -> None:
        if code not in self.arguments:
            self.arguments.append(code)

    # ----------------------------------------------------------------------------- body

    def _early(self) -> list[str]:
        call = self.routers.services.early(self.plan)
        if call is None:
            return []
        self._call(call)
        return call.returns

    def _late_step(self, step: str) -> None:
        if step == "data" and self._has_model:
            model = self.routers.requests.use(self.source, self.operation)
            self.need_request()
            self.lines.append(f"data = await {model}.read(request)")
        if step == "user":
            function = self.routers.security.function(self.operation)
            self.source.use("app.security", function)
            token = self.source.use("app.security", "Credentials")
            self.add_argument(f"token: {token}")
            me = self.plan.rows["me"].variable
            self.lines.append(f"{me} = await {function}(session, token)")

    def need_request(self) -> None:
        self.source.use("fastapi", "Request")
        self.add_argument("request: Request")

    def _call(self, call: ServiceCall) -> None:
        module = names.variable(self.operation.resource)
        functions = {names.variable(item.id) for item in self.backend.operations}
        taken = self._variables() | functions
        alias = f"{module}_service" if module in taken else module
        imported = module if alias == module else f"{module} as {alias}"
        self.source.use("app.services", imported)
        for argument in call.arguments:
            if argument == "session":
                self.need_session()
            if argument == "token":
                token = self.source.use("app.security", "Credentials")
                self.add_argument(f"token: {token}")
        code = f"await {alias}.{call.function}({', '.join(call.arguments)})"
        targets = [self.plan.rows[name].variable for name in call.returns]
        if call.paged:
            targets = ["rows", *(["total"] if call.total else [])]
        if len(targets) == 1 and not call.paged and targets[0] in call.arguments:
            self.lines.append(code)
            return
        self.lines.append(f"{', '.join(targets)} = {code}" if targets else code)

    def _variables(self) -> set[str]:
        return {row.variable for row in self.plan.rows.values()} | {
            variable for variable, _ in self.plan.values.values()
        }

    def need_session(self) -> None:
        self.source.use("app.db", "Session")
        if "session: Session" not in self.arguments:
            self.arguments.insert(0, "session: Session")

    # ------------------------------------------------------------------------- function

    def _function(self, answer: tuple[str, str]) -> str:
        kind, statement = answer
        operation = self.operation
        self.lines.append(statement)
        text = "\n".join(self.lines)
        self._drop_unused_user(text)
        arguments = [*self.arguments, *self.defaults]
        doc = operation.summary.strip().rstrip(".") + "."
        decorator = self._decorator(kind)
        return (
            f"{decorator}\nasync def {names.variable(operation.id)}({', '.join(arguments)})"
            f" -> {kind}:\n" + indent(f'"""{doc}"""\n{text}')
        )

    def _drop_unused_user(self, text: str) -> None:
        """Keep the guard of an endpoint that does not care who is asking, as a dependency."""
        if self.operation.auth == "none" or "me" not in self.plan.rows:
            return
        alias = self.routers.security.dependency(self.operation)
        me = self.plan.rows["me"].variable
        argument = f"{me}: {alias}"
        if argument not in self.arguments or re.search(rf"\b{me}\b", text):
            return
        self.arguments.remove(argument)
        if self.routers.security.failures(self.operation):
            function = self.source.use(
                "app.security", self.routers.security.function(self.operation)
            )
            self.source.use("fastapi", "Depends")
            self.before.append(f"Depends({function})")

    def _decorator(self, kind: str) -> str:
        operation = self.operation
        base = self.backend.model.base
        path = route_path(self.plan)
        path = path.removeprefix(base) if base and path.startswith(base) else path
        options = [literal(path)]
        if operation.response.status != 200:  # noqa: PLR2004
            options.append(f"status_code={operation.response.status}")
        if kind == "Response":
            options.append("response_class=Response")
        elif operation.response.content_type not in (None, self.routers.parameters.json_type):
            options.append(f"response_class={self._response_class()}")
        options += self._documents()
        return f"@router.{operation.method.lower()}({', '.join(options)})"

    def _response_class(self) -> str:
        name = self.routers.parameters.response_class(self.operation.response.content_type or "")
        return self.source.use("app.responses", name)

    def _documents(self) -> list[str]:
        operation = self.operation
        options: list[str] = []
        extra: list[str] = []
        if operation.id in self.routers.requests.models:
            extra.append(f"{self.routers.requests.use(self.source, operation)}.documented()")
        if "OptionalUser" in " ".join(self.arguments):
            extra.append(self.source.use("app.security", "SIGN_IN_OPTIONAL"))
        if extra:
            options.append(f"openapi_extra={' | '.join(extra)}")
        if any(check.when.kind == "unparsable" for check in operation.checks) and \
                self._parse_first():  # fmt: skip
            self.source.use("fastapi", "Depends")
            model = self.routers.requests.use(self.source, operation)
            self.before.insert(0, f"Depends({model}.parsed)")
        if self.before:
            options.insert(0, f"dependencies=[{', '.join(self.before)}]")
        found = self._failures()
        if found:
            self.source.use("app", "errors")
            documented = self.source.use("app.errors", "documented")
            options.append(f"responses={documented}({', '.join(f'errors.{n}' for n in found)})")
        return options

    def _parse_first(self) -> bool:
        kinds = [check.when.kind for check in self.operation.checks]
        if self.operation.id not in self.routers.requests.models:
            return False
        after = kinds[kinds.index("unparsable") + 1 :]
        return bool(after) and after[0] != "invalid_body"

    def _failures(self) -> list[str]:
        responses = [check.response for check in self.operation.checks]
        names_found = [self.routers.errors.of(item).name for item in responses if item is not None]
        names_found += self.routers.security.failures(self.operation)
        names_found += self.routers.errors.of_writes(self.operation)
        if self._has_model:
            names_found += [self.routers.requests.main_unparsable, "InvalidInputError"]
        if self.plan.values or self.operation.request:
            names_found.append("UnstorableValueError")
        return list(dict.fromkeys(names_found))
