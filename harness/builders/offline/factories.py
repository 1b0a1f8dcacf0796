"""The factories of a backend's tests: functions that put rows into the database."""

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.builders.offline.source import Source, indent
from harness.inference.model import Column, Entity

VALUES = {
    "integer": "number", "number": "1.5", "boolean": "False", "datetime": "utc_now()",
    "date": "date(2030, 1, 2)", "uuid": "uuid4()", "json": "{}", "strings": "[]",
}  # fmt: skip
IMPORTS = {"datetime": ("app.clock", "utc_now"), "date": ("datetime", "date"),
           "uuid": ("uuid", "uuid4")}  # fmt: skip


def factories_source(backend: Backend, used: set[str], *, signs_in: bool) -> Source:
    """Return the module with the factories that tests use, and those that these use."""
    source = Source("tests/factories.py", "Rows for tests: every factory makes a valid one.")
    wanted = _closure(backend, used)
    source.use("itertools", "count")
    source.use("sqlalchemy.ext.asyncio", "AsyncSession")
    if wanted:
        source.use("typing", "Any")
        source.add("_numbers = count(1)")
    for entity in backend.model.entities:
        if entity.name in wanted:
            source.add(_factory(backend, source, entity))
    if signs_in and backend.auth is not None:
        source.add(_sign_in(backend, source))
    return source


def _closure(backend: Backend, used: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(used)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [
            c.references for c in backend.entity(name).columns if c.references and not c.nullable
        ]
    return found


def _factory(backend: Backend, source: Source, entity: Entity) -> str:
    cls = backend.use_entity(source, entity.name)
    row = names.variable(entity.name)
    lines = []
    defaults = []
    for column in entity.columns:
        attribute = backend.attribute(entity.name, column.name)
        if column.references and not column.nullable:
            key = backend.key_attribute(column.references)
            factory = f"make_{names.snake(column.references)}"
            lines.append(
                f'if "{attribute}" not in values:\n'
                f'    values["{attribute}"] = (await {factory}(session)).{key}'
            )
            continue
        value = _value(backend, source, entity, column)
        if value:
            defaults.append(f'"{attribute}": {value}')
    if any("number" in item for item in defaults):
        lines.insert(0, "number = next(_numbers)")
    defaults_code = f"{{{', '.join([*defaults, '**values'])}}}"
    lines += [
        f"{row} = {cls}(**{defaults_code})" if defaults else f"{row} = {cls}(**values)",
        f"session.add({row})",
        "await session.commit()",
        f"return {row}",
    ]
    head = (
        f"async def make_{names.snake(entity.name)}(session: AsyncSession, **values: Any) -> {cls}:"
    )
    return f"{head}\n{indent(chr(10).join(lines))}"


def _value(backend: Backend, source: Source, entity: Entity, column: Column) -> str:
    """Return the code of a column's value; empty where the model gives one itself."""
    generated = column.generated is not None and column.generated.by != "slug"
    if generated or column.nullable or column.default is not None:
        return ""
    if backend.is_password(entity.name, column.name):
        return '"no password"'
    if column.enum:
        return literal(column.enum[0])
    if column.type == "string":
        if column.format == "email":
            return 'f"person{number}@example.com"'
        return f'f"{names.snake(column.name).replace("_", "-")}-{{number}}"'
    if column.type in IMPORTS:
        source.use(*IMPORTS[column.type])
    return VALUES[column.type]


def _sign_in(backend: Backend, source: Source) -> str:
    auth = backend.auth
    if auth is None:
        return ""
    cls = backend.use_entity(source, auth.user)
    source.use("app.security", "open_session")
    scheme = next((scheme for scheme in auth.schemes if scheme), "")
    value = f'f"{scheme} {{token}}"' if scheme else "token"
    header = f"{{{literal(auth.header)}: {value}}}"
    if auth.cookie:
        header = f'{{"Cookie": f"{auth.cookie}={{token}}"}}'
    return (
        f"async def sign_in(session: AsyncSession, user: {cls}) -> dict[str, str]:\n"
        '    """Return the headers of a request that a user makes."""\n'
        "    token = await open_session(session, user)\n    await session.commit()\n"
        f"    return {header}"
    )
