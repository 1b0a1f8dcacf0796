"""The modules of the backend that templates make: what all operations share."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.errors import ErrorClass, ErrorRegistry, class_code, plain
from harness.builders.offline.expressions import literal
from harness.builders.offline.parameters import Parameters
from harness.builders.offline.requests import LIMITED, RULE_CLASSES, Requests
from harness.builders.offline.rules import shape_code
from harness.builders.offline.schemas import timestamp_styles
from harness.builders.offline.security import Security
from harness.builders.offline.sockets import (
    has_live_updates,
    over_websockets,
    paths_of_documents,
    served,
    socket_files,
)
from harness.builders.offline.source import Source
from harness.builders.offline.tables import Tables, migration_code
from harness.inference.model import Const, ResponseTemplate

FOLDER = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,  # noqa: S701  (it is no HTML)
)  # fmt: skip


def render(template: str, **values: Any) -> str:
    """Render one of the builder's templates."""
    return ENVIRONMENT.get_template(template).render(**values)


class Modules:
    """Renders the shared modules once everything that uses them is written."""

    def __init__(
        self, backend: Backend, errors: ErrorRegistry, requests: Requests, parameters: Parameters,
        security: Security, tables: Tables, routers: list[str],
    ) -> None:  # fmt: skip
        self.backend, self.errors, self.requests = backend, errors, requests
        self.parameters, self.security, self.tables = parameters, security, tables
        self.routers = sorted(Path(path).stem for path in routers)

    def files(self) -> dict[str, str]:
        helpers = self.backend.helpers
        if "unique_slug" in helpers:
            helpers.add("exists")
        seed = self._seed()
        files = {
            "app/main.py": self._main(),
            "app/settings.py": self._settings(),
            "app/db.py": render("app/db.py.j2", helpers=helpers),
            "app/clock.py": render("app/clock.py.j2"),
            "app/errors.py": self._errors(),
            "app/seed.py": seed,
            "app/models/__init__.py": self._models(),
            "alembic.ini": render("alembic.ini"),
            "alembic/env.py": render("alembic/env.py.j2"),
            "alembic/script.py.mako": (FOLDER / "alembic/script.py.mako").read_text("utf-8"),
            "alembic/versions/0001_create_all_tables.py": render(
                "alembic/initial.py.j2", body=migration_code(self.tables.tables)
            ),
        }
        if self.backend.used_views or self.requests.models or self.parameters.backend.operations:
            files["app/schemas/types.py"] = self._types()
        return files | self._optional(helpers)

    def _optional(self, helpers: set[str]) -> dict[str, str]:
        files = {}
        if self.backend.auth is not None:
            files["app/security.py"] = self._security()
        if self.requests.models:
            files["app/validation.py"] = self._validation()
        if self.parameters.page_blocks:
            files["app/pagination.py"] = self._pagination()
        wanted = {
            "app/keys.py": {"object_id", "digits", "random_text"},
            "app/presenters/batches.py": {"linked_keys", "count_by"},
            "app/services/vocabulary.py": {"vocabulary"},
            "app/slugs.py": {"unique_slug"},
        }
        for path, uses in wanted.items():
            if uses & helpers:
                template = f"app/{Path(path).name}.j2"
                files[path] = render(template, helpers=helpers, **self._slug_options())
        if self._uses_params(helpers):
            files["app/params.py"] = self._params(helpers)
        classes = (
            {self.parameters.json_type: self._default_response()}
            if self._default_response()
            else {}
        )
        classes |= self.parameters.responses
        if classes:
            files["app/responses.py"] = render(
                "app/responses.py.j2",
                classes=[(name, literal(kind)) for kind, name in sorted(classes.items())],
            )
        if self.backend.model.fallbacks.head == "get":
            files["app/middleware.py"] = render("app/middleware.py.j2")
        return files | self._sockets()

    def _sockets(self) -> dict[str, str]:
        sockets = served(self.backend)
        if not sockets:
            return {}
        return {
            path: render(template, **values)
            for path, (template, values) in socket_files(self.backend, sockets).items()
        }

    def _default_response(self) -> str:
        if self.parameters.json_type == "application/json":
            return ""
        return self.parameters.response_class(self.parameters.json_type)

    def _main(self) -> str:
        return render(
            "app/main.py.j2",
            routers=self.routers,
            sockets=bool(over_websockets(self.backend)),
            graphql=bool(paths_of_documents(self.backend)),
            live_updates=has_live_updates(self.backend),
            title=literal(self.backend.model.title),
            base=literal(self.backend.model.base) if self.backend.model.base else "",
            head_as_get=self.backend.model.fallbacks.head == "get",
            response_class=self._default_response(),
            redirect_slashes=self.backend.model.fallbacks.trailing_slash == "redirect",
        )

    def _settings(self) -> str:
        auth = self.backend.auth
        helpers = self.backend.helpers
        return render(
            "app/settings.py.j2",
            database=names.snake(self.backend.model.title),
            passwords=bool({"hash_password", "verify_password"} & helpers),
            jwt=auth is not None and auth.token_format == "jwt" and "open_session" in helpers,
        )

    def _errors(self) -> str:
        source = Source("app/errors.py")
        fallbacks = self.backend.model.fallbacks
        errors = list(self.errors)
        named: dict[str, ResponseTemplate | None] = {
            "UnknownPathError": fallbacks.unknown_path,
            "MethodNotAllowedError": fallbacks.wrong_method,
        }
        for name, response in named.items():
            if response is not None:
                errors.append(ErrorClass(response, name=name))
        if self.security.needs_default:
            response = _plain_error(401, "Not authenticated")
            missing = ErrorClass(response, name="NotAuthenticatedError")
            errors.insert(0, missing)
        json_type = self.parameters.json_type
        classes = [class_code(self.backend, source, e, json_type=json_type) for e in errors]
        shapes = self.requests.shapes.used
        return render(
            "app/errors.py.j2",
            json_type=literal(self.parameters.json_type),
            classes=classes,
            shapes=[shape_code(source, shape) for shape in shapes],
            conflicts=sorted(self._conflicts().items()),
            options=_options_code(fallbacks.options),
            wrong_method=fallbacks.wrong_method.status if fallbacks.wrong_method else 0,
            unknown_path=fallbacks.unknown_path is not None,
            input_models=bool(self.requests.models),
            own_unparsable=self.requests.main_unparsable == "UnparsableBodyError",
            invalid_example='{"detail": "title: Field required"}',
        )

    def _conflicts(self) -> dict[str, str]:
        """Unique constraints -> the errors that their columns are refused with."""
        backend = self.backend
        return {
            f"{backend.table(entity)}_{backend.attribute(entity, column)}_key": name
            for (entity, column), name in self.errors.conflicts().items()
        }

    def _types(self) -> str:
        stamps = [
            {"name": name, "timespec": spec, "zone": zone, "function": names.snake(name)}
            for name, (spec, zone) in timestamp_styles(self.backend).items()
        ]
        return render("app/types.py.j2", stamps=stamps, camel=True, is_none=any(
            item.omit_null for view in self.backend.used_views for item in view.fields
        ))  # fmt: skip

    def _models(self) -> str:
        lines = ['"""All tables; importing this package registers them."""', ""]
        backend = self.backend
        classes = {backend.entity_class(e.name): backend.entity_module(e.name)
                   for e in backend.model.entities}  # fmt: skip
        classes |= {backend.link_class(k.name): backend.link_module(k.name)
                    for k in backend.model.links}  # fmt: skip
        if backend.auth is not None:
            classes["AuthSession"] = "app.models.auth_session"
        lines += [f"from {module} import {name}" for name, module in sorted(classes.items())]
        lines += ["", f"__all__ = {literal(sorted(classes))}", ""]
        return "\n".join(lines)

    def _security(self) -> str:
        backend, auth = self.backend, self.backend.auth
        assert auth is not None  # noqa: S101  (asked by the caller)
        bearer = [scheme.lower() for scheme in auth.schemes] == ["bearer"]
        scheme_class = "APIKeyCookie" if auth.cookie else "HTTPBearer" if bearer else "APIKeyHeader"
        named = [scheme.lower() for scheme in auth.schemes if scheme]
        length = auth.token_length
        return render(
            "app/security.py.j2",
            scheme_class=scheme_class,
            scheme_name=literal(auth.cookie or auth.header),
            cookie=bool(auth.cookie),
            user_module=backend.entity_module(auth.user),
            user=backend.entity_class(auth.user),
            user_key=backend.key_attribute(auth.user),
            helpers=backend.helpers,
            token_format=auth.token_format,
            token_length=length,
            token_bytes=length or 32,
            guards=list(self.security.guards.values()),
            nullable_password=any(
                column.name == auth.password and column.nullable
                for column in backend.entity(auth.user).columns
            ),
            split_guards=any(g.wrong != g.gone for g in self.security.guards.values()),
            joined_guards=any(g.wrong == g.gone for g in self.security.guards.values()),
            optional_guards=any(not g.required for g in self.security.guards.values()),
            bare_only=not named,
            bare_too="" in auth.schemes,
            schemes="{" + ", ".join(literal(name) for name in named) + "}",
        )

    def _validation(self) -> str:
        shapes = self.requests.shapes
        forms = [o.request.content_type for o in self.backend.operations
                 if o.request and o.request.content_type != "application/json"]  # fmt: skip
        return render(
            "app/validation.py.j2",
            helpers=self.backend.helpers,
            main_shape=shapes.main.name if shapes.main and shapes.used else "",
            limited=any(RULE_CLASSES[kind] in self.backend.helpers for kind in LIMITED),
            unparsable=self.requests.main_unparsable,
            form_type=forms[0] if forms else "",
            any_shape=any(o.request.any_shape for o in self.backend.operations if o.request),
        )

    def _pagination(self) -> str:
        source = self.parameters.pages
        blocks = self.parameters.page_blocks
        imports = source.render().strip()
        return render(
            "app/pagination.py.j2", helpers=self.backend.helpers, imports=imports, blocks=blocks,
            open_limit=any("limit=None" in b or ", None)" in b for b in blocks),
        )  # fmt: skip

    def _uses_params(self, helpers: set[str]) -> bool:
        wanted = {"integer", "whole_number", "number", "boolean", "unique_id", "origin",
                  "PlainText", "IntegerText", "NumberText", "UuidText", "BooleanText",
                  "NumericText", "numeric_text"}  # fmt: skip
        return bool(wanted & helpers)

    def _params(self, helpers: set[str]) -> str:
        return render(
            "app/params.py.j2", helpers=helpers, imports=self.parameters.params.render().strip(),
            blocks=self.parameters.blocks,
        )  # fmt: skip

    def _slug_options(self) -> dict[str, Any]:
        suffixes = [
            column.generated.suffix
            for entity in self.backend.model.entities
            for column in entity.columns
            if column.generated is not None and column.generated.suffix
        ]
        suffix = suffixes[0] if suffixes else 0
        styles = {
            column.generated.slug_style
            for entity in self.backend.model.entities
            for column in entity.columns
            if column.generated is not None and column.generated.by == "slug"
        }
        remove = "remove" in styles
        return {"suffix": suffix, "suffix_bytes": (suffix + 1) // 2, "remove": remove}

    def _seed(self) -> str:
        backend, auth = self.backend, self.backend.auth
        source = Source("app/seed.py")
        order = {table.name: index for index, table in enumerate(self.tables.tables)}
        entities = sorted(
            backend.model.entities, key=lambda entity: order[backend.table(entity.name)]
        )
        for entity in entities:
            backend.use_entity(source, entity.name)
        for link in backend.model.links:
            backend.use_link(source, link.name)
        password = auth is not None and any(
            column.name == auth.password for column in backend.entity(auth.user).columns
        )
        if password:
            source.use("app.security", "hash_password")
            backend.helpers.add("hash_password")
        if auth is not None:
            source.use("app.security", "token_hash")
            source.use("app.models.auth_session", "AuthSession")
        sequences = [
            f'({backend.entity_class(e.name)}, "{backend.attribute(e.name, c.name)}")'
            for e in entities
            for c in e.columns
            if c.type == "integer" and c.generated and c.generated.by == "sequence"
        ]
        return render(
            "app/seed.py.j2",
            imports=source.render().strip(),
            tables=[(literal(e.name), backend.entity_class(e.name)) for e in entities],
            links=[(literal(k.name), backend.link_class(k.name)) for k in backend.model.links],
            tokens=auth is not None,
            password=literal(auth.password) if auth and password else "",
            user=backend.entity_class(auth.user) if auth else "",
            user_key="UUID(user_id)"
            if auth and backend.key(auth.user).type == "uuid"
            else "user_id",
            sequences=f"({', '.join(sequences)},)" if sequences else "",
        )


def _options_code(response: ResponseTemplate | None) -> str:
    """Return the code of the answer to OPTIONS, "" where it is a wrong method."""
    if response is None:
        return ""
    headers = {"content-type": literal(response.content_type)} if response.content_type else {}
    headers |= {key: _told(value) for key, value in response.headers.items()}
    pairs = ", ".join(f"{literal(key)}: {code}" for key, code in headers.items())
    return f"Response({_told(response.body)}, {response.status}, {{{pairs}}})"


def _told(value: Any) -> str:
    """Return the code of a text in the answer to OPTIONS."""
    if value is None or value.kind == "request":
        return "None" if value is None else "_served(request)"
    text = plain(value)
    return literal(text if isinstance(text, str) else json.dumps(text))


def _plain_error(status: int, detail: str) -> ResponseTemplate:
    return ResponseTemplate(status=status, body=Const(value={"detail": detail}))
