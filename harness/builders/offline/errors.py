"""The error classes of a backend: one for each answer, named after what went wrong."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, walk
from harness.builders.offline.expressions import Scope, compile_expression, literal
from harness.builders.offline.source import Source, indent
from harness.inference.model import (
    Check,
    ColumnValue,
    Compare,
    Const,
    Insert,
    Linked,
    Not,
    Operation,
    ResponseTemplate,
    Update,
)

DYNAMIC = {"input", "path", "query", "request", "body", "now", "column", "template"}
MOST_WORDS = 5
FAILURES = {
    "unparsable": "Unparsable",
    "unauthenticated": "NotAuthenticated",
    "bad_token": "InvalidToken",
    "token_of_nobody": "UserGone",
    "wrong_password": "WrongPassword",
    "same_password": "SamePassword",
}
GENERIC_KEYS = {"", "error", "errors", "message", "detail", "msg", "title", "reason", "description"}
RESERVED = {
    "ApiError", "UnparsableBodyError", "UnstorableValueError", "InvalidInputError",
    "UnknownPathError", "MethodNotAllowedError",
}  # fmt: skip


@dataclass(slots=True)
class ErrorClass:
    """An answer that is no success. `arguments` are the expressions its body is made from."""

    response: ResponseTemplate
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    candidates: list[tuple[str, str, str]] = field(default_factory=list)


class ErrorRegistry:
    """Collects the errors of all operations, then names them."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._classes: dict[str, ErrorClass] = {}
        self._taken: set[str] = set(RESERVED)
        for operation in backend.model.operations:
            for check in operation.checks:
                if check.response is not None:
                    self._note(operation, check, check.response)
        for error in self._classes.values():
            self._name(error)

    def __iter__(self) -> Iterator[ErrorClass]:
        """Yield the errors that operations of this build answer with."""
        built = {operation.id for operation in self.backend.operations}
        for error in self._classes.values():
            if any(operation in built for _, _, operation in error.candidates):
                yield error

    def conflicts(self) -> dict[tuple[str, str], str]:
        """Return entity and column of unique values -> the error that refuses a second one."""
        found: dict[tuple[str, str], str] = {}
        for operation in self.backend.operations:
            for check in operation.checks:
                if check.when.kind == "taken" and check.response is not None:
                    error = self.of(check.response)
                    if not error.arguments:
                        found.setdefault((check.when.entity, check.when.column), error.name)
        return found

    def of_writes(self, operation: Operation) -> list[str]:
        """Return the errors of the unique columns that an operation writes to."""
        rows = {lookup.name: lookup.entity for lookup in operation.lookups}
        if self.backend.auth is not None:
            rows["me"] = self.backend.auth.user
        written: set[tuple[str, str]] = set()
        for effect in operation.effects:
            if isinstance(effect, Insert):
                written |= {(effect.entity, column) for column in effect.values}
            elif isinstance(effect, Update):
                columns = {*effect.inputs, *effect.values}
                written |= {(rows[effect.row], column) for column in columns}
        return [name for place, name in self.conflicts().items() if place in written]

    def of(self, response: ResponseTemplate) -> ErrorClass:
        return self._classes[_key(response)]

    def _note(self, operation: Operation, check: Check, response: ResponseTemplate) -> None:
        error = self._classes.setdefault(_key(response), ErrorClass(response))
        noun, kind = _reason(self.backend, operation, check, response.status)
        error.candidates.append((noun, kind, operation.id))

    def _name(self, error: ErrorClass) -> None:
        kinds = Counter(kind for _, kind, _ in error.candidates)
        kind, _ = kinds.most_common(1)[0]
        nouns = {noun for noun, reason, _ in error.candidates if reason == kind}
        if {"Missing", "Exists"} <= set(kinds):
            kind = _phrase(error.response.status)
        noun = next(iter(nouns)) if len(nouns) == 1 else ""
        if kind in ("NotFound", "Forbidden"):
            noun = _subject(error.response.body) or noun
        wanted = noun + kind
        if {"WrongPassword", "NotFound"} <= set(kinds):
            wanted = "InvalidCredentials"
        if kind == _phrase(error.response.status) and kind not in ("NotFound", "Forbidden"):
            wanted = _said(error.response.body) or wanted
        if wanted + "Error" in self._taken:
            wanted = names.pascal(error.candidates[0][2]) + wanted
        error.name = names.unique(wanted, self._taken, suffix="Error")
        for node in walk(error.response.body):
            if getattr(node, "kind", None) in (
                "input",
                "path",
                "query",
                "column",
                "now",
                "body",
                "token",
            ):
                error.arguments.setdefault(_argument(node), node)


def _phrase(status: int) -> str:
    return names.pascal(HTTPStatus(status).phrase)


def _subject(body: Any) -> str:
    """Return the one key that says what an error is about, as in `{"errors": {"note": […]}}`."""
    value = body
    key = ""
    while value is not None:
        fields = getattr(value, "fields", None) or getattr(value, "value", value)
        if not isinstance(fields, dict) or len(fields) != 1:
            break
        key, value = next(iter(fields.items()))
    return "" if key in GENERIC_KEYS else names.pascal(key)


