"""What people say of operations: describe.toml, and the documents with it.

Each entry names an operation by method and path template; the names of its parameters do not
matter. Of several entries for one operation, what is said last holds.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from harness.errors import ConfigError

_PARAMETER = re.compile(r"\{[^}]*\}")


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An entry. `tags` take the place of the inferred one."""

    operation: str
    summary: str = ""
    description: str = ""
    tags: list[str] = []

    @property
    def key(self) -> str:
        return key_of(self.operation)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    operation: list[Description] = []


def key_of(operation: str) -> str:
    """Return `GET /notes/{id}` without what may change in it."""
    method, _, path = operation.strip().partition(" ")
    return f"{method.upper()} {_PARAMETER.sub('{}', path.strip())}"


def read(path: Path) -> list[Description]:
    """Return the entries of a file; none without one."""
    if not path.is_file():
        return []
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(data, _File).operation
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}",
            do="An entry is [[operation]] with `operation`, `summary`, `description`, `tags`.",
        ) from error


def append(path: Path, entry: Description) -> None:
    """Add an entry; what the file holds stays as people wrote it."""
    before = path.read_text(encoding="utf-8").rstrip() if path.is_file() else ""
    text = f"[[operation]]\n{tomli_w.dumps(msgspec.to_builtins(entry))}"
    path.write_text(f"{before}\n\n{text}" if before else text, encoding="utf-8")


def apply(document: dict[str, Any], entries: Sequence[Description]) -> list[Description]:
    """Write what is said into an OpenAPI document; return the entries that match nothing in it."""
    operations = {
        key_of(f"{method} {path}"): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    unmatched = []
    for entry in entries:
        operation = operations.get(entry.key)
        if operation is None:
            unmatched.append(entry)
            continue
        said = msgspec.to_builtins(entry)
        operation |= {
            name: said[name] for name in ("summary", "description", "tags") if said.get(name)
        }
    tags = sorted({tag for operation in operations.values() for tag in operation["tags"]})
    document["tags"] = [{"name": tag} for tag in tags]
    return unmatched
