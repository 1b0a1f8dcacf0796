"""Presenters: functions that turn rows into response models, whole pages at a time."""

from dataclasses import dataclass, field
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, walk
from harness.builders.offline.expressions import (
    Row,
    Scope,
    compile_expression,
    row_code,
)
from harness.builders.offline.schemas import Schemas
from harness.builders.offline.source import Source, indent
from harness.inference.model import ColumnValue, Render, View

BATCHED = ("linked", "link_count", "child_count", "children", "token")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the presenter of a view takes besides rows."""

    session: bool
    viewer: bool
    origin: bool

    @property
    def parameters(self) -> list[str]:
        wanted = [("session", self.session), ("viewer", self.viewer), ("origin", self.origin)]
        return [name for name, needed in wanted if needed]


@dataclass
class Presenters:
    """One function a view: plain ones take a row, the others a session and many rows."""

    backend: Backend
    schemas: Schemas
    sources: dict[str, Source] = field(default_factory=dict)
    singles: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    _needs: dict[str, Needs] = field(default_factory=dict)

    def needs(self, name: str) -> Needs:
        if name not in self._needs:
            self._needs[name] = Needs(session=False, viewer=False, origin=False)
            view = self.backend.model.view(name)
            values = [item.value for item in view.fields]
            found = [node for node in walk(values) if hasattr(node, "kind")]
            nested = [
                self.needs(node.view) for node in found if node.kind in ("render", "children")
            ]
            own_me = any(node.kind == "linked" or getattr(node, "row", "") == "me"
                         for node in found)  # fmt: skip
            self._needs[name] = Needs(
                session=any(node.kind in BATCHED for node in found)
                or any(need.session for need in nested),
                viewer=own_me or any(need.viewer for need in nested),
                origin=any(node.kind == "template" and "{origin}" in node.text for node in found)
                or any(need.origin for need in nested),
            )
        return self._needs[name]

    def module(self, view: View) -> str:
        return f"app.presenters.{names.variable(view.entity)}"

    def single(self, source: Source, name: str) -> str:
        """Import the function that presents one row, and return its name."""
        view = self.backend.model.view(name)
        self.singles.add(name)
        return source.use(self.module(view), f"present_{names.snake(name)}")

    def many(self, source: Source, name: str) -> str:
        """Import the function that presents many rows, and return its name."""
        view = self.backend.model.view(name)
        self.pages.add(name)
        return source.use(self.module(view), f"present_{_plural(name)}")

    def call_single(self, scope: Scope, name: str, row: str, *, optional: bool) -> str:
        """Return the code that presents one row."""
        needs = self.needs(name)
        function = self.single(scope.source, name)
        code = f"{function}({', '.join([*self.arguments(scope, needs), row])})"
        code = f"await {code}" if needs.session else code
        return f"{code} if {row} else None" if optional else code

    def call_many(self, scope: Scope, name: str, rows: str) -> str:
        """Return the code that presents many rows."""
        needs = self.needs(name)
        if needs.session:
            function = self.many(scope.source, name)
            return f"await {function}({', '.join([*self.arguments(scope, needs), rows])})"
        function = self.single(scope.source, name)
        arguments = ", ".join([*self.arguments(scope, needs), "row"])
        return f"[{function}({arguments}) for row in {rows}]"

    def arguments(self, scope: Scope, needs: Needs) -> list[str]:
        viewer = scope.rows["me"].variable if "me" in scope.rows else "None"
        known = {"session": "session", "viewer": viewer, "origin": "origin"}
        return [known[name] for name in needs.parameters]

    def emit(self) -> None:
        """Write the presenters of all used views; nested ones note what they call."""
        order = list(self.backend.used_views)
        bodies = {}
        for view in order:
            path = f"{self.module(view).replace('.', '/')}.py"
            if path not in self.sources:
                what = names.title(view.entity)
                self.sources[path] = Source(path, f"How {what} rows are shown.")
            bodies[view.name] = _Writer(self, view, self.sources[path]).functions()
        for view in order:
            source = self.sources[f"{self.module(view).replace('.', '/')}.py"]
            many, single = bodies[view.name]
            if not self.needs(view.name).session:
                source.add(many)
                continue
            source.add(many)
            if view.name in self.singles:
                source.add(single)


class _Writer:
    """Writes the functions of one view."""

    def __init__(self, presenters: Presenters, view: View, source: Source) -> None:
        self.presenters, self.view, self.source = presenters, view, source
        self.backend = presenters.backend
        self.needs = presenters.needs(view.name)
        self.row = names.variable(view.entity)
        self.rows = self.backend.plural(view.entity)
        self.before: list[str] = []
        self.zipped: list[tuple[str, str]] = []
        self.taken = {self.row, self.rows, "session", "viewer", "origin", "keys"}
        cls = source.use(self.backend.entity_module(view.entity), self.entity_class)
        self.scope = Scope(self.backend, source, {"row": Row(self.row, view.entity)})
        self.row_type = cls
        if self.backend.auth is not None:
            self.scope.rows["me"] = Row("viewer", self.backend.user, optional=True)
        self.scope.special = self._special

    @property
    def entity_class(self) -> str:
        return self.backend.entity_class(self.view.entity)

    def functions(self) -> tuple[str, str]:
        model = self.presenters.schemas.view(self.source, self.view.name)
        attributes = self.presenters.schemas.attributes(self.view)
        with self.presenters.schemas.within(self.backend.plural(self.view.entity)):
            lines = [
                f"{attributes[item.key]}={compile_expression(self.scope, item.value)},"
                for item in self.view.fields
            ]
        built = f"{model}(\n{indent(chr(10).join(lines))}\n)"
        if not self.needs.session:
            name = f"present_{names.snake(self.view.name)}"
            head = f"def {name}({self._parameters(f'{self.row}: {self.row_type}')}) -> {model}:"
            return f"{head}\n    return {built}", ""
        return self._many(model, built), self._single(model)

    def _parameters(self, last: str) -> str:
        typed = []
        for name in self.needs.parameters:
            if name == "session":
                self.source.use("sqlalchemy.ext.asyncio", "AsyncSession")
                typed.append("session: AsyncSession")
            elif name == "viewer":
                module = self.backend.entity_module(self.backend.user)
                cls = self.source.use(module, self.backend.entity_class(self.backend.user))
                typed.append(f"viewer: {cls} | None")
            else:
                typed.append("origin: str")
        return ", ".join([*typed, last])

    def _many(self, model: str, built: str) -> str:
        self.source.use("collections.abc", "Sequence")
        name = f"present_{_plural(self.view.name)}"
        head = (
            f"async def {name}({self._parameters(f'{self.rows}: Sequence[{self.row_type}]')})"
            f" -> list[{model}]:"
        )
        loop = f"for {self.row} in {self.rows}"
        if self.zipped:
            variables = ", ".join([self.row, *(one for one, _ in self.zipped)])
            lists = ", ".join([self.rows, *(many for _, many in self.zipped)])
            loop = f"for {variables} in zip({lists}, strict=True)"
        body = "\n".join([*self.before, f"return [\n{indent(built)}\n{indent(loop)}\n]"])
        return f"{head}\n{indent(body)}"

    def _single(self, model: str) -> str:
        name = f"present_{names.snake(self.view.name)}"
        many = f"present_{_plural(self.view.name)}"
        head = f"async def {name}({self._parameters(f'{self.row}: {self.row_type}')}) -> {model}:"
        arguments = ", ".join([*self.needs.parameters, f"[{self.row}]"])
        return f"{head}\n    [response] = await {many}({arguments})\n    return response"

    # ------------------------------------------------------------------- what needs queries

    def _special(self, node: Any) -> str | None:
        kind = getattr(node, "kind", None)
        if kind in ("object", "const"):
            return self.presenters.schemas.object_code(self.scope, node)
        if kind == "render":
            return self._render(node)
        if kind == "linked":
            return self._linked(node)
        if kind in ("link_count", "child_count"):
            return self._count(node)
        if kind == "children":
            return self._children(node)
        if kind == "token":
            opener = self.source.use("app.security", "open_session")
            self.backend.helpers.add("open_session")
            row = self.scope.rows[node.row].variable
            return f"await {opener}(session, {row})"
        return None

    def _new(self, wanted: str) -> str:
        return names.unique(names.variable(wanted), self.taken)

    def _keys(self) -> str:
        line = f"keys = [{self.row}.{self._key} for {self.row} in {self.rows}]"
        if line not in self.before:
            self.before.insert(0, line)
        return "keys"

    @property
    def _key(self) -> str:
        return self.backend.key_attribute(self.view.entity)

    def _render(self, node: Render) -> str:
        code, entity, optional = row_code(self.scope, self.scope.rows[node.row], node.path)
        presenters = self.presenters
        if not presenters.needs(node.view).session:
            return presenters.call_single(self.scope, node.view, code, optional=optional)
        if node.row == "me":
            return presenters.call_single(self.scope, node.view, code, optional=optional)
        base = code.rsplit(".", 1)[-1] if node.path else names.variable(node.view)
        if optional:
            return self._render_optional(node, code, entity, base)
        one = self._new(base)
        many = self._new(names.snake(self.backend.plural(entity)) if base == entity else f"{base}s")
        self.before.append(
            f"{many} = "
            + presenters.call_many(self.scope, node.view, f"[{code} for {self.row} in {self.rows}]")
        )
        self.zipped.append((one, many))
        return one

    def _render_optional(self, node: Render, code: str, entity: str, base: str) -> str:
        key = self.backend.key_attribute(entity)
        rows, shown = self._new(f"{base}_rows"), self._new(f"{base}_by_key")
        self.before.append(f"{rows} = [{code} for {self.row} in {self.rows} if {code}]")
        call = self.presenters.call_many(self.scope, node.view, rows)
        keys = f"[row.{key} for row in {rows}]"
        self.before.append(f"{shown} = dict(zip({keys}, {call}, strict=True))")
        return f"{shown}[{code}.{key}] if {code} else None"

    def _linked(self, node: Any) -> str:
        link = self.backend.model.link(node.link)
        cls = self.backend.use_link(self.source, link.name)
        owner, target = self.backend.link_columns(link)
        helper = self.source.use("app.presenters.batches", "linked_keys")
        self.backend.helpers.add("linked_keys")
        path = node.path or [self.backend.entity(self.view.entity).pk]
        column = compile_expression(self.scope, ColumnValue(row=node.row, path=path))
        keys = f"[{column} for {self.row} in {self.rows}]" if node.path else self._keys()
        name = self._new(f"{names.snake(link.name)}_keys")
        viewer = f"viewer.{self.backend.key_attribute(self.backend.user)} if viewer else None"
        self.before.append(
            f"{name} = await {helper}(session, {cls}.{owner}, {cls}.{target}, {viewer}, {keys})"
        )
        return f"{column} in {name}"

    def _count(self, node: Any) -> str:
        if node.kind == "link_count":
            link = self.backend.model.link(node.link)
            module, cls = self.backend.link_module(link.name), self.backend.link_class(link.name)
            column, name = self.backend.link_columns(link)[1], f"{names.snake(link.name)}_counts"
        else:
            module = self.backend.entity_module(node.entity)
            cls = self.backend.entity_class(node.entity)
            column = self.backend.attribute(node.entity, node.column)
            name = f"{names.snake(node.entity)}_counts"
        self.source.use(module, cls)
        helper = self.source.use("app.presenters.batches", "count_by")
        self.backend.helpers.add("count_by")
        variable = self._new(name)
        self.before.append(f"{variable} = await {helper}(session, {cls}.{column}, {self._keys()})")
        return f"{variable}.get({self.row}.{self._key}, 0)"

    def _children(self, node: Any) -> str:
        backend = self.backend
        cls = backend.use_entity(self.source, node.entity)
        column = backend.attribute(node.entity, node.column)
        self.source.use("sqlalchemy", "select")
        self.source.use("collections", "defaultdict")
        child = names.variable(node.entity)
        rows = self._new(f"{child}_rows")
        grouped = self._new(f"{backend.plural(node.entity)}_by_{self.row}")
        model = self.presenters.schemas.view(self.source, node.view)
        order = ", ".join(f"{cls}.{name}" for name in oldest_first(backend, node.entity))
        keys = self._keys()
        self.before += [
            f"{rows} = (await session.scalars(select({cls}).where({cls}.{column}.in_({keys}))"
            f".order_by({order}))).all()",
            f"{grouped}: defaultdict[Any, list[{model}]] = defaultdict(list)",
        ]
        self.source.use("typing", "Any")
        call = self.presenters.call_many(self.scope, node.view, rows)
        self.before.append(
            f"for {child}_row, response in zip({rows}, {call}, strict=True):\n"
            f"    {grouped}[{child}_row.{column}].append(response)"
        )
        return f"{grouped}[{self.row}.{self._key}]"


def _plural(view: str) -> str:
    name = names.snake(view)
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def oldest_first(backend: Backend, entity: str) -> list[str]:
    """Return the attributes that order an entity's rows by age."""
    found = backend.entity(entity)
    times = [
        column.name
        for column in found.columns
        if column.generated is not None and column.generated.by == "now"
    ]
    key = backend.key(entity)
    ascending = key.generated is not None and key.generated.by == "sequence"
    chosen = [found.pk] if ascending else [*times[:1], found.pk]
    return [backend.attribute(entity, name) for name in chosen]
