"""What the members of plain JSON messages are for, learned by elimination.

Every member starts as the one that names the message, and every pair of members as the reference
that an answer repeats of its call. Messages strike out those that they contradict.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

NAMES = ("type", "event", "action", "op", "operation", "command", "cmd", "method", "msg", "kind")
_PAYLOADS = ("payload", "data", "params", "body", "args", "arguments", "result", "message")
_ADDRESSES = ("url", "path", "uri")
_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head"})
_FAILED_WORDS = frozenset({"error", "failed", "failure", "fail"})
FLAGS = frozenset({"ok", "success"})
"""Members of an answer that say nothing but how it went."""
_LEAST = 0.8
"""The share of messages that a name must be in: some protocols have messages of their own."""
_FAILED_STATUS = 400


@dataclass(frozen=True, slots=True)
class Said:
    """A message that is a JSON object. Connections are numbers."""

    members: dict[str, Any]
    sent: bool
    connection: int = 0


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which members name a message, refer to a call, repeat that in an answer, hold the rest."""

    name: str | None = None
    asked: str | None = None
    answered: str | None = None
    payload: str | None = None


def best_grammar(messages: list[Said]) -> Grammar:
    """Return the grammar that the messages leave."""
    asked, answered = _references(messages) or (None, None)
    name = _name(messages, {asked, answered})
    return Grammar(name, asked, answered, _payload(messages, {name, asked, answered}))


def is_virtual_request(members: dict[str, Any]) -> bool:
    """Whether an object is an HTTP request: a method and an address."""
    method = members.get("method")
    return (
        isinstance(method, str)
        and method.lower() in _METHODS
        and any(str(members.get(name, "")).startswith("/") for name in _ADDRESSES)
    )


def failure_in(members: dict[str, Any]) -> bool | None:
    """Whether an answer says that the call failed; None where it does not say."""
    for name in ("ok", "success"):
        if isinstance(members.get(name), bool):
            return not members[name]
    if members.get("error"):
        return True
    status = members.get("status", members.get("statusCode"))
    if isinstance(status, int):
        return status >= _FAILED_STATUS
    words = {str(status).lower(), str(members.get("type")).lower()}
    return True if words & _FAILED_WORDS else None


def _name(messages: list[Said], taken: set[str | None]) -> str | None:
    """The member that says what each message wants: a word in nearly all of them."""
    counts = Counter(
        name
        for message in messages
        for name, value in message.members.items()
        if isinstance(value, str) and value and name not in taken
    )
    sent = [message for message in messages if message.sent]
    usual = [name for name, count in counts.items() if count >= _LEAST * len(messages)]
    asking = [
        name for name in counts if sent and all(isinstance(m.members.get(name), str) for m in sent)
    ]
    left = [name for name in NAMES if name in usual or name in asking]
    return left[0] if left else next(iter(sorted(asking)), None)


def _references(messages: list[Said]) -> tuple[str, str] | None:
    """The members by which answers name their calls: (of the call, of the answer).

    Each connection numbers its calls by itself.
    """
    matches: Counter[tuple[str, str]] = Counter()
    open_: dict[tuple[int, str], set[Any]] = defaultdict(set)
    struck: set[str] = set()
    repeated: set[str] = set()
    for message in messages:
        scalars = {
            name: value
            for name, value in message.members.items()
            if isinstance(value, str | int) and not isinstance(value, bool)
        }
        if message.sent:
            for name, value in scalars.items():
                if value in open_[message.connection, name]:
                    repeated.add(name)
                open_[message.connection, name].add(value)
            continue
        for name, value in scalars.items():
            known = [
                asked
                for (connection, asked), values in open_.items()
                if connection == message.connection and value in values
            ]
            if not known:
                struck.add(name)
            matches.update((asked, name) for asked in known)
    left = [pair for pair in matches if pair[0] not in repeated and pair[1] not in struck]
    return min(left, key=lambda pair: (-matches[pair], pair[0] != pair[1], pair), default=None)


def _fails(message: Said) -> bool:
    return not message.sent and failure_in(message.members) is True


def _payload(messages: list[Said], labels: set[str | None]) -> str | None:
    """The member that holds what messages are about, where they hold nothing besides."""
    for name in _PAYLOADS:
        holders = [each.members for each in messages if name in each.members]
        if holders and all(
            not any(isinstance(value, dict | list) for key, value in members.items() if key != name)
            and not isinstance(members[name], str | int | float)
            for members in holders
        ):
            bare = [each.members.keys() - labels - FLAGS for each in messages if not _fails(each)]
            return name if all(name in keys or len(keys) <= 1 for keys in bare) else None
    return None
