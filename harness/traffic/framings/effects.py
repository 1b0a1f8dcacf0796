"""What calls of a name do to rows, learned from those whose effects were told.

Where the values of a told row were among the arguments shows what calls of that name send. Calls
that were refused, or that changed nothing, send the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.traffic.framings.events import Answer, Call, Change
from harness.traffic.framings.identities import credentials
from harness.traffic.framings.recipes import find
from harness.traffic.framings.turns import Turn

Place = tuple[int | str, ...]
"""Steps into the arguments of a call."""


@dataclass(slots=True)
class Effect:
    """A kind of change, and the places that the row's key and what it sets may come from."""

    kind: Literal["added", "changed", "removed"]
    collection: str
    key: set[Place]
    fields: dict[str, set[Place]] = field(default_factory=dict)

    def agrees(self, other: "Effect") -> bool:
        return (self.kind, self.collection) == (other.kind, other.collection) and (
            self.kind == "added" or bool(self.key & other.key)
        )

    def narrow(self, other: "Effect") -> None:
        """Strike out the places that another call of the name contradicts."""
        self.key &= other.key
        for name, places in other.fields.items():
            known = self.fields.get(name, places)
            self.fields[name] = known & places or known

    def key_of(self, asked: Call) -> str | None:
        """Return the key that a call is about; None where it holds none."""
        found = find(list(asked.arguments), _likeliest(self.key, "id")) if self.key else None
        return str(found) if isinstance(found, str | int) else None

    def body_of(self, asked: Call) -> dict[str, Any]:
        """Return what a call sends of the row."""
        said = dict(_leaves(asked.arguments))
        places = {name: _likeliest(each, name) for name, each in self.fields.items()}
        return {name: said[place] for name, place in places.items() if place in said}


Effects = dict[str, Effect]
"""The effects of calls by their names."""


def learn(turns: Iterable[Turn]) -> Effects:
    """Learn what the calls of each name did, where all of them did the same."""
    found: dict[str, Effect | None] = {}
    for turn in turns:
        effect = _of(turn)
        if effect is None or not isinstance(turn.asked, Call):
            continue
        known = found.setdefault(turn.asked.name, effect)
        if known is not None and known.agrees(effect):
            known.narrow(effect)
        else:
            found[turn.asked.name] = None
    return {name: effect for name, effect in found.items() if effect is not None}


def changes_by(turn: Turn) -> list[Change]:
    """Return what a call did to rows; who logs in is told who they are, which is no change."""
    if isinstance(turn.reply, Answer) and any(credentials(list(turn.reply.values))):
        return []
    return [each.event for each in turn.told if isinstance(each.event, Change)]


def _of(turn: Turn) -> Effect | None:
    """What one call did, where that is one change of a row, and of the row that it names."""
    changes = changes_by(turn)
    if len(changes) != 1 or not isinstance(turn.asked, Call):
        return None
    (change,) = changes
    said = list(_leaves(turn.asked.arguments))
    key = {place for place, value in said if value == change.key}
    if not key and change.kind != "added":
        return None
    fields = {name: _places(said, value) - key for name, value in change.fields.items()}
    kept = {name: places for name, places in fields.items() if places}
    return Effect(change.kind, change.collection, key, kept)


def _places(said: list[tuple[Place, Any]], value: Any) -> set[Place]:
    """Where a value is: `true` is not 1."""
    return {place for place, each in said if type(each) is type(value) and each == value}


def _likeliest(places: set[Place], name: str) -> Place:
    """Of several places, one of the same name, then the first."""
    return min(places, key=lambda place: (place[-1] != name, len(place), str(place)))


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every value in the arguments with its place, objects and lists besides their parts."""
    if place:
        yield place, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*place, name))
    elif isinstance(value, tuple) or (isinstance(value, list) and not place):
        for number, each in enumerate(value):
            yield from _leaves(each, (*place, number))
