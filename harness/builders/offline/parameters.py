"""Path and query parameters: converters, checked parameters and pages."""

from collections import Counter
from dataclasses import dataclass, field

from harness.builders.offline import names
from harness.builders.offline.backend import CONVERTERS, Backend
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import literal
from harness.builders.offline.plans import checked_param
from harness.builders.offline.source import Source, indent
from harness.inference.model import Operation, Paging, Param

TYPES = {"integer": "int", "number": "float", "uuid": "uuid.UUID", "boolean": "bool",
         "digits": "str"}  # fmt: skip
TEXT_TYPES = {"string": "PlainText", "integer": "IntegerText", "number": "NumberText",
              "uuid": "UuidText", "boolean": "BooleanText", "digits": "NumericText"}  # fmt: skip


@dataclass
class Parameters:
    """Collects what `app/params.py`, `app/pagination.py` and `app/responses.py` hold."""

    backend: Backend
    errors: ErrorRegistry
    params: Source = field(default_factory=lambda: Source("app/params.py"))
    pages: Source = field(default_factory=lambda: Source("app/pagination.py"))
    blocks: list[str] = field(default_factory=list)
    page_blocks: list[str] = field(default_factory=list)
    responses: dict[str, str] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _pagings: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=lambda: {"Page", "Origin"})

    @property
    def json_type(self) -> str:
        """The content type that most operations answer with."""
        used = Counter(
            operation.response.content_type
            for operation in self.backend.operations
            if operation.response.content_type and "json" in operation.response.content_type
        )
        return used.most_common(1)[0][0] if used else "application/json"

    def response_class(self, content_type: str) -> str:
        """Return the name of the response class for a JSON content type."""
        if content_type not in self.responses:
            words = content_type.removeprefix("application/").replace("json", "")
            name = names.pascal(words or "plain") + "JsonResponse"
            self.responses[content_type] = names.unique(name, self._taken)
        return self.responses[content_type]

    def text_type(self, source: Source, spelled: str) -> str:
        """Return the type of a parameter that is read as text, documented as what it spells."""
        self.backend.helpers.add(TEXT_TYPES[spelled])
        return source.use("app.params", TEXT_TYPES[spelled])

    # -------------------------------------------------------------------- checked ones

    def checked(self, operation: Operation, place: str, param: Param, variable: str) -> str:
        """Return the alias of a parameter that the original checks the type of."""
        check = checked_param(operation, place, param.name)
        assert check is not None  # noqa: S101  (asked by the caller)
        assert check.response is not None  # noqa: S101  (only InvalidBody has none)
        error = self.errors.of(check.response)
        key = f"{place}:{param.name}:{variable}:{param.type}:{error.name}"
        if key not in self._aliases:
            alias = names.unique(names.pascal(variable), self._taken)
            self._aliases[key] = alias
            self.blocks.append(self._checked_code(place, param, variable, error, alias))
        return self._aliases[key]

    def _checked_code(
        self, place: str, param: Param, variable: str, error: object, alias: str
    ) -> str:
        converter, kind = CONVERTERS[param.type], TYPES[param.type]
        self.backend.helpers.update({converter, TEXT_TYPES[param.type]})
        self.params.use("typing", "Annotated")
        self.params.use("fastapi", "Depends")
        self.params.use("app", "errors")
        text = TEXT_TYPES[param.type]
        function = f"_{names.snake(alias)}"
        optional = place == "query"
        annotation = f"{text} | None" if optional else text
        if optional and variable != param.name:
            self.params.use("fastapi", "Query")
            annotation = f"Annotated[{annotation}, Query(alias={literal(param.name)})]"
        default = " = None" if optional else ""
        arguments = getattr(error, "arguments", {})
        given = f"({variable})" if arguments else ""
        name = getattr(error, "name", "")
        guard = f"if {variable} is None:\n    return None\n" if optional else ""
        result = f"{kind} | None" if optional else kind
        body = (
            f"{guard}value = {converter}({variable})\n"
            f"if value is None:\n    raise errors.{name}{given}\nreturn value"
        )
        head = f"def {function}({variable}: {annotation}{default}) -> {result}:"
        return f"{head}\n{indent(body)}\n\n\n{alias} = Annotated[{result}, Depends({function})]"

    # --------------------------------------------------------------------------- pages

    def paging(self, operation: Operation) -> str:
        """Return the alias of an operation's page dependency."""
        paging = operation.query.paging if operation.query else None
        assert paging is not None  # noqa: S101  (asked by the caller)
        body = self._paging_code(operation, paging)
        if body not in self._pagings:
            wanted = "Paging" if not self._pagings else names.pascal(operation.id) + "Paging"
            alias = names.unique(wanted, self._taken)
            self._pagings[body] = alias
            function = f"_{names.snake(alias)}"
            self.pages.use("typing", "Annotated")
            self.pages.use("fastapi", "Depends")
            self.page_blocks.append(
                f"def {function}{body}\n\n\n{alias} = Annotated[Page, Depends({function})]"
            )
        return self._pagings[body]

    def _paging_code(self, operation: Operation, paging: Paging) -> str:
        arguments, lines = [], []
        sizes = {"limit": literal(paging.default_limit), "start": "0"}
        start_default = "0" if paging.style == "offset" else str(paging.first_page)
        for role, name in (("limit", paging.limit_param), ("start", paging.offset_param)):
            if name is None:
                continue
            variable = names.variable(name)
            text = "str"
            if checked_param(operation, "query", name) is not None:
                text = self.pages.use("app.params", "IntegerText")
                self.backend.helpers.add("IntegerText")
            self.backend.helpers.add("whole_number")
            annotation = f"{text} | None"
            if variable != name:
                self.pages.use("fastapi", "Query")
                annotation = f"Annotated[{annotation}, Query(alias={literal(name)})]"
            arguments.append(f"{variable}: {annotation} = None")
            lines += self._number_check(operation, name, variable)
            self.pages.use("app.params", "whole_number")
            default = sizes["limit"] if role == "limit" else start_default
            sizes[role] = f"whole_number({variable}, {default})"
        lines.append(self._page_call(paging, sizes))
        return f"({', '.join(arguments)}) -> Page:\n{indent(chr(10).join(lines))}"

    def _number_check(self, operation: Operation, name: str, variable: str) -> list[str]:
        check = checked_param(operation, "query", name)
        if check is None or check.response is None:
            return []
        error = self.errors.of(check.response)
        self.pages.use("app.params", "integer")
        self.pages.use("app", "errors")
        self.backend.helpers.add("integer")
        given = f"({variable})" if error.arguments else ""
        return [
            f"if {variable} is not None and integer({variable}) is None:\n"
            f"    raise errors.{error.name}{given}"
        ]

    def _page_call(self, paging: Paging, sizes: dict[str, str]) -> str:
        limit = sizes["limit"]
        if paging.max_limit is not None and paging.limit_param is not None:
            limit = f"min({limit}, {paging.max_limit})"
        if paging.style == "offset":
            return f"return Page(limit={limit}, offset={sizes['start']})"
        self.backend.helpers.add("numbered")
        first = paging.first_page
        return (
            f"size = {limit}\nnumber = max({sizes['start']}, {first})\n"
            f"return Page(limit=size, offset=(number - {first}) * (size or 0), number=number)"
        )
