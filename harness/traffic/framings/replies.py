"""Pushes that say what calls came to, where no answer names its call.

A push that repeats what was sent does, and one that tells of an error. Of the others, it is the one
of the same kind of thing that came after every call of a name; else the only one that came after
each of them, and that nothing else brings about.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from harness.traffic.framings.events import Call, Push
from harness.traffic.framings.grammar import NAMES
from harness.traffic.framings.rest import NOTHING
from harness.traffic.framings.turns import Turn
from harness.traffic.framings.verbs import collection, parse_name

Replies = dict[str, str]
"""By the names of calls: the labels of what is pushed because of them."""

_ENVELOPE = "message"
_FAILED = frozenset({"error", "errors", "exception", "failed", "failure", "rejected", "denied"})
_REASONS = frozenset({"message", "code", "error", "reason", "status", "errors", "detail"})


def learn(turns: Iterable[Turn]) -> Replies:
    """Learn what is pushed because of the calls of each name that nothing answers."""
    families: dict[str, list[list[str]]] = defaultdict(list)
    claimed: set[str] = set()
    for turn in turns:
        pushes = list(_pushes(turn))
        if isinstance(turn.asked, Call) and not any(is_refusal(push) for push in pushes):
            families[turn.asked.name].append([label_of(push) for push in pushes])
            claimed |= {label_of(push) for push in pushes if echoes(turn.asked, push)}
    common = {name: list(_common(name, family)) for name, family in families.items()}
    akin = {name: [each for each in common[name] if _akin(name, each)] for name in common}
    claimed |= {label for labels in akin.values() for label in labels}
    found: Replies = {}
    for name, labels in common.items():
        others = [label for label in labels if label not in claimed]
        if akin[name]:
            found[name] = akin[name][0]
        elif len(others) == 1:
            found[name] = others[0]
    return found


def outcome(turn: Turn, known: Replies) -> tuple[bool, Push] | None:
    """Whether an unanswered call failed, and the push that says so; None where none does."""
    asked = turn.asked
    if not isinstance(asked, Call):
        return None
    pushes = list(_pushes(turn))
    for push in pushes:
        if is_refusal(push):
            return True, push
        if echoes(asked, push):
            return False, push
    expected = known.get(asked.name)
    return next(((False, push) for push in pushes if label_of(push) == expected), None)


def label_of(push: Push) -> str:
    """Return the name of a push; where that is but an envelope, what is inside names itself."""
    member = _labelled_by(push)
    return push.name if member is None else str(push.arguments[0][member])


def said_by(push: Push) -> Any:
    """Return what a push says besides its name; NOTHING where that is all."""
    said: Any = push.arguments[0] if push.arguments else NOTHING
    member = _labelled_by(push)
    return said if member is None else {n: value for n, value in said.items() if n != member}


def _labelled_by(push: Push) -> str | None:
    said = push.arguments[0] if push.arguments else None
    if push.name != _ENVELOPE or not isinstance(said, dict):
        return None
    return next((name for name in NAMES if isinstance(said.get(name), str)), None)


def is_refusal(push: Push) -> bool:
    """Whether a push tells of an error: by its name, and with a reason."""
    if not _FAILED & set(parse_name(label_of(push)).noun.split("-")):
        return False
    said = push.arguments[0] if push.arguments else None
    return isinstance(said, str) or (isinstance(said, dict) and bool(_REASONS & said.keys()))


def echoes(asked: Call, push: Push) -> bool:
    """Whether a push repeats what was sent: it is what the call came to."""
    sent = {name: value for each in asked.arguments for name, value in leaves(each)}
    told = {name: value for each in push.arguments for name, value in leaves(each)}
    return bool(sent) and all(told.get(name) == value for name, value in sent.items())


def leaves(value: Any) -> list[tuple[str, Any]]:
    """Return the members of an object, and of those in it, that hold no more of them."""
    if not isinstance(value, dict):
        return []
    found = [(name, each) for name, each in value.items() if not isinstance(each, dict | list)]
    return found + [pair for each in value.values() for pair in leaves(each)]


def _pushes(turn: Turn) -> Iterator[Push]:
    """Yield what was pushed after a call that nothing answers."""
    if turn.reply is None:
        yield from (each.event for each in turn.told if isinstance(each.event, Push))


def _common(name: str, family: list[list[str]]) -> Iterator[str]:
    """Yield the labels that came after every call, unless they tell of another deed."""
    verb = parse_name(name).verb
    for label in dict.fromkeys(family[0]):
        if parse_name(label).verb in (None, verb) and all(label in labels for labels in family):
            yield label


def _akin(name: str, label: str) -> bool:
    """Whether a call and a push name the same kind of thing, be it one or many."""
    called, told = parse_name(name).noun, parse_name(label).noun
    return bool(called) and collection(called) == collection(told)
