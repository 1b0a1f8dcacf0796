"""Lists: the query of an operation with its scope, filters, order and page."""

from typing import TYPE_CHECKING, Any

from harness.builders.offline.backend import CONVERTERS, walk
from harness.builders.offline.conditions import on_path, query_condition
from harness.builders.offline.expressions import literal
from harness.inference.model import Column, Filter, Order, SortParam

if TYPE_CHECKING:
    from harness.builders.offline.services import ServiceWriter

OPERATORS = {"eq": "==", "ne": "!=", "gte": ">=", "lte": "<="}


class QueryWriter:
    """Writes the statements of a list into a service function."""

    def __init__(self, writer: "ServiceWriter") -> None:
        self.writer = writer
        query = writer.operation.query
        assert query is not None  # noqa: S101  (asked by the caller)
        self.model = query
        self.backend, self.source, self.lines = writer.backend, writer.source, writer.lines
        self.entity = query.entity
        self.cls = self.backend.use_entity(self.source, self.entity)
        facts = {node.fact for node in walk(writer.operation.response) if is_page_fact(node)}
        self.total = bool(facts & {"total", "pages", "has_more", "links", "next_cursor"})

    def write(self) -> None:
        self.source.use("sqlalchemy", "select")
        self.lines.append(f"query = select({self.cls}){self._scope()}")
        for item in self.model.filters:
            self._filter(item)
        order = self._order()
        paging = ".limit(page.limit).offset(page.offset)" if self.model.paging else ""
        self.source.use("collections.abc", "Sequence")
        self.writer.return_types = [f"Sequence[{self.cls}]"]
        if self.total:
            count = self.source.use("app.db", "count")
            self.backend.helpers.add("count")
            self.lines.append(f"total = await {count}(session, query)")
            self.writer.return_types.append("int")
        self.lines.append(f"rows = await session.scalars(query{order}{paging})")
        self.lines.append("return rows.all()" + (", total" if self.total else ""))

    def fetch(self) -> None:
        """Read the rows that are about to be deleted, for the answer."""
        self.source.use("sqlalchemy", "select")
        self.source.use("collections.abc", "Sequence")
        self.writer.return_types = [f"Sequence[{self.cls}]"]
        query = f"select({self.cls}){self._scope()}{self._order()}"
        self.lines.append(f"rows = (await session.scalars({query})).all()")

    def delete(self) -> None:
        delete = self.source.use("sqlalchemy", "delete")
        self.lines.append(f"await session.execute({delete}({self.cls}){self._scope()})")

    def _scope(self) -> str:
        conditions = [
            query_condition(self.writer.scope, self.entity, predicate)
            for predicate in self.model.scope
        ]
        return f".where({', '.join(conditions)})" if conditions else ""

    # ------------------------------------------------------------------------- filters

    def _filter(self, item: Filter) -> None:
        variable, kind = self.writer.plan.values[item.param]
        test = variable if item.ignore_empty and kind == "str | None" else f"{variable} is not None"
        self.lines_before: list[str] = []
        condition = self._condition(item, variable, kind)
        before = "".join(f"    {line}\n" for line in self.lines_before)
        self.lines.append(f"if {test}:\n{before}    query = query.where({condition})")

    def _condition(self, item: Filter, variable: str, kind: str) -> str:
        scope = self.writer.scope
        if item.op == "linked":
            return self._linked(item, variable)
        if item.op == "search":
            or_ = self.source.use("sqlalchemy", "or_")
            tests = [
                on_path(
                    scope,
                    self.entity,
                    path,
                    lambda c: f"{c}.icontains({variable}, autoescape=True)",
                )
                for path in item.paths or [item.path]
            ]
            return f"{or_}({', '.join(tests)})" if len(tests) > 1 else tests[0]
        if item.op == "like":
            return on_path(
                scope, self.entity, item.path,
                lambda c: f"{c}.icontains({variable}, autoescape=True)",
            )  # fmt: skip
        if item.op == "contains":
            return on_path(scope, self.entity, item.path, lambda c: f"{c}.contains([{variable}])")
        column = self._column(item.path)
        if kind.split(" ")[0] == "str" and column.type in CONVERTERS:
            return self._converted(item, CONVERTERS[column.type], variable)
        return on_path(
            scope, self.entity, item.path, lambda c: f"{c} {OPERATORS[item.op]} {variable}"
        )

    def _converted(self, item: Filter, helper: str, variable: str) -> str:
        """Compare with what the text spells; nothing is equal to what spells no value."""
        self.backend.helpers.add(helper)
        value = f"{variable}_value"
        self.lines_before.append(f"{value} = {self.source.use('app.params', helper)}({variable})")
        condition = on_path(
            self.writer.scope, self.entity, item.path, lambda c: f"{c} {OPERATORS[item.op]} {value}"
        )
        return f"{condition} if {value} is not None else {self.source.use('sqlalchemy', 'false')}()"

    def _column(self, path: list[str]) -> Column:
        entity = self.entity
        for step in path[:-1]:
            entity = self.backend.entity(entity).column(step).references or entity
        return self.backend.entity(entity).column(path[-1])

    def _linked(self, item: Filter, variable: str) -> str:
        backend = self.backend
        link = backend.model.link(item.link or "")
        cls = backend.use_link(self.source, link.name)
        user = backend.use_entity(self.source, link.source)
        owner, target = backend.link_columns(link)
        column = backend.attribute(link.source, item.path[-1])
        source_key = backend.key_attribute(link.source)
        key = backend.key_attribute(link.target)
        self.source.use("sqlalchemy", "select")
        keys = (
            f"select({cls}.{target}).join({user}, {user}.{source_key} == {cls}.{owner})"
            f".where({user}.{column} == {variable})"
        )
        return f"{self.cls}.{key}.in_({keys})"

    # --------------------------------------------------------------------------- order

    def _order(self) -> str:
        terms = [self._term(order) for order in self.model.order]
        key = self.backend.entity(self.entity).pk
        if all(order.column != key for order in self.model.order):
            down = bool(self.model.order) and self.model.order[-1].descending
            terms.append(self._term(Order(column=key, descending=down)))
        if self.model.sort is not None:
            return self._sorted(terms)
        return f".order_by({', '.join(terms)})"

    def _term(self, order: Order) -> str:
        name = order.column
        if name == "touched":
            entity = self.backend.entity(self.entity)
            name = next(
                (c.name for c in entity.columns if c.generated and c.generated.by == "touched"),
                entity.pk,
            )
        column = f"{self.cls}.{self.backend.attribute(self.entity, name)}"
        return f"{column}.desc()" if order.descending else column

    def _sorted(self, terms: list[str]) -> str:
        sort = self.model.sort
        assert sort is not None  # noqa: S101  (asked by the caller)
        name = f"{self.backend.table(self.entity).upper()}_SORT_KEYS"
        pairs = ", ".join(
            f"{literal(key)}: {self.cls}.{self.backend.attribute(self.entity, column)}"
            for key, column in sort.keys.items()
        )
        block = f"{name}: dict[str, InstrumentedAttribute[Any]] = {{{pairs}}}"
        self.source.use("sqlalchemy.orm", "InstrumentedAttribute")
        self.source.use("typing", "Any")
        if block not in self.source.blocks:
            self.source.blocks.insert(0, block)
        variable = self.writer.plan.values[sort.param][0]
        self.lines.append(f"order: list[Any] = [{', '.join(terms)}]")
        if sort.several:
            self.lines.append(self._several(sort, variable, name))
            return ".order_by(*order)"
        down = f'{variable}.startswith("-")'
        if sort.direction_param:
            direction = self.writer.plan.values[sort.direction_param][0]
            down = f'({direction} or "").lower() == "desc"'
        self.lines.append(
            f'chosen = {name}.get({variable}.removeprefix("-")) if {variable} else None\n'
            f"if {variable} and chosen is not None:\n"
            f"    order.insert(0, chosen.desc() if {down} else chosen)"
        )
        return ".order_by(*order)"

    def _several(self, sort: SortParam, variable: str, keys: str) -> str:
        """Order by columns that are separated by commas, and so are their directions."""
        split = f"{variable}.split(',') if {variable} else []"
        if sort.direction_param is None:
            return (
                f"order[:0] = [\n"
                f"    {keys}[key].desc() if name != key else {keys}[key]\n"
                f"    for name in ({split})\n"
                f'    if (key := name.removeprefix("-")) in {keys}\n]'
            )
        direction = self.writer.plan.values[sort.direction_param][0]
        zip_longest = self.source.use("itertools", "zip_longest")
        return (
            f"names = {split}\n"
            f'ways = ({direction} or "").lower().split(",")[: len(names)]\n'
            f"order[:0] = [\n"
            f'    {keys}[name].desc() if way == "desc" else {keys}[name]\n'
            f"    for name, way in {zip_longest}(names, ways)\n"
            f"    if name in {keys}\n]"
        )


def is_page_fact(node: Any) -> bool:
    """Say whether a node is a fact about the page."""
    return getattr(node, "kind", None) == "page_info"
