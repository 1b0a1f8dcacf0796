"""ORM models and the migration that creates their tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import column_type, literal
from harness.builders.offline.source import Source, indent
from harness.inference.model import Auth, Column, Entity, Link

SQL_TYPES = {
    "string": "sa.Text()", "integer": "sa.BigInteger()", "number": "sa.Float()",
    "boolean": "sa.Boolean()", "datetime": "sa.DateTime(timezone=True)", "date": "sa.Date()",
    "uuid": "sa.Uuid()", "json": "postgresql.JSONB(astext_type=sa.Text())",
    "strings": "postgresql.ARRAY(sa.Text())",
}  # fmt: skip
MUTABLE = {"list": "list", "dict": "dict"}


@dataclass(slots=True)
class TableColumn:
    """A column of a table as both the model and the migration need it."""

    name: str
    sql_type: str
    nullable: bool
    references: tuple[str, str, str] | None = None
    unique: bool = False
    index: bool = False
    items_index: bool = False
    identity: bool = False


@dataclass(slots=True)
class Table:
    """A table with its keys, in the terms of SQL."""

    name: str
    columns: list[TableColumn]
    key: list[str]


class Tables:
    """Writes the model modules and knows the tables behind them."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.sources: list[Source] = []
        self.tables: list[Table] = []

    def add_all(self) -> None:
        for entity in self.backend.model.entities:
            self._add_entity(entity)
        for link in self.backend.model.links:
            self._add_link(link)
        if self.backend.auth is not None:
            self._add_sessions(self.backend.auth)
        self.tables = list(_parents_first(self.tables))

    # ------------------------------------------------------------------------- entities

    def _add_entity(self, entity: Entity) -> None:
        backend = self.backend
        cls = backend.entity_class(entity.name)
        path = backend.entity_module(entity.name).replace(".", "/") + ".py"
        source = Source(path)
        source.use("app.db", "Base")
        source.use("sqlalchemy.orm", "Mapped")
        source.use("sqlalchemy.orm", "mapped_column")
        lines = [f"__tablename__ = {literal(backend.table(entity.name))}"]
        lines += [*self._items_indexes(source, entity), ""]
        lines += [self._column(source, entity, column) for column in entity.columns]
        relations = [
            self._relation(source, column, name=item.name, target=item.target, loaded=item.loaded,
                           entity=entity)
            for (owner, column), item in sorted(backend.relations.items())
            if owner == entity.name
        ]  # fmt: skip
        if relations:
            lines += ["", *relations]
        source.add(f"class {cls}(Base):\n{indent(chr(10).join(lines))}")
        self.sources.append(source)
        columns = [self._table_column(entity, column) for column in entity.columns]
        key = [backend.key_attribute(entity.name)]
        self.tables.append(Table(backend.table(entity.name), columns, key))

    def _indexed(self, entity: Entity, column: Column) -> bool:
        if column.unique or column.name == entity.pk:
            return False
        if column.references is not None:
            return True
        return any(
            operation.query is not None
            and operation.query.entity == entity.name
            and any(
                order.column == column.name
                or (order.column == "touched" and column.generated is not None
                    and column.generated.by == "touched")
                for order in operation.query.order
            )
            for operation in self.backend.model.operations
        )  # fmt: skip

    def _items_indexed(self, entity: Entity, column: Column) -> bool:
        """Whether a list is filtered by the items of a column."""
        return column.type == "strings" and any(
            item.op == "contains" and item.path == [column.name]
            for operation in self.backend.model.operations
            if operation.query is not None and operation.query.entity == entity.name
            for item in operation.query.filters
        )

    def _items_indexes(self, source: Source, entity: Entity) -> list[str]:
        found = [
            self.backend.attribute(entity.name, column.name)
            for column in entity.columns
            if self._items_indexed(entity, column)
        ]
        if not found:
            return []
        index = source.use("sqlalchemy", "Index")
        table = self.backend.table(entity.name)
        indexes = [
            f'{index}("{table}_{name}_idx", "{name}", postgresql_using="gin")' for name in found
        ]
        return [f"__table_args__ = ({', '.join(indexes)},)"]

    def _table_column(self, entity: Entity, column: Column) -> TableColumn:
        references = None
        if column.references:
            target = self.backend.entity(column.references)
            references = (
                self.backend.table(target.name),
                self.backend.key_attribute(target.name),
                "CASCADE" if column.on_delete == "cascade" else "SET NULL",
            )
        return TableColumn(
            self.backend.attribute(entity.name, column.name),
            self._sql_type(column),
            column.nullable,
            references,
            column.unique and column.name != entity.pk,
            self._indexed(entity, column),
            identity=_is_identity(entity, column),
            items_index=self._items_indexed(entity, column),
        )

    def _sql_type(self, column: Column) -> str:
        if column.type == "string" and column.max_length:
            return f"sa.String(length={column.max_length})"
        return SQL_TYPES[column.type]

    def _column(self, source: Source, entity: Entity, column: Column) -> str:
        name = self.backend.attribute(entity.name, column.name)
        kind = column_type(source, column)
        if column.type == "json":
            kind = "Any"
        arguments = self._column_arguments(source, entity, column)
        if not arguments:
            return f"{name}: Mapped[{kind}]"
        return f"{name}: Mapped[{kind}] = mapped_column({', '.join(arguments)})"

    def _column_arguments(self, source: Source, entity: Entity, column: Column) -> list[str]:
        is_key = column.name == entity.pk
        arguments = []
        if column.type == "string" and column.max_length:
            arguments.append(f"{source.use('sqlalchemy', 'String')}({column.max_length})")
        if column.type == "json":
            arguments.append(source.use("sqlalchemy.dialects.postgresql", "JSONB"))
        if column.references:
            arguments.append(self._foreign_key(source, column))
        if _is_identity(entity, column):
            arguments.append(f"{source.use('sqlalchemy', 'Identity')}()")
        default = self._default(source, column)
        options = {
            "primary_key=True": is_key,
            "autoincrement=False": is_key and column.type == "integer" and not _counted(column),
            "nullable=True": column.type == "json" and column.nullable,
            f"default={default}": bool(default),
            "unique=True": column.unique and not is_key,
            "index=True": self._indexed(entity, column),
        }
        return arguments + [code for code, wanted in options.items() if wanted]

    def _foreign_key(self, source: Source, column: Column) -> str:
        target = column.references or ""
        table, key = self.backend.table(target), self.backend.key_attribute(target)
        action = "CASCADE" if column.on_delete == "cascade" else "SET NULL"
        foreign = source.use("sqlalchemy", "ForeignKey")
        return f"{foreign}({literal(f'{table}.{key}')}, ondelete={literal(action)})"

    def _default(self, source: Source, column: Column) -> str:
        if column.generated is not None:
            return self._generated(source, column)
        if isinstance(column.default, list | dict):
            if not column.default:
                return type(column.default).__name__
            return f"lambda: {literal(column.default)}"
        if column.type == "strings" and not column.nullable:
            return "list"
        return literal(column.default) if column.default is not None else ""

    def _generated(self, source: Source, column: Column) -> str:
        generated = column.generated
        assert generated is not None  # noqa: S101  (asked by the caller)
        match generated.by:
            case "now" | "touched":
                return source.use("app.clock", "utc_now")
            case "uuid":
                uuid4 = source.use("uuid", "uuid4")
                return uuid4 if column.type == "uuid" else f"lambda: str({uuid4}())"
            case "object_id":
                self.backend.helpers.add("object_id")
                return source.use("app.keys", "object_id")
            case "digits":
                self.backend.helpers.add("digits")
                return f"lambda: {source.use('app.keys', 'digits')}({generated.length or 19})"
            case "random":
                self.backend.helpers.add("random_text")
                random_text = source.use("app.keys", "random_text")
                alphabet = f", {literal(generated.alphabet)}" if generated.alphabet else ""
                return f"lambda: {random_text}({generated.length or 10}{alphabet})"
        return ""

    def _relation(
        self, source: Source, column: str, *, name: str, target: str, loaded: bool, entity: Entity
    ) -> str:
        relationship = source.use("sqlalchemy.orm", "relationship")
        cls = self.backend.entity_class(target)
        if target != entity.name:
            source.use(self.backend.entity_module(target), cls)
        found = entity.column(column)
        kind = f"{cls} | None" if found.nullable else cls
        own = self.backend.attribute(entity.name, column)
        options = []
        several = [c for c in entity.columns if c.references == target]
        if len(several) > 1 or target == entity.name:
            options.append(f"foreign_keys=[{own}]")
        if target == entity.name:
            key = self.backend.key_attribute(target)
            options.append(f"remote_side={literal(f'{cls}.{key}')}")
            kind = f'"{cls}"' if not found.nullable else f'"{cls} | None"'
        if loaded:
            lazy = "selectin" if target == entity.name else "joined"
            options.append(f'lazy="{lazy}"')
            if lazy == "joined" and not found.nullable:
                options.append("innerjoin=True")
        else:
            options.append('lazy="raise"')
        return f"{name}: Mapped[{kind}] = {relationship}({', '.join(options)})"

    # ---------------------------------------------------------------------------- links

    def _add_link(self, link: Link) -> None:
        backend = self.backend
        cls = backend.link_class(link.name)
        source = Source(backend.link_module(link.name).replace(".", "/") + ".py")
        source.use("app.db", "Base")
        source.use("sqlalchemy.orm", "Mapped")
        source.use("sqlalchemy.orm", "mapped_column")
        foreign = source.use("sqlalchemy", "ForeignKey")
        table = backend.table(f"link:{link.name}")
        lines = [f"__tablename__ = {literal(table)}", ""]
        columns = []
        ends = zip((link.source, link.target), backend.link_columns(link), strict=True)
        for index, (entity, name) in enumerate(ends):
            key = backend.key(entity)
            target = (backend.table(entity), backend.key_attribute(entity), "CASCADE")
            kind = column_type(source, key.model_copy(update={"nullable": False}))
            index_code = ", index=True" if index else ""
            lines.append(
                f"{name}: Mapped[{kind}] = mapped_column("
                f'{foreign}("{target[0]}.{target[1]}", ondelete="CASCADE"), primary_key=True'
                f"{index_code})"
            )
            columns.append(TableColumn(name, self._sql_type(key), False, target, index=bool(index)))
        source.add(f"class {cls}(Base):\n{indent(chr(10).join(lines))}")
        self.sources.append(source)
        self.tables.append(Table(table, columns, list(backend.link_columns(link))))

    def _add_sessions(self, auth: Auth) -> None:
        """The table of open sessions: hashes of tokens and whose they are."""
        backend = self.backend
        source = Source("app/models/auth_session.py")
        key = backend.key(auth.user)
        nobody = any(
            check.when.kind == "token_of_nobody"
            for operation in backend.model.operations
            for check in operation.checks
        )
        action = "SET NULL" if nobody else "CASCADE"
        kind = column_type(source, key.model_copy(update={"nullable": nobody}))
        table, column = backend.table(auth.user), backend.key_attribute(auth.user)
        for module, name in (("app.db", "Base"), ("app.clock", "utc_now"),
                             ("sqlalchemy", "ForeignKey"), ("sqlalchemy", "String"),
                             ("datetime", "datetime"), ("sqlalchemy.orm", "Mapped"),
                             ("sqlalchemy.orm", "mapped_column")):  # fmt: skip
            source.use(module, name)
        source.add(
            'class AuthSession(Base):\n    __tablename__ = "auth_session"\n\n'
            "    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)\n"
            f"    user_id: Mapped[{kind}] = mapped_column("
            f'ForeignKey("{table}.{column}", ondelete="{action}"), index=True)\n'
            "    created_at: Mapped[datetime] = mapped_column(default=utc_now)"
        )
        owner = (table, column, action)
        self.sources.append(source)
        self.tables.append(Table("auth_session", [
            TableColumn("token_hash", "sa.String(length=64)", False),
            TableColumn("user_id", self._sql_type(key), nobody, owner, index=True),
            TableColumn("created_at", "sa.DateTime(timezone=True)", False),
        ], ["token_hash"]))  # fmt: skip


