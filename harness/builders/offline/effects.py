"""Effects of an operation: what its service writes to the database."""

from typing import TYPE_CHECKING, Any

from harness.builders.offline.expressions import Row, compile_expression, literal
from harness.builders.offline.requests import RequestField
from harness.inference.model import (
    Column,
    ColumnValue,
    Delete,
    EndSession,
    InputValue,
    Insert,
    SetLink,
    Update,
)

if TYPE_CHECKING:
    from harness.builders.offline.services import ServiceWriter


class EffectWriter:
    """Writes the statements of effects into a service function."""

    def __init__(self, writer: "ServiceWriter") -> None:
        self.writer = writer
        self.backend, self.source = writer.backend, writer.source
        self.lines, self.scope = writer.lines, writer.scope

    def write(self, effect: Any) -> None:
        match effect:
            case Insert():
                self._insert(effect)
            case Update():
                self._update(effect)
            case Delete(row=row):
                self.lines.append(f"await session.delete({self._row(row).variable})")
            case SetLink():
                self._set_link(effect)
            case EndSession():
                close = self.source.use("app.security", "close_session")
                self.backend.helpers.add("close_session")
                self.lines.append(f"await {close}(session, token)")

    def _row(self, name: str) -> Row:
        self.writer.ensure(name)
        return self.writer.plan.rows[name]

    def _class(self, entity: str) -> str:
        return self.backend.use_entity(self.source, entity)

    # ------------------------------------------------------------------------- insert

    def _insert(self, effect: Insert) -> None:
        entity = self.backend.entity(effect.entity)
        row = self.writer.plan.rows["created"]
        values = [
            self._assignment(effect.entity, entity.column(name), value)
            for name, value in effect.values.items()
        ]
        values += self._stamps(effect, [c.name for c in entity.columns])
        for column in entity.columns:
            generated = column.generated
            if column.name not in effect.values and generated and generated.by == "slug":
                text = compile_expression(self.scope, effect.values[generated.of or ""])
                values.append(self._slug(effect.entity, column, text))
        self.lines.append(f"{row.variable} = {self._class(effect.entity)}({', '.join(values)})")
        self.lines.append(f"session.add({row.variable})")
        self.lines.append("await session.flush()")
        self.writer.found["created"] = None
        self._refresh(effect, row)
        for column in (entity.column(name) for name in effect.values):
            if column.vocabulary:
                items = f"{row.variable}.{self._name(effect.entity, column.name)}"
                self._remember(column.vocabulary, items)

    def _name(self, entity: str, column: str) -> str:
        return self.backend.attribute(entity, column)

    def _assignment(self, entity: str, column: Column, value: Any) -> str:
        relation = self._related(entity, column, value)
        if relation is not None:
            return relation
        code = self._value(entity, column, value)
        return f"{self._name(entity, column.name)}={code}"

    def _related(self, entity: str, column: Column, value: Any) -> str | None:
        """Assign a row, not its key, where the relationship is loaded by other code anyway."""
        known = self.backend.relations.get((entity, column.name))
        if known is None or not known.loaded or not isinstance(value, ColumnValue):
            return None
        row = self._row(value.row)
        if value.path != [self.backend.entity(row.entity).pk] or row.entity != known.target:
            return None
        return f"{known.name}={row.variable}"

    def _value(self, entity: str, column: Column, value: Any) -> str:
        code = compile_expression(self.scope, value)
        if isinstance(value, ColumnValue) and value.row in self.writer.plan.rows:
            self._row(value.row)
        if self.backend.is_password(entity, column.name):
            self.backend.helpers.add("hash_password")
            hashed = f"await {self.source.use('app.security', 'hash_password')}({code})"
            if self._takes_null(value):
                return f"{hashed} if {code} is not None else None"
            return hashed
        if isinstance(value, InputValue):
            code = self._or_default(column, value, code)
        if column.type == "strings" and column.items != "given":
            code = f"sorted(set({code}))" if column.items == "unique_sorted" else f"sorted({code})"
        return code

    def _takes_null(self, value: Any) -> bool:
        found = self._field(value) if isinstance(value, InputValue) else None
        return found is not None and ("None" in found.type or found.type == "Any")

    def _field(self, value: InputValue) -> RequestField | None:
        fields = self.writer.services.requests.fields.get(self.writer.operation.id, {})
        return fields.get(value.name)

    def _or_default(self, column: Column, value: InputValue, code: str) -> str:
        found = self._field(value)
        if found is None or not self._takes_null(value) or column.nullable:
            return code
        if column.default is not None:
            return f"{code} if {code} is not None else {literal(column.default)}"
        if column.generated is not None and column.generated.by == "slug":
            return code
        fallback = {"Text": '""', "list[Text]": "[]", "int": "0", "bool": "False"}
        kind = found.type.removesuffix(" | None")
        if kind in fallback and column.generated is None:
            return f"{code} or {fallback[kind]}"
        return code

    def _stamps(self, effect: Insert, columns: list[str]) -> list[str]:
        """One time for all times of a new row, so that they are equal."""
        entity = self.backend.entity(effect.entity)
        stamps = [
            name
            for name in columns
            if name not in effect.values
            and (generated := entity.column(name).generated) is not None
            and generated.by in ("now", "touched")
        ]
        if len(stamps) < 2:  # noqa: PLR2004
            return []
        self.lines.append(f"now = {self.source.use('app.clock', 'utc_now')}()")
        return [f"{self._name(effect.entity, name)}=now" for name in stamps]

    def _slug(self, entity: str, column: Column, text: str) -> str:
        helper = self.source.use("app.slugs", "unique_slug")
        self.backend.helpers.add("unique_slug")
        name = self._name(entity, column.name)
        return f"{name}=await {helper}(session, {self._class(entity)}.{name}, {text})"

    def _refresh(self, effect: Insert, row: Row) -> None:
        """Load relationships whose keys were set by value."""
        missing = [
            relation.name
            for (entity, column), relation in sorted(self.backend.relations.items())
            if entity == effect.entity
            and relation.loaded
            and self._related(
                entity, self.backend.entity(entity).column(column), effect.values.get(column)
            )
            is None
        ]
        if missing:
            self.lines.append(f"await session.refresh({row.variable}, {literal(missing)})")

    def _remember(self, vocabulary: str, items: str) -> None:
        entity = self.backend.entity(vocabulary)
        column = next(c.name for c in entity.columns if c.name != entity.pk)
        cls = self._class(vocabulary)
        helper = self.source.use("app.services.vocabulary", "remember")
        self.backend.helpers.add("vocabulary")
        name = self._name(vocabulary, column)
        self.lines.append(f"await {helper}(session, {cls}.{name}, {items})")

    # ------------------------------------------------------------------------- update

    def _update(self, effect: Update) -> None:
        row = self._row(effect.row)
        entity = self.backend.entity(row.entity)
        for name, source in effect.inputs.items():
            self._set_input(effect, row, entity.column(name), source)
        for name, value in effect.values.items():
            code = self._value(row.entity, entity.column(name), value)
            self.lines.append(f"{row.variable}.{self._name(row.entity, name)} = {code}")
        for column in entity.columns:
            generated = column.generated
            touched = generated is not None and generated.by in ("touched", "changed")
            if touched and column.name not in effect.values:
                now = self.source.use("app.clock", "utc_now")
                name = self._name(row.entity, column.name)
                self.lines.append(f"{row.variable}.{name} = {now}()")
        self.lines.append("await session.flush()")
        changed = {*effect.inputs, *effect.values}
        stale = [
            relation.name
            for (owner, column_name), relation in sorted(self.backend.relations.items())
            if owner == row.entity and relation.loaded and column_name in changed
        ]
        if stale:
            self.lines.append(f"await session.refresh({row.variable}, {literal(stale)})")

    def _set_input(self, effect: Update, row: Row, column: Column, source: str) -> None:
        fields = self.writer.services.requests.fields[self.writer.operation.id]
        found = fields[source]
        value = self._value(row.entity, column, InputValue(name=source))
        name = self._name(row.entity, column.name)
        statements = [f"{row.variable}.{name} = {value}"]
        statements = self._slug_follows(row, column, f"data.{found.attribute}", statements)
        if column.vocabulary:
            before = len(self.lines)
            self._remember(column.vocabulary, f"{row.variable}.{name}")
            statements += [self.lines.pop() for _ in range(len(self.lines) - before)]
        if effect.replace or not found.optional:
            self.lines += statements
            return
        body = "\n".join(statements).replace("\n", "\n    ")
        self.lines.append(f'if "{found.attribute}" in data.model_fields_set:\n    {body}')

    def _slug_follows(self, row: Row, column: Column, text: str, then: list[str]) -> list[str]:
        entity = self.backend.entity(row.entity)
        for slug in entity.columns:
            generated = slug.generated
            if generated and generated.by == "slug" and generated.follows \
                    and generated.of == column.name:  # fmt: skip
                code = self._slug(row.entity, slug, text).replace("=", " = ", 1)
                of = self._name(row.entity, column.name)
                left, right = text, f"{row.variable}.{of}"
                if not column.nullable:
                    slugify = self.source.use("app.slugs", "slugify")
                    left, right = f"{slugify}({left})", f"{slugify}({right})"
                return [f"if {left} != {right}:\n    {row.variable}.{code}", *then]
        return then

    # -------------------------------------------------------------------------- links

    def _set_link(self, effect: SetLink) -> None:
        link = self.backend.model.link(effect.link)
        cls = self.backend.use_link(self.source, link.name)
        owner, target = self.backend.link_columns(link)
        me, row = self.writer.plan.rows["me"], self._row(effect.row)
        mine = f"{me.variable}.{self.backend.key_attribute(me.entity)}"
        other = f"{row.variable}.{self.backend.key_attribute(row.entity)}"
        if effect.on:
            insert = self.source.use("sqlalchemy.dialects.postgresql", "insert")
            statement = (
                f"{insert}({cls}).values({owner}={mine}, {target}={other}).on_conflict_do_nothing()"
            )
        else:
            delete = self.source.use("sqlalchemy", "delete")
            statement = f"{delete}({cls}).where({cls}.{owner} == {mine}, {cls}.{target} == {other})"
        self.lines.append(f"await session.execute({statement})")