def _said(body: Any) -> str:
    """Return what an error says in a few words, as a name: "Inactive user" is `InactiveUser`."""
    texts = [
        value
        for node in walk(body)
        for value in _texts(getattr(node, "value", None))
        if 1 < len(value.split()) <= MOST_WORDS and value.replace(" ", "").isalpha()
    ]
    return names.pascal(texts[0]) if len(texts) == 1 else ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _texts(part)]


def _argument(node: Any) -> str:
    if node.kind == "token":
        return "token"
    if isinstance(node, ColumnValue):
        return names.variable("_".join([node.row, *node.path]))
    return names.variable(getattr(node, "name", node.kind))


def _key(response: ResponseTemplate) -> str:
    return json.dumps(response.model_dump(mode="json"), sort_keys=True)


def _reason(backend: Backend, operation: Operation, check: Check, status: int) -> tuple[str, str]:
    """Return the noun and the kind of failure that a check stands for."""
    when = check.when
    match when.kind:
        case "bad_param":
            return f"Invalid{names.pascal(when.name)}", ""
        case "missing":
            lookup = next(item for item in operation.lookups if item.name == when.lookup)
            return backend.entity_class(lookup.entity), "NotFound"
        case "taken":
            return names.pascal(when.column), "Taken"
        case "holds":
            return _held(backend, operation, when.predicate, status)
    return "", FAILURES.get(when.kind) or _phrase(status)


def _held(backend: Backend, operation: Operation, predicate: Any, status: int) -> tuple[str, str]:
    rows = {lookup.name: lookup.entity for lookup in operation.lookups}
    noun = next(
        (backend.entity_class(rows[node.row]) for node in walk(predicate)
         if getattr(node, "row", None) in rows),
        "",
    )  # fmt: skip
    inner = predicate.of if isinstance(predicate, Not) else predicate
    if isinstance(inner, Linked):
        word = names.pascal(inner.link)
        return word, "Missing" if isinstance(predicate, Not) else "Exists"
    if status == HTTPStatus.FORBIDDEN and isinstance(inner, Compare):
        return noun, "Forbidden"
    return noun, _phrase(status)


def plain(expression: Any) -> Any:
    """Return the JSON value of an expression without dynamic parts; raise ValueError otherwise."""
    match expression.kind:
        case "const":
            return expression.value
        case "object":
            return {key: plain(value) for key, value in expression.fields.items()}
        case "array":
            return [plain(item) for item in expression.items]
    raise ValueError(expression.kind)


def class_code(backend: Backend, source: Source, error: ErrorClass, *, json_type: str) -> str:
    """Return the class statement of an error."""
    response = error.response
    head = f"class {error.name}(ApiError):\n"
    lines = [f"status = {_status(response.status)}"]
    if response.content_type != json_type:
        lines.append(f"content_type = {literal(response.content_type)}")
    headers = {
        key: plain(value) for key, value in response.headers.items() if isinstance(value, Const)
    }
    if headers:
        mapping = source.use("collections.abc", "Mapping")
        lines.append(f"headers: ClassVar[{mapping}[str, str]] = {literal(headers)}")
        source.use("typing", "ClassVar")
    if response.body is None:
        lines.append("empty = True")
        return head + indent("\n".join(lines))
    try:
        lines.append(f"body: ClassVar[Any] = {literal(plain(response.body))}")
        source.use("typing", "ClassVar")
        return head + indent("\n".join(lines))
    except ValueError:
        return head + indent("\n".join([*lines, "", _dynamic(backend, source, error)]))


def _status(status: int) -> str:
    return f"HTTPStatus.{HTTPStatus(status).name}"


def _dynamic(backend: Backend, source: Source, error: ErrorClass) -> str:
    scope = Scope(backend, source)
    attributes = {_key_of(node): f"self.{name}" for name, node in error.arguments.items()}
    scope.special = lambda node: attributes.get(_key_of(node))
    code = compile_expression(scope, error.response.body)
    if "{origin}" in code:
        code = code.replace("{origin}", "{str(request.base_url).rstrip('/')}")
    parts = []
    if error.arguments:
        arguments = ", ".join(f"{name}: Any" for name in error.arguments)
        assignments = "\n".join(f"self.{name} = {name}" for name in error.arguments)
        parts.append(
            f"def __init__(self, {arguments}) -> None:\n"
            + indent(f"super().__init__()\n{assignments}")
        )
    request = "request" if "request." in code else "_request"
    if request == "request":
        parts.append(f"def content(self, request: Request) -> Any:\n    return {code}")
    else:
        override = "def content(self, request: Request) -> Any:  # noqa: ARG002"
        parts.append(f"{override}\n    return {code}")
    return "\n\n".join(parts)


def _key_of(node: Any) -> str:
    return node.model_dump_json() if hasattr(node, "model_dump_json") else ""
