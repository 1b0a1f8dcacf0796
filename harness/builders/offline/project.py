"""What surrounds the code: package metadata, scripts, containers and documents."""

import json
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.denials import described
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import literal
from harness.builders.offline.modules import render
from harness.builders.offline.seeding import seed_of
from harness.builders.offline.sockets import (
    has_live_updates,
    over_websockets,
    paths_of_documents,
    served,
    serves_documents,
)
from harness.inference.documents.sockets import section, title_of
from harness.inference.model import Holds, Operation

AUTH = {"none": "for everybody", "optional": "for everybody, more with a token",
        "required": "with a token"}  # fmt: skip
REASONS = {
    "unparsable": "for a body that cannot be parsed",
    "unauthenticated": "without a token",
    "bad_token": "with a token that is not valid",
    "token_of_nobody": "with the token of a user who is gone",
    "bad_param": "for a malformed `{name}`",
    "missing": "for an unknown {row}",
    "taken": "for a `{field}` that is taken",
    "wrong_password": "for a wrong password",
    "same_password": "for the password that is set already",
}
IGNORED = (".venv/", "*.egg-info/", "build/", "__pycache__/", ".mypy_cache/", ".pytest_cache/",
           ".ruff_cache/", ".hypothesis/", ".env")  # fmt: skip


def project_files(backend: Backend, errors: ErrorRegistry) -> dict[str, str]:
    """Return the files around the package."""
    seed = _recorded(backend)
    values = _values(backend, seeded=seed is not None)
    files = {
        name: render(f"{name}.j2", **values)
        for name in (
            "pyproject.toml", "README.md", "docker-compose.yml", "Dockerfile", "init.sh",
            "init.ps1",
        )
    }  # fmt: skip
    files[".env.example"] = render("env.example.j2", **values)
    files[".gitignore"] = "\n".join([*IGNORED, ""])
    files[".dockerignore"] = "\n".join([".git/", "tests/", *IGNORED, ""])
    if backend.operations:
        groups = [(resource, [_documented(errors, o) for o in backend.of_resource(resource)])
                  for resource in backend.resources]  # fmt: skip
        sockets = section(served(backend), backend.operations)
        text = render("api.md.j2", groups=groups, sockets=sockets)
        files["docs/api.md"] = text.rstrip() + "\n"
    if seed is not None:
        files["seed/recorded.json"] = json.dumps(seed, indent=2, ensure_ascii=False) + "\n"
    return files


def _values(backend: Backend, *, seeded: bool) -> dict[str, Any]:
    auth, helpers, title = backend.auth, backend.helpers, backend.model.title
    return {
        "title": title,
        "name": literal("-".join(names.words(title)) or "backend"),
        "description": literal(f"The backend of {title}."),
        "database": names.snake(title),
        "auth": auth is not None,
        "jwt": auth is not None and auth.token_format == "jwt" and "open_session" in helpers,
        "passwords": bool({"hash_password", "verify_password"} & helpers),
        "forms": "FormModel" in helpers,
        "seeded": seeded,
        "sockets": [(title_of(socket), socket.path) for socket in over_websockets(backend)],
        "socket_calls": any(socket.calls for socket in served(backend)),
        "graphql": serves_documents(backend),
        "posts": paths_of_documents(backend),
        "live_updates": has_live_updates(backend),
        "operations": backend.operations,
        "constants": [item for item in backend.operations if item.kind == "constant"],
        "findings": [item for item in backend.model.findings if item.level != "info"],
    }


def _recorded(backend: Backend) -> dict[str, Any] | None:
    """Return the first initial state that is not empty, without open sessions."""
    for state in backend.model.seeds:
        if any(state.tables.values()):
            return {**seed_of(backend, state), "tokens": {}}
    return None


def _specific(when: Any, reason: str) -> str:
    """Name the parameter, row or field that a reason is about."""
    return reason.format(
        name=getattr(when, "name", ""),
        row=names.title(getattr(when, "lookup", "")),
        field=getattr(when, "input", ""),
    )


def _documented(errors: ErrorRegistry, operation: Operation) -> dict[str, Any]:
    lines: dict[str, None] = {}
    for check in operation.checks:
        said = "assumed" if check.assumed else "observed"
        if check.response is None:
            lines[f"422 for fields that break its rules ({said})"] = None
            continue
        name = names.title(errors.of(check.response).name.removesuffix("Error"))
        reason = REASONS.get(check.when.kind, name)
        if isinstance(check.when, Holds):
            words = described(check.when.predicate, operation).replace("_", " ")
            reason = f"{name}, {words}" if words else name
        lines[f"{check.response.status} {_specific(check.when, reason)} ({said})"] = None
    return {
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary.rstrip("."),
        "auth": AUTH[operation.auth],
        "status": operation.response.status,
        "errors": list(lines),
    }
