"""What came back for a document: a value or an error for each of its root fields."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.traffic.framings import failures
from harness.traffic.framings.graphql.documents import TYPENAME, Field

_OF_THE_DOCUMENT = frozenset({"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"})
_REFUSED_DOCUMENT = re.compile(
    r"Syntax Error|Cannot query field|Unknown (argument|type|fragment|directive)|Must provide"
)
_OF_THE_MESSAGE = frozenset({"path", "locations"})
_FOR_DEVELOPERS = frozenset({"stacktrace", "exception", "debug", "trace"})
_STATUSES = {"BAD_USER_INPUT": 400, "BAD_REQUEST": 400}
_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a root field came to: its value by the names of fields, or an error."""

    failed: bool
    value: Any


def outcomes(payload: Any, fields: Sequence[Field], *, failed: bool) -> list[Outcome | None]:
    """Return what each root field came to; None where nothing says it."""
    errors = [each for each in _errors(payload, failed=failed) if isinstance(each, dict)]
    data = payload.get("data") if isinstance(payload, dict) else None
    return [_outcome(field, data if isinstance(data, dict) else {}, errors) for field in fields]


def refuses_document(payload: Any, *, failed: bool) -> bool:
    """Whether the server did not take the document: it asks for what there is not."""
    errors = [each for each in _errors(payload, failed=failed) if isinstance(each, dict)]
    return any(_is_about_document(each) for each in errors)


def is_answer(payload: Any) -> bool:
    """Whether a JSON value is what GraphQL servers answer."""
    if not isinstance(payload, dict):
        return False
    return "data" in payload or isinstance(payload.get("errors"), list)


def named(value: Any, fields: Sequence[Field]) -> Any:
    """Return a value with its members by the names of fields, without those of the protocol."""
    if isinstance(value, list):
        return [named(each, fields) for each in value]
    if not isinstance(value, dict) or not fields:
        return value
    names = [field.name for field in fields]
    return {
        field.name if names.count(field.name) == 1 else field.alias: named(
            value[field.alias], field.fields
        )
        for field in fields
        if field.alias in value and field.name != TYPENAME
    }


def status_of(error: dict[str, Any]) -> int:
    """Return the status that an error stands for: its code says more than its text."""
    extensions = error.get("extensions")
    said: dict[str, Any] = extensions if isinstance(extensions, dict) else {}
    code = str(said.get("code"))
    for each in (said.get("http"), said.get("originalError"), said):
        found = failures.status_of(each) if isinstance(each, dict) else None
        if found is not None:
            return found
    if code in _STATUSES:
        return _STATUSES[code]
    found = failures.status_of({"message": error.get("message")})
    return found or (500 if code == _SERVER_ERROR else failures.BAD_REQUEST)


def _errors(payload: Any, *, failed: bool) -> list[Any]:
    if isinstance(payload, list):
        return payload
    if not isinstance(payload, dict):
        return []
    errors = payload.get("errors")
    if isinstance(errors, list):
        return errors
    return [payload] if failed and "message" in payload else []


def _outcome(
    field: Field, data: dict[str, Any], errors: Sequence[dict[str, Any]]
) -> Outcome | None:
    value = data.get(field.alias)
    if value is None:
        own = [each for each in errors if (each.get("path") or [field.alias])[0] == field.alias]
        if own:
            return Outcome(True, _cleaned(own[0]))
    return Outcome(False, named(value, field.fields)) if field.alias in data else None


def _cleaned(error: dict[str, Any]) -> dict[str, Any]:
    """An error without what is of the message that told it, and what only developers are told."""
    found = {name: value for name, value in error.items() if name not in _OF_THE_MESSAGE}
    extensions = found.get("extensions")
    if isinstance(extensions, dict):
        kept = {name: value for name, value in extensions.items() if name not in _FOR_DEVELOPERS}
        found["extensions"] = kept
    return found


def _is_about_document(error: dict[str, Any]) -> bool:
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code in _OF_THE_DOCUMENT or (
        "path" not in error and bool(_REFUSED_DOCUMENT.match(str(error.get("message"))))
    )
