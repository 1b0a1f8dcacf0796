"""Whole rows of the parts that selections asked for.

A member that one answer lacks is taken from another, where it cannot have changed between. Every
member starts as one that only requests change which name its row; answers strike that out, or show
that of those only the requests change it which name the member too.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.traffic.framings.graphql.documents import Field
from harness.traffic.framings.rest import NOTHING
from harness.traffic.framings.verbs import collection, parse_name

KEYS = ("id", "_id", "uuid")
_WRAPPERS = frozenset({"node", "nodes", "edges", "items", "results", "records", "data"})

Moment = tuple[float, int]
Place = tuple[str, ...]
"""The kind of thing that a root field is about, and the members that lead to a row."""
Member = tuple[str, str]
Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a root field was answered with, or told of. `moment` orders all of a recording.

    `key` is that of the row where only the arguments say it; `names` are the texts and members in
    the arguments of a mutation, None for what changes nothing; `asked` is when that began.
    """

    moment: Moment
    place: Place
    value: Any
    fields: tuple[Field, ...]
    key: str | None = None
    names: frozenset[str] | None = None
    asked: Moment | None = None


class Rows:
    """All rows that the answers of a recording tell of."""

    def __init__(self, seen: Iterable[Seen], typenames: dict[Place, str]) -> None:
        self._typenames = typenames
        self._shapes: dict[Place, dict[str, None]] = defaultdict(dict)
        self._members: dict[Row, dict[str, list[tuple[Moment, Any]]]] = {}
        self._keys: set[str] = set()
        self._touched: dict[str, list[tuple[Moment, frozenset[str]]]] = defaultdict(list)
        self._written: dict[str, list[Moment]] = defaultdict(list)
        self._everything: list[Moment] = []
        for each in sorted(seen, key=lambda each: each.moment):
            self._select(each.place, each.fields, keyed=each.key is not None)
            self._touch(each)
            self._see(each.place, each.value, each.key, each.moment)
        for written in (self._everything, *self._written.values()):
            written.sort()
        for touched in self._touched.values():
            touched.sort(key=lambda each: each[0])
        self._named_only, self._touched_only, self._written_only = self._habits()

    def whole(self, seen: Seen) -> Any:
        """Return what was seen, with all that is known of its rows."""
        return self._whole(seen.place, seen.value, seen.key, seen.moment)

    # -------------------------------------------------------------- what is seen

    def _select(self, place: Place, fields: Sequence[Field], *, keyed: bool = False) -> None:
        named = {each.name for each in fields}
        keyed = keyed or any(name in named for name in KEYS)
        for each in fields:
            if keyed and not each.is_introspection:
                self._shapes[place].setdefault(each.name)
            if each.fields:
                self._select(inner(place, each.name, keyed=keyed), each.fields)

    def _touch(self, seen: Seen) -> None:
        if seen.names is None:
            return
        told = set(_keys_in(seen.value))
        named = told | (self._keys & {*seen.names, seen.key or ""})
        for moment in (seen.asked or seen.moment, seen.moment):
            for key in named:
                self._touched[key].append((moment, seen.names))
            if not named:
                self._everything.append(moment)
            own = seen.key or (key_of(seen.value) if isinstance(seen.value, dict) else None)
            self._written[own or ""].append(moment)

    def _see(self, place: Place, value: Any, key: str | None, moment: Moment) -> None:
        if isinstance(value, list):
            for each in value:
                self._see(place, each, None, moment)
        if not isinstance(value, dict):
            return
        own = key_of(value) or key
        row: dict[str, list[tuple[Moment, Any]]] = {}
        if own is not None:
            self._keys.add(own)
            row = self._members.setdefault(self._row(place, own), {})
        for name, each in value.items():
            row.setdefault(name, []).append((moment, each))
            if isinstance(each, dict | list):
                self._see(inner(place, name, keyed=own is not None), each, None, moment)

    def _row(self, place: Place, key: str) -> Row:
        return self._typenames.get(place) or ".".join(place), key

    # -------------------------------------------------------------- what is known of it

    def _habits(self) -> tuple[set[Member], set[Member], set[Member]]:
        """Return the members that only requests change which name them, which name the row, or
        which are about it: those were not seen to change by others, nor to stay as they are.
        """
        shown: set[Member] = set()
        struck_named: set[Member] = set()
        struck_touched: set[Member] = set()
        seen: set[Member] = set()
        for (kind, key), members in self._members.items():
            for name, history in members.items():
                member = (kind, name)
                seen.add(member)
                for (at, one), (after, other) in pairwise(history):
                    touched = self._is_touched(key, at, after)
                    same = _agree(one, other)
                    if same and touched:
                        shown.add(member)
                    if not same and not touched:
                        struck_touched.add(member)
                    if not same and not self._is_named(key, name, at, after):
                        struck_named.add(member)
        return shown - struck_named, seen - struck_touched, seen - struck_named

    def _is_touched(self, key: str, begin: Moment, end: Moment) -> bool:
        moments = [at for at, _ in self._touched.get(key, [])]
        return any(
            bisect_right(each, begin) != bisect_right(each, end)
            for each in (moments, self._everything)
        )

    def _is_written(self, key: str, begin: Moment, end: Moment) -> bool:
        return any(
            bisect_right(each, begin) != bisect_right(each, end)
            for each in (self._written.get(key, []), self._everything)
        )

    def _is_named(self, key: str, name: str, begin: Moment, end: Moment) -> bool:
        named = [at for at, names in self._touched.get(key, []) if name in names]
        return bisect_right(named, begin) != bisect_right(named, end)

    def _known(self, row: Row, name: str, moment: Moment) -> Any:
        """Return what a member was at a moment; NOTHING where that is open."""
        history = self._members.get(row, {}).get(name, [])
        member, key = (row[0], name), row[1]
        before = [each for each in history if each[0] <= moment][-1:]
        after = [each for each in history if each[0] > moment][:1]
        for at, value in (*before, *after):
            begin, end = min(at, moment), max(at, moment)
            if member in self._named_only and not self._is_named(key, name, begin, end):
                return value
            if member in self._touched_only and not self._is_touched(key, begin, end):
                return value
            plain = member in self._written_only and not isinstance(value, dict | list)
            if plain and not self._is_written(key, begin, end):
                return value
        return NOTHING

    def _whole(self, place: Place, value: Any, key: str | None, moment: Moment) -> Any:
        if isinstance(value, list):
            return [self._whole(place, each, None, moment) for each in value]
        if not isinstance(value, dict):
            return value
        own = key_of(value) or key
        found = dict(value)
        if own is not None:
            shape = self._shapes.get(place, {})
            for name in shape:
                if name not in found:
                    found[name] = self._known(self._row(place, own), name, moment)
            found = {name: found.get(name, NOTHING) for name in (*shape, *found)}
        return {
            name: self._whole(inner(place, name, keyed=own is not None), each, None, moment)
            for name, each in found.items()
            if each is not NOTHING
        }


def inner(place: Place, name: str, *, keyed: bool) -> Place:
    """Return the place of a member; what wraps rows is no place of its own."""
    return place if not keyed and wraps(place, name) else (*place, name)


def wraps(place: Place, name: str) -> bool:
    """Whether a member is but what the things of a place are held in."""
    return name in _WRAPPERS or collection(parse_name(name).noun) == place[-1]


def key_of(value: dict[str, Any]) -> str | None:
    """Return the key of a row; None where it has none."""
    for name in KEYS:
        if isinstance(value.get(name), str | int):
            return str(value[name])
    return None


def _keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _keys_in(each)
    elif isinstance(value, dict):
        key = key_of(value)
        if key is not None:
            yield key
        for each in value.values():
            yield from _keys_in(each)


def _agree(one: Any, other: Any) -> bool:
    """Whether two values of a member may be the same one, of which both show parts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_agree(one[name], other[name]) for name in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    return type(one) is type(other) and bool(one == other)
