"""Which behaviour of the original an exchange shows: operation, outcome and condition."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.features.routes import Routes
from harness.inference.model import ApiModel, Check, Operation, Predicate, Rule
from harness.traffic.exchange import Exchange, parse_json

_SUCCESS = range(200, 400)
_MANY_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What tells one feature from another. `words` completes the operation's summary."""

    operation: str | None
    status: int
    condition: str
    words: str = field(compare=False)


class Reader:
    """Read the exchanges of one recording in order: some behaviours show only against the past."""

    def __init__(self, model: ApiModel, routes: Routes) -> None:
        self._model = model
        self._routes = routes
        self._links: dict[tuple[str, str], str] = {}

    def read(self, exchange: Exchange, exchange_id: str) -> Behaviour:
        assert exchange.response is not None  # noqa: S101 - callers leave these out
        request, status = exchange.request, exchange.response.status
        operation = self._routes.find(request.method, request.path)
        if operation is None:
            return self._outside(exchange, status)
        if status in _SUCCESS:
            condition, words = self._success(operation, exchange)
        else:
            condition, words = self._failure(operation, exchange, exchange_id)
        return Behaviour(operation.id, status, condition, words)

    def _outside(self, exchange: Exchange, status: int) -> Behaviour:
        request = exchange.request
        if status in _SUCCESS:
            words = f"{request.method} {request.path} is answered with {status}"
            return Behaviour(None, status, _slug(f"{request.method} {request.path}"), words)
        methods = self._routes.methods(request.path)
        if methods:
            words = f"{request.method} where only {', '.join(sorted(set(methods)))} is served"
            return Behaviour(None, status, f"wrong-method-{_slug(request.method)}", words)
        return Behaviour(None, status, "unknown-path", "a path that does not exist")

    # ------------------------------------------------------------------------- successes

    def _success(self, operation: Operation, exchange: Exchange) -> tuple[str, str]:
        parts = [
            *self._caller(operation, exchange),
            *self._question(operation, exchange),
            *_sent(operation, exchange),
            *self._repeated(operation, exchange),
        ]
        slugs = [slug for slug, _ in parts]
        return "-".join(slugs), ", ".join(words for _, words in parts if words)

    def _caller(self, operation: Operation, exchange: Exchange) -> Iterable[tuple[str, str]]:
        if operation.auth == "optional":
            signed_in = self._token(exchange) is not None
            yield ("signed-in", "signed in") if signed_in else ("anonymous", "without signing in")

    def _question(self, operation: Operation, exchange: Exchange) -> Iterable[tuple[str, str]]:
        params = parse_qsl(exchange.request.query, keep_blank_values=True)
        names = sorted({name if value else f"{name}=" for name, value in params})
        if names:
            said = " and ".join(name.replace("=", " (empty)") for name in names)
            yield (
                "by-" + "-".join(_slug(name.replace("=", "-empty")) for name in names),
                f"by {said}",
            )
        if operation.query is not None and _is_empty_list(exchange):
            yield "empty", "with nothing to show"

    def _repeated(self, operation: Operation, exchange: Exchange) -> Iterable[tuple[str, str]]:
        if operation.kind not in ("link", "unlink"):
            return
        key = (exchange.request.path, self._token(exchange) or "")
        before, self._links[key] = self._links.get(key), operation.kind
        if before == operation.kind:
            yield "again", "a second time"

    def _token(self, exchange: Exchange) -> str | None:
        auth = self._model.auth
        if auth is None:
            return exchange.request.header("authorization") or exchange.request.header("cookie")
        if auth.header and (value := exchange.request.header(auth.header)):
            return value
        cookie = exchange.request.header("cookie") or ""
        return cookie if auth.cookie and f"{auth.cookie}=" in cookie else None

    # -------------------------------------------------------------------------- failures

    def _failure(
        self, operation: Operation, exchange: Exchange, exchange_id: str
    ) -> tuple[str, str]:
        check = next((item for item in operation.checks if exchange_id in item.evidence), None)
        rules = [(place, rule) for place, rule in _rules(operation) if exchange_id in rule.evidence]
        signature, fields = _signature(
            exchange, self._routes.values(operation, exchange.request.path)
        )
        if rules:
            slug = "-".join(f"{_slug(place)}-{rule.kind}" for place, rule in rules)
            return slug, " and ".join(_broken(place, rule) for place, rule in rules)
        if check is not None and check.when.kind != "invalid_body":
            slug, words = _condition(operation, check)
            return slug, words
        return signature, f"wrong {' and '.join(fields)}" if fields else "a request it cannot take"


def _rules(operation: Operation) -> list[tuple[str, Rule]]:
    body = operation.request
    if body is None:
        return []
    whole = [("body", rule) for rule in body.body_rules]
    envelope = [(body.envelope or "body", rule) for rule in body.envelope_rules]
    return whole + envelope + [(item.name, rule) for item in body.fields for rule in item.rules]