def _counted(column: Column) -> bool:
    generated = column.generated is not None and column.generated.by == "sequence"
    return generated and column.references is None


def _is_identity(entity: Entity, column: Column) -> bool:
    return column.type == "integer" and _counted(column) and column.name != entity.pk


def _parents_first(tables: list[Table]) -> Iterator[Table]:
    """Yield tables in the order in which they can be created."""
    done: set[str] = set()
    waiting = list(tables)
    while waiting:
        ready = [
            table
            for table in waiting
            if all(
                c.references is None or c.references[0] in done or c.references[0] == table.name
                for c in table.columns
            )
        ] or waiting[:1]
        for table in ready:
            done.add(table.name)
            waiting.remove(table)
            yield table


def migration_code(tables: list[Table]) -> str:
    """Return the bodies of upgrade and downgrade."""
    up: list[str] = []
    down: list[str] = []
    for table in tables:
        rows = [_column_code(column) for column in table.columns]
        rows += [_foreign_key_code(table, column) for column in table.columns if column.references]
        keys = ", ".join(literal(name) for name in table.key)
        rows.append(f'sa.PrimaryKeyConstraint({keys}, name=op.f("{table.name}_pkey"))')
        rows += [
            f'sa.UniqueConstraint("{c.name}", name=op.f("{table.name}_{c.name}_key"))'
            for c in table.columns
            if c.unique
        ]
        up.append(f"op.create_table(\n    {literal(table.name)},\n    {', '.join(rows)},\n)")
        for column in table.columns:
            if column.index or column.items_index:
                index = f'op.f("{table.name}_{column.name}_idx")'
                using = ', postgresql_using="gin"' if column.items_index else ""
                up.append(f'op.create_index({index}, "{table.name}", ["{column.name}"]{using})')
                down.insert(0, f'op.drop_index({index}, table_name="{table.name}")')
        position = sum(1 for c in table.columns if c.index or c.items_index)
        down.insert(position, f'op.drop_table("{table.name}")')
    return (
        "def upgrade() -> None:\n" + indent("\n".join(up or ["pass"]))
        + "\n\n\ndef downgrade() -> None:\n" + indent("\n".join(down or ["pass"]))
    )  # fmt: skip


def _column_code(column: TableColumn) -> str:
    identity = "sa.Identity(), " if column.identity else ""
    return f'sa.Column("{column.name}", {column.sql_type}, {identity}nullable={column.nullable})'


def _foreign_key_code(table: Table, column: TableColumn) -> str:
    assert column.references is not None  # noqa: S101  (asked by the caller)
    target, key, action = column.references
    return (
        f'sa.ForeignKeyConstraint(["{column.name}"], ["{target}.{key}"], '
        f'name=op.f("{table.name}_{column.name}_fkey"), ondelete="{action}")'
    )
