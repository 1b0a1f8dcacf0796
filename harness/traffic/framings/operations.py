"""Calls that are no HTTP requests, explained as operations on entities.

The name of a call says what it does to which kind of thing. Where it does not, the rows that the
server told because of it do, or because of others of its name. What neither explains is an action:
a POST of its own name.
"""

from dataclasses import dataclass, field
from typing import Any

from harness.traffic.framings import failures, replies
from harness.traffic.framings.effects import Effect, Effects, changes_by
from harness.traffic.framings.events import Answer, Call, Change
from harness.traffic.framings.replies import leaves
from harness.traffic.framings.rest import NOTHING, Operation, query_pairs
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import Verb, action_path, collection, parse_name

_METHODS: dict[Verb, str] = {
    "create": "POST",
    "update": "PATCH",
    "replace": "PUT",
    "delete": "DELETE",
    "list": "GET",
    "read": "GET",
}
_BY_CHANGE: dict[str, Verb] = {"added": "create", "changed": "update", "removed": "delete"}
_KEYS = ("id", "_id", "uuid", "key", "slug")
_OK, _CREATED, _NO_CONTENT = 200, 201, 204


@dataclass(slots=True)
class Rows:
    """What a client knows of the rows that it was told: collection -> key -> fields."""

    known: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def take(self, change: Change) -> dict[str, Any]:
        """Apply a change; return the row as it is now."""
        rows = self.known.setdefault(change.collection, {})
        if change.kind == "removed":
            return {"_id": change.key, **rows.pop(change.key, {})}
        row = rows.setdefault(change.key, {})
        row.update(change.fields)
        for name in change.cleared:
            row.pop(name, None)
        return {"_id": change.key, **row}

    def row(self, collection: str, key: str | None) -> dict[str, Any] | None:
        """Return a row as the client knows it; None where it was not told of it."""
        row = self.known.get(collection, {}).get(key or "")
        return None if row is None else {"_id": key, **row}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A call taken apart: the kind of thing, which one, what is sent, and what is asked besides."""

    verb: Verb | None
    path: str
    key: str | None = None
    body: Any = NOTHING
    query: Any = NOTHING


def explain(turn: Turn, rows: Rows, effects: Effects, known: replies.Replies) -> Operation | None:
    """Return the operation of an answered call; None where nothing came back.

    `known` are the pushes that answer calls.
    """
    asked = turn.asked
    assert isinstance(asked, Call)  # noqa: S101 - subscriptions are read elsewhere
    told = [rows.take(each.event) for each in turn.told if isinstance(each.event, Change)]
    changes = changes_by(turn)
    failed, answer = _outcome(turn, known)
    if failed is None:
        return None
    effect = effects.get(asked.name)
    meaning = _meaning(asked, changes, effect)
    if failed:
        return operation_of(meaning, failures.status_of(answer) or failures.BAD_REQUEST, answer)
    if not isinstance(answer, dict | list) and meaning.verb != "delete":
        if len(told) == 1:
            answer = told[0]
        elif effect is not None and not told:
            answer = rows.row(effect.collection, meaning.key) or answer
    return operation_of(meaning, success_of(meaning, answer), answer)


def operation_of(meaning: Meaning, status: int, answer: Any) -> Operation:
    method = "POST" if meaning.verb is None else _METHODS[meaning.verb]
    path = meaning.path if meaning.key is None else f"{meaning.path}/{meaning.key}"
    query = () if meaning.query is NOTHING else tuple(query_pairs(meaning.query))
    return Operation(method, path, query, meaning.body, status=status, answer=answer)


def success_of(meaning: Meaning, answer: Any) -> int:
    if meaning.verb == "create":
        return _CREATED
    silent = answer is NOTHING or (answer is None and meaning.verb != "read")
    return _NO_CONTENT if silent else _OK


def _outcome(turn: Turn, known: replies.Replies) -> tuple[bool | None, Any]:
    """Whether the call failed (None: nothing came back), and what it came to."""
    reply = turn.reply
    if isinstance(reply, Answer):
        values, failed = reply.values, reply.failed
        if failed is None:
            return _error_first(values)
        return failed, values[0] if values else NOTHING
    pushed = replies.outcome(turn, known)
    if pushed is not None and pushed[1].arguments:
        return pushed[0], replies.said_by(pushed[1])
    changed = any(isinstance(each.event, Change) for each in turn.told)
    return (False, NOTHING) if changed else (None, NOTHING)


def _error_first(values: tuple[Any, ...]) -> tuple[bool, Any]:
    """Acknowledgements hold an error or null first; a lone value that is no error is the answer."""
    if len(values) > 1 and values[0] is None:
        return False, values[1]
    if not values:
        return False, NOTHING
    first = values[0]
    if isinstance(first, dict):
        says_ok = any(first.get(name) is True for name in ("ok", "success"))
        failed = not says_ok and (
            bool(first.get("error"))
            or first.get("success") is False
            or first.get("ok") is False
            or ("message" in first and failures.status_of(first) is not None and "id" not in first)
        )
        return failed, first
    return len(values) > 1, first if len(values) > 1 or first is not None else NOTHING


# ------------------------------------------------------------------ what a call says


def _meaning(asked: Call, changes: list[Change], effect: Effect | None) -> Meaning:
    arguments = list(asked.arguments)
    named = _by_name(asked)
    shown = None if effect is None else _by_habit(asked, effect)
    if named is None:
        return shown or _by_effect(asked, arguments, changes) or _action(asked, arguments)
    if shown is None or named.verb in ("list", "read"):
        return named
    empty = named.verb != "delete" and named.body is NOTHING
    return shown if empty or named.path != shown.path else named


def _by_name(asked: Call) -> Meaning | None:
    arguments = list(asked.arguments)
    name = parse_name(asked.name)
    noun = name.noun
    if name.verb is not None and not noun:
        if arguments and isinstance(arguments[0], str):
            service = arguments.pop(0).strip("/")
            return _on_entity(name.verb, f"/{service}", parse_name(service).noun, arguments)
        if asked.space:
            noun = parse_name(asked.space.partition(":")[0]).noun
    if name.verb is None or not noun:
        return None
    return _on_entity(name.verb, f"/{collection(noun)}", noun, arguments)


def _by_habit(asked: Call, effect: Effect) -> Meaning | None:
    """What calls of this name do, said of one that perhaps did nothing."""
    path, body = f"/{collection(parse_name(effect.collection).noun)}", effect.body_of(asked)
    verb = _BY_CHANGE[effect.kind]
    if verb == "create":
        return Meaning(verb, path, body=body) if body else None
    key = effect.key_of(asked)
    if key is None or (verb == "update" and not body):
        return None
    return Meaning(verb, path, key, NOTHING if verb == "delete" else body)


def _by_effect(asked: Call, arguments: list[Any], changes: list[Change]) -> Meaning | None:
    """What the row that was told because of a call says of it, when it is one and about it."""
    if len(changes) != 1:
        return None
    change = changes[0]
    sent = [value for each in arguments for _, value in leaves(each)]
    sent += [each for each in arguments if not isinstance(each, dict | list)]
    set_ = {name: value for name, value in change.fields.items() if value in sent}
    path = f"/{collection(parse_name(change.collection).noun)}"
    if change.kind == "added":
        objects = [each for each in arguments if isinstance(each, dict)]
        return Meaning("create", path, body=objects[0] if objects else set_) if set_ else None
    if change.key not in sent:
        return None
    if change.kind == "changed" and not set_:
        return Meaning(None, f"{path}/{change.key}/{parse_name(asked.name).noun}")
    verb = _BY_CHANGE[change.kind]
    return Meaning(verb, path, change.key, NOTHING if verb == "delete" else set_)


def _action(asked: Call, arguments: list[Any]) -> Meaning:
    path = action_path(asked.name)
    body = arguments[0] if len(arguments) == 1 else arguments or NOTHING
    return Meaning(None, path, body=body)


def _on_entity(verb: Verb, path: str, noun: str, arguments: list[Any]) -> Meaning:
    key, rest = _key(verb, noun, arguments)
    objects = [each for each in rest if isinstance(each, dict | list)]
    if verb in ("list", "read", "delete"):
        asked: Any = next((each for each in objects if each), NOTHING)
        return Meaning(verb, path, key, query=asked)
    body = objects[0] if objects else NOTHING
    query = next((each for each in objects[1:] if each), NOTHING)
    return Meaning(verb, path, key, body, _options(body, query))


def _options(body: Any, query: Any) -> Any:
    """A second object asks for something besides, unless it takes the place of the first."""
    return NOTHING if body is NOTHING else query


def _key(verb: Verb, noun: str, arguments: list[Any]) -> tuple[str | None, list[Any]]:
    """Which row a call is about: its first plain argument, or a key in its first object."""
    if verb in ("create", "list"):
        return None, arguments
    if arguments and isinstance(arguments[0], str | int) and not isinstance(arguments[0], bool):
        return str(arguments[0]), arguments[1:]
    if not arguments or not isinstance(arguments[0], dict):
        return None, arguments
    own = {f"{noun.replace('-', '')}id", f"{noun.replace('-', '_')}_id"}
    for name, value in arguments[0].items():
        if (name in _KEYS or name.lower() in own) and isinstance(value, str | int):
            rest = {other: each for other, each in arguments[0].items() if other != name}
            return str(value), _spread(rest, arguments[1:])
    return None, arguments


def _spread(rest: dict[str, Any], more: list[Any]) -> list[Any]:
    """`{id, data: {…}}` sends the data; Mongo's `{$set: {…}}` what it sets."""
    inner = next(iter(rest.values()), None) if len(rest) == 1 else None
    if not rest and more:
        inner = more[0].get("$set") if isinstance(more[0], dict) else None
        return [inner, *more[1:]] if isinstance(inner, dict) else more
    return [inner if isinstance(inner, dict) else rest, *more] if rest else more