_BROKEN = {
    "required": "no {place}",
    "not_null": "{place} null",
    "not_blank": "a blank {place}",
    "type": "{place} of the wrong type",
    "min_length": "{place} too short",
    "max_length": "{place} too long",
    "minimum": "{place} too small",
    "maximum": "{place} too large",
    "email": "{place} that is no e-mail address",
    "uuid": "{place} that is no UUID",
    "url": "{place} that is no address",
    "enum": "{place} outside its values",
    "pattern": "{place} of the wrong form",
}


def _broken(place: str, rule: Rule) -> str:
    return _BROKEN[rule.kind].format(place=place)


_PLAIN = {
    "wrong_password": ("wrong-password", "a wrong password"),
    "same_password": ("same-password", "the password that is set already"),
    "unauthenticated": ("unauthenticated", "no sign-in"),
    "bad_token": ("bad-token", "a token that is not valid"),
    "token_of_nobody": ("token-of-nobody", "a token whose user is gone"),
    "unparsable": ("unparsable", "a body that cannot be read"),
}


def _refusal(predicate: Predicate, *, negated: bool = False) -> str:
    """Say in words what a predicate refuses."""
    if predicate.kind == "not":
        return _refusal(predicate.of, negated=not negated)
    if predicate.kind == "linked":
        return "it is not so" if negated else "it is so already"
    if predicate.kind == "compare":
        rows = {side.row for side in (predicate.left, predicate.right) if side.kind == "column"}
        if "me" in rows and len(rows) > 1:
            return "somebody else's" if (predicate.op == "ne") != negated else "the caller's own"
    return "a caller or a state that does not allow it"


def _condition(operation: Operation, check: Check) -> tuple[str, str]:
    """Return a check's condition as a slug and in words."""
    when = check.when
    if when.kind == "missing":
        lookup = next((item for item in operation.lookups if item.name == when.lookup), None)
        entity = lookup.entity if lookup else when.lookup
        return f"unknown-{_slug(entity)}", f"an unknown {_spaced(entity)}"
    if when.kind == "taken":
        return f"{_slug(when.input)}-taken", f"a {_spaced(when.input)} that is taken already"
    if when.kind == "bad_param":
        return f"bad-{_slug(when.name)}", f"a {when.place} parameter {when.name} it cannot read"
    if when.kind in _PLAIN:
        return _PLAIN[when.kind]
    words = _refusal(when.predicate) if when.kind == "holds" else "what it does not allow"
    return f"refused-{operation.checks.index(check)}", words


# ------------------------------------------------------------------------------- requests


def _body(exchange: Exchange) -> Any:
    request = exchange.request
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    try:
        return parse_json(request.body)
    except ValueError:
        return None


def _sent(operation: Operation, exchange: Exchange) -> Iterable[tuple[str, str]]:
    """Say which fields a write sent, where that is not all of them."""
    if operation.request is None:
        return
    body = _body(exchange)
    if operation.request.envelope and isinstance(body, dict):
        body = body.get(operation.request.envelope)
    if not isinstance(body, dict):
        return
    known = [item.name for item in operation.request.fields]
    nulls = [name for name in known if name in body and body[name] is None]
    blanks = [name for name in known if body.get(name) in ("", [])]
    absent = [name for name in known if name not in body]
    sent = [name for name in known if name in body]
    if not sent and known:
        yield "with-nothing", "with nothing that it knows"
    elif absent and operation.kind in ("merge", "replace", "action"):
        short = sent if len(sent) <= _MANY_FIELDS else [f"{len(sent)}-fields"]
        yield "with-" + "-".join(map(_slug, sorted(short))), f"with {_listed(short)} only"
    elif absent:
        yield "without-" + "-".join(map(_slug, sorted(absent))), f"without {_listed(absent)}"
    if nulls:
        yield "null-" + "-".join(map(_slug, sorted(nulls))), f"with {_listed(nulls)} null"
    if blanks:
        yield "blank-" + "-".join(map(_slug, sorted(blanks))), f"with {_listed(blanks)} empty"
    if set(body) - set(known):
        yield "unknown-fields", "with fields that it does not know"


def _is_empty_list(exchange: Exchange) -> bool:
    assert exchange.response is not None  # noqa: S101 - callers leave these out
    try:
        value = parse_json(exchange.response.body)
    except ValueError:
        return False
    if isinstance(value, dict):
        return any(item == [] for item in value.values())
    return bool(value == [])


# --------------------------------------------------------------------------------- errors


def _signature(exchange: Exchange, path_values: list[str]) -> tuple[str, list[str]]:
    """Return what is the same in all errors of a kind, and the request fields it is about."""
    assert exchange.response is not None  # noqa: S101 - callers leave these out
    text = exchange.response.body.decode(errors="replace")
    for value in sorted({unquote(value) for value in path_values}, key=len, reverse=True):
        text = text.replace(value, "*")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "N", text)
    known = set(_names(_body(exchange)))
    try:
        fields = [name for name in _names(parse_json(exchange.response.body)) if name in known]
    except ValueError:
        fields = []
    return _slug(text)[:60], fields


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in _names(item))]
    if isinstance(value, list):
        strings = [item for item in value if isinstance(item, str)]
        return strings + [name for item in value for name in _names(item)]
    return []


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
