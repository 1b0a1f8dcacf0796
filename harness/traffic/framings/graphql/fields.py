"""Root fields of queries and mutations, explained as operations on entities.

A mutation says by its verb what it does; a query by its noun, and by what came back, whether it
lists or reads.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.traffic.framings.events import Answer, Call
from harness.traffic.framings.graphql import answers
from harness.traffic.framings.graphql.documents import Kind
from harness.traffic.framings.operations import Meaning, operation_of, success_of
from harness.traffic.framings.rest import NOTHING, Operation
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import collection, parse_name

_BY = re.compile(r"-by-[a-z-]+$")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEYS = ("id", "_id", "uuid", "slug")
_HOLDERS = frozenset(
    {"input", "data", "where", "filter", "attributes", "changes", "patch", "set", "values"}
    | {"payload", "params"}
)
_WRITES = ("create", "update", "replace", "delete")
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class FieldCall(Call):
    """A root field that was asked for; its one argument is the object of all of its arguments."""

    kind: Kind = "query"


@dataclass(slots=True)
class Habits:
    """What root fields of each name were seen to do.

    `keys` are arguments that say which row is read: the row shows them by the same name. `nouns`
    are what mutations create, change and delete.
    """

    lists: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    keys: set[tuple[str, str]] = field(default_factory=set)
    nouns: set[str] = field(default_factory=set)


def learn(turns: Iterable[Turn]) -> Habits:
    """Learn from all turns of a recording."""
    found = Habits()
    struck: set[tuple[str, str]] = set()
    for turn in turns:
        asked, reply = turn.asked, turn.reply
        if not isinstance(asked, FieldCall) or not isinstance(reply, Answer):
            continue
        if asked.kind == "mutation":
            name = parse_name(asked.name)
            if name.verb in _WRITES and name.noun:
                found.nouns.add(collection(name.noun))
        elif not reply.failed and reply.values[0] is not None:
            value = reply.values[0]
            (found.lists if _is_list(asked.name, value) else found.reads).add(asked.name)
            for argument, said in asked.arguments[0].items():
                same = isinstance(value, dict) and value.get(argument) == said
                (found.keys if same else struck).add((asked.name, argument))
    found.keys -= struck
    return found


def explain(turn: Turn, habits: Habits) -> Operation | None:
    """Return the operation of a root field; None where nothing says what it came to."""
    asked, reply = turn.asked, turn.reply
    if not isinstance(asked, FieldCall) or not isinstance(reply, Answer):
        return None
    meaning, answer = _meaning(asked, habits), reply.values[0]
    if reply.failed:
        return operation_of(meaning, answers.status_of(answer), answer)
    if meaning.verb == "read" and meaning.key is not None and answer is None:
        return operation_of(meaning, _NOT_FOUND, None)
    if meaning.verb == "delete" and answer is True:
        answer = NOTHING
    return operation_of(meaning, success_of(meaning, answer), answer)


def noun_of(kind: str, name: str) -> str:
    """Return what kind of thing a root field is about."""
    said = parse_name(name)
    if kind == "query" and (said.verb in _WRITES or not said.noun):
        return "-".join(_words(name))
    return _BY.sub("", said.noun) or "-".join(_words(name))


def key_in(name: str, arguments: dict[str, Any], kind: Kind) -> str | None:
    """Return the key of the row that a root field is about, where an argument is named like it."""
    if kind == "mutation" and parse_name(name).verb == "create":
        return None
    return _key(name, _flat(arguments), noun_of(kind, name), Habits())[0]


def _meaning(asked: FieldCall, habits: Habits) -> Meaning:
    arguments, noun = _flat(asked.arguments[0]), noun_of(asked.kind, asked.name)
    if asked.kind == "mutation":
        return _write(asked.name, arguments, noun, habits)
    listed = asked.name in habits.lists or (
        asked.name not in habits.reads and collection(noun) == noun
    )
    if listed:
        return Meaning("list", f"/{collection(noun)}", query=arguments or NOTHING)
    key, rest = _key(asked.name, arguments, noun, habits)
    path = f"/{noun}" if key is None else f"/{collection(noun)}"
    return Meaning("read", path, key, query=rest or NOTHING)


def _write(name: str, arguments: dict[str, Any], noun: str, habits: Habits) -> Meaning:
    verb = parse_name(name).verb
    if verb == "create" and noun:
        return Meaning(verb, f"/{collection(noun)}", body=arguments or NOTHING)
    if verb in _WRITES and noun:
        key, rest = _key(name, arguments, noun, habits)
        sent = (rest if verb != "delete" else {}) or NOTHING
        if key is not None:
            return Meaning(verb, f"/{collection(noun)}", key, sent)
        if collection(noun) != noun:
            return Meaning(verb, f"/{noun}", body=arguments or NOTHING)
    action, *words = _words(name)
    about = "-".join(words)
    if words and collection(about) in habits.nouns:
        key, rest = _key(name, arguments, about, habits)
        if key is not None:
            return Meaning(None, f"/{collection(about)}/{key}/{action}", body=rest or NOTHING)
    return Meaning(None, "/" + "-".join([action, *words]), body=arguments or NOTHING)


def _key(
    name: str, arguments: dict[str, Any], noun: str, habits: Habits
) -> tuple[str | None, dict[str, Any]]:
    """The argument that says which row it is, and the others."""
    own = {f"{noun}_id".replace("-", "_"), f"{noun}id".replace("-", "")}
    for argument, value in arguments.items():
        named = argument in _KEYS or argument.lower() in own or (name, argument) in habits.keys
        if named and isinstance(value, str | int) and not isinstance(value, bool):
            return str(value), {n: each for n, each in arguments.items() if n != argument}
    return None, arguments


def _flat(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments with the one that only holds the others (`input`) replaced by its members."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        holds = isinstance(value, dict) and (name in _HOLDERS or len(arguments) == 1)
        members = value if holds else {name: value}
        if members.keys() & found.keys():
            return arguments
        found |= members
    return found


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _is_list(name: str, value: Any) -> bool:
    """Whether an answer lists: it is a list, or holds one of the things that the name says."""
    if isinstance(value, list):
        return True
    noun = noun_of("query", name)
    holds = isinstance(value, dict) and any(isinstance(each, list) for each in value.values())
    return holds and (collection(noun) == noun or parse_name(name).verb == "list")
