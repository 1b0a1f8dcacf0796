"""Getters: functions shared by services that find one row or raise the original's error."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.source import Source, indent
from harness.inference.model import Lookup, PathValue, ResponseTemplate

if TYPE_CHECKING:
    from harness.builders.offline.services import ServiceWriter

CONVERTERS = {"integer": "integer", "uuid": "unique_id", "number": "number"}


@dataclass(slots=True)
class Getter:
    """One getter: what it looks for, and whether its callers lock the row."""

    name: str
    module: str
    lookup: Lookup
    error: str
    parameter: str
    type: str
    converter: str | None
    locks: set[bool] = field(default_factory=set)
    parents: dict[str, tuple[str, str]] = field(default_factory=dict)
    passes: list[str] = field(default_factory=list)


@dataclass
class Getters:
    """All getters, each in the service module of its entity's resource where there is one."""

    backend: Backend
    errors: ErrorRegistry
    found: dict[str, Getter] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)

    def call(
        self, writer: "ServiceWriter", lookup: Lookup, response: ResponseTemplate
    ) -> str | None:
        """Return the call of the getter for a lookup by path parameter; None for other lookups."""
        if not isinstance(lookup.value, PathValue) or lookup.column is None:
            return None
        error = self.errors.of(response)
        if any(not isinstance(node, PathValue) or node != lookup.value
               for node in error.arguments.values()):  # fmt: skip
            return None
        getter = self._getter(writer, lookup, error.name, list(error.arguments))
        lock = any(
            effect.kind in ("update", "delete") and effect.row == lookup.name
            for effect in writer.operation.effects
        )
        getter.locks.add(lock)
        parents = [writer.plan.rows[parent].variable for parent in lookup.within.values()]
        variable = writer.plan.values[lookup.value.name][0]
        arguments = ["session", *parents, variable, *(["for_update=True"] if lock else [])]
        name = writer.source.use(f"app.services.{getter.module}", getter.name)
        return f"await {name}({', '.join(arguments)})"

    def _getter(
        self, writer: "ServiceWriter", lookup: Lookup, error: str, passes: list[str]
    ) -> Getter:
        value = lookup.value
        assert isinstance(value, PathValue)  # noqa: S101  (asked by `call`)
        variable, kind = writer.plan.values[value.name]
        within = ",".join(sorted(lookup.within))
        key = f"{lookup.entity}.{lookup.column}.{within}.{error}.{kind}"
        if key not in self.found:
            module = self._module(lookup.entity, writer.operation.resource)
            functions = {names.variable(item.id) for item in self.backend.model.operations}
            taken = self._taken.setdefault(module, functions)
            stem = f"find_{names.snake(lookup.entity)}"
            if stem in taken:
                stem = f"{stem}_by_{names.snake(lookup.column or 'key')}"
            column = self.backend.entity(lookup.entity).column(lookup.column or "")
            converter = CONVERTERS.get(column.type) if kind == "str" else None
            getter = Getter(
                names.unique(stem, taken), module, lookup, error, variable, kind, converter,
                passes=passes,
            )  # fmt: skip
            for foreign, parent in lookup.within.items():
                row = writer.plan.rows[parent]
                getter.parents[foreign] = (names.variable(row.entity), row.entity)
            self.found[key] = getter
        return self.found[key]

    def _module(self, entity: str, resource: str) -> str:
        plural = self.backend.plural(entity)
        known = {names.variable(item.resource) for item in self.backend.model.operations}
        return plural if plural in known else names.variable(resource)

    def emit(self, source: Source, getter: Getter) -> None:
        """Write a getter at the top of its module."""
        backend, entity = self.backend, getter.lookup.entity
        cls = backend.use_entity(source, entity)
        row, column = names.variable(entity), backend.attribute(entity, getter.lookup.column or "")
        row = f"found_{row}" if row == getter.parameter else row
        source.use("sqlalchemy", "select")
        source.use("sqlalchemy.ext.asyncio", "AsyncSession")
        source.use("app", "errors")
        parameters = ["session: AsyncSession"]
        conditions = []
        for foreign, (parent, parent_entity) in getter.parents.items():
            module = backend.entity_module(parent_entity)
            parameters.append(
                f"{parent}: {source.use(module, backend.entity_class(parent_entity))}"
            )
            own, key = backend.attribute(entity, foreign), backend.key_attribute(parent_entity)
            conditions.append(f"{cls}.{own} == {parent}.{key}")
        parameters.append(f"{getter.parameter}: {getter.type}")
        if getter.type == "UUID":
            source.use("uuid", "UUID")
        lines, value = self._converted(source, getter)
        conditions.insert(0, f"{cls}.{column} == {value}")
        query = f"select({cls}).where({', '.join(conditions)})"
        if True in getter.locks:
            parameters.append("*, for_update: bool = False")
            lines.append(f"query = {query}")
            lines.append(f"if for_update:\n    query = query.with_for_update(of={cls})")
            query = "query"
        arguments = f"({getter.parameter})" if getter.passes else ""
        lines += [
            f"{row} = await session.scalar({query})",
            f"if {row} is None:\n    raise errors.{getter.error}{arguments}",
            f"return {row}",
        ]
        doc = f'"""Return {names.article(names.title(entity))} by its {names.title(column)}."""'
        head = f"async def {getter.name}({', '.join(parameters)}) -> {cls}:"
        source.blocks.insert(0, head + "\n" + indent("\n".join([doc, *lines])))

    def _converted(self, source: Source, getter: Getter) -> tuple[list[str], str]:
        if getter.converter is None:
            return [], getter.parameter
        self.backend.helpers.add(getter.converter)
        function = source.use("app.params", getter.converter)
        arguments = f"({getter.parameter})" if getter.passes else ""
        lines = [
            f"key = {function}({getter.parameter})",
            f"if key is None:\n    raise errors.{getter.error}{arguments}",
        ]
        return lines, "key"
