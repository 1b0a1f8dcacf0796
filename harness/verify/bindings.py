"""Bindings: which live value stands for which recorded one.

A recorded value may differ from the live one only if the original made it up: a token, an id, a
timestamp, a random suffix. It must not have been told to the original before (in a request, in
the initial state), must look generated, and the live value must look the same way. A binding once
made holds for the rest of the replay, in both directions.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from harness.verify.clock import Clock, Stamp, parse_stamp
from harness.verify.known import Known
from harness.verify.tokens import same_subject
from harness.verify.values import (
    id_owner,
    is_id_key,
    is_id_list_key,
    is_one_piece,
    is_opaque,
    kind,
    noun,
    same_format,
    same_random_id,
    suffix_only,
    words,
)

_SEPARATORS = re.compile(r"([\s/?&=;,!*`\"'<>()\[\]{}#|\\]+)")
_FINE_SEPARATORS = re.compile(r"([:.@])")
_SHORTEST_WORD = 4
_AUTHORITY = 2
"""Where the host of a URL stands among its parts; an id may follow it at once."""
_SHORT_NUMBER = re.compile(r"0|[1-9][0-9]{0,10}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its key, what it belongs to, and whether it can be new here.

    `own` is the id of the resource that a response is about, not of one it refers to; `write`
    says that the request was not a mere reading one.
    """

    key: str = ""
    owner: str = ""
    own: bool = False
    write: bool = False


class Bindings:
    """Recorded values bound to live ones, and the rules by which they may be."""

    def __init__(self, known: Known | None = None, clock: Clock | None = None) -> None:
        self.known = known or Known()
        self.clock = clock or Clock()
        self._live: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self._live_ids: dict[str, dict[str, str]] = defaultdict(dict)
        self._recorded_ids: dict[str, dict[str, str]] = defaultdict(dict)
        self._stamps: dict[str | float, str | float] = {}

    # ------------------------------------------------------------------ comparing

    def match_text(self, expected: str, actual: str, place: Place) -> bool:
        """Whether a live text is what the recorded one asks for; bind it if it is new."""
        if _is_id_place(place) and _both(_SHORT_NUMBER, expected, actual):
            return self._match_id(expected, actual, place)
        if self._match_whole(expected, actual):
            return True
        if _is_id_place(place) and self._match_new_id(expected, actual):
            return True
        return self._match_parts(expected, actual, place, _SEPARATORS)

    def match_number(self, expected: float, actual: float, place: Place) -> bool:
        """The same for numbers; their types are the caller's business."""
        if isinstance(expected, int) and isinstance(actual, int) and _is_id_place(place):
            return self._match_id(str(expected), str(actual), place)
        return expected == actual or self._match_stamp(expected, actual)

    def match_opaque(self, expected: str, actual: str) -> bool:
        """The same for values without any format, such as those of cookies."""
        if expected in self._live:
            return self._live[expected] == actual
        if expected != actual and (self.known.has_text(expected) or not is_opaque(expected)):
            return False
        return self._bind(expected, actual)

    def match_keys(self, expected: Iterable[str], actual: Iterable[str]) -> dict[str, str]:
        """Return which live key stands for which recorded one; generated ones pair up in order."""
        left, right = list(expected), set(actual)
        names = {key: live for key in left if (live := self._live.get(key, key)) in right}
        free = [key for key in actual if key not in names.values()]
        for key in left:
            if key not in names and kind(key) is not None:
                found = next((one for one in free if self._match_whole(key, one)), None)
                if found is not None:
                    names[key] = found
                    free.remove(found)
        return names

    def _match_whole(self, expected: str, actual: str) -> bool:
        if expected in self._live:
            return self._live[expected] == actual or self._is_renewed_token(expected, actual)
        if expected == actual:
            return kind(expected) is None or self._bind(expected, actual)
        if self._match_stamp(expected, actual):
            return True
        if self.known.has_text(expected) or self.known.has_text(actual):
            return False
        made_up = same_format(expected, actual) and (
            kind(expected) != "random" or not self._says_something(expected, actual)
        )
        if made_up or self._has_new_suffix(expected, actual):
            return self._bind(expected, actual)
        return False

    def _match_new_id(self, expected: str, actual: str) -> bool:
        """Whether both are random ids, even if one of them reads like a name by chance."""
        if expected in self._live or self.known.has_text(expected) or self.known.has_text(actual):
            return False
        if not same_random_id(expected, actual) or self._says_something(expected, actual):
            return False
        return self._bind(expected, actual)

    def _says_something(self, expected: str, actual: str) -> bool:
        """Whether words that only one of them has were told before: a slug, a file name."""
        return any(
            len(word) >= _SHORTEST_WORD and self.known.has_word(word)
            for word in words(expected) ^ words(actual)
        )

    def _bind(self, expected: str, actual: str) -> bool:
        if self._recorded.get(actual, expected) != expected:
            return False
        self._live[expected] = actual
        self._recorded[actual] = expected
        return True

    def _is_renewed_token(self, expected: str, actual: str) -> bool:
        """Whether a token that was issued again differs only in its time of issue."""
        if actual in self._recorded or not same_subject(self._live[expected], actual):
            return False
        self._live[expected] = actual
        self._recorded[actual] = expected
        return True

    def _has_new_suffix(self, expected: str, actual: str) -> bool:
        suffixes = suffix_only(expected, actual)
        return suffixes is not None and not any(map(self.known.has_word, suffixes))

    def _match_stamp(self, expected: str | float, actual: str | float) -> bool:
        wanted, seen = parse_stamp(expected), parse_stamp(actual)
        if wanted is None or seen is None:
            return False
        bound = self._stamps.get(expected)
        if bound is not None:
            return (
                bound == actual
                or self._is_same_moment(bound, seen)
                or (wanted.coarse and self.clock.same_moment(wanted, seen))
            )
        told = self.known
        if told.has_text(str(expected)) or told.has_moment(wanted) or told.has_moment(seen):
            return False
        if not self.clock.same_moment(wanted, seen):
            return False
        self._stamps[expected] = actual
        return True

    def _is_same_moment(self, bound: str | float, seen: Stamp) -> bool:
        stamp = parse_stamp(bound)
        return stamp is not None and self.clock.same_live_exchange(stamp, seen)

    def _match_id(self, expected: str, actual: str, place: Place) -> bool:
        owner = id_owner(place.key) or place.owner
        live, recorded = self._live_ids[owner], self._recorded_ids[owner]
        if expected in live:
            return live[expected] == actual
        if actual in recorded:
            return False
        if expected != actual and not self._may_bind_id(expected, actual, owner, place):
            return False
        live[expected] = actual
        recorded[actual] = expected
        return True

    def _may_bind_id(self, expected: str, actual: str, owner: str, place: Place) -> bool:
        if self.known.has_id(owner, expected) or self.known.has_id(owner, actual):
            return False
        elsewhere = {ids[expected] for ids in self._live_ids.values() if expected in ids}
        if actual in elsewhere:
            return True
        new = place.own and place.write
        if not new and (elsewhere or self.known.has_id_of_any(expected)):
            return place.own and self._keeps_distance(int(expected), int(actual), owner)
        return self._keeps_order(int(expected), int(actual), owner)

    def _keeps_distance(self, expected: int, actual: int, owner: str) -> bool:
        """Whether the sequence was as far ahead at the last id before."""
        pairs = [(int(one), int(other)) for one, other in self._live_ids[owner].items()]
        before = max((pair for pair in pairs if pair[0] < expected), default=None)
        return before is not None and actual - expected == before[1] - before[0]

    def _keeps_order(self, expected: int, actual: int, owner: str) -> bool:
        pairs = self._live_ids[owner].items()
        return all((int(one) < expected) == (int(other) < actual) for one, other in pairs)

    def _match_parts(
        self, expected: str, actual: str, place: Place, separators: re.Pattern[str]
    ) -> bool:
        if expected in self._live or is_one_piece(expected):
            return False
        left, right = separators.split(expected), separators.split(actual)
        if len(left) != len(right) or left[1::2] != right[1::2]:
            return False
        if len(left) == 1:
            if separators is _FINE_SEPARATORS:
                return self._match_bound_id(expected, actual)
            return self._match_parts(expected, actual, place, _FINE_SEPARATORS)
        return all(
            self._match_part(one, other, _part_place(left, index * 2, place), separators)
            for index, (one, other) in enumerate(zip(left[::2], right[::2], strict=True))
        )

    def _match_part(self, one: str, other: str, place: Place, separators: re.Pattern[str]) -> bool:
        if separators is _FINE_SEPARATORS:
            return self._match_whole(one, other) or self._match_bound_id(one, other)
        if place.key and _both(_SHORT_NUMBER, one, other):
            return self._match_id(one, other, place)
        return (
            one == other
            or self._match_whole(unquote(one), unquote(other))
            or self._match_parts(one, other, place, _FINE_SEPARATORS)
        )

    def _match_bound_id(self, expected: str, actual: str) -> bool:
        return any(ids.get(expected) == actual for ids in self._live_ids.values())

    # ---------------------------------------------------------------- translating

    def translate_text(self, text: str, place: Place) -> str:
        """Return a text of a recorded request as it is to be said to the live backend."""
        if text in self._live:
            return self._live[text]
        if (stamp := self._stamps.get(text)) is not None:
            return str(stamp)
        if _is_id_place(place) and _SHORT_NUMBER.fullmatch(text):
            return self._translate_id(text, place)
        for separators in (_SEPARATORS, _FINE_SEPARATORS):
            parts = separators.split(text)
            if len(parts) > 1:
                parts[::2] = [
                    self._translate_part(part, _part_place(parts, index * 2, place))
                    for index, part in enumerate(parts[::2])
                ]
                text = "".join(parts)
        return text

    def translate_number(self, value: float, place: Place) -> float:
        if isinstance(value, int) and _is_id_place(place):
            return int(self._translate_id(str(value), place))
        stamp = self._stamps.get(value, value)
        return value if isinstance(stamp, str) else stamp

    def _translate_part(self, part: str, place: Place) -> str:
        if part in self._live:
            return self._live[part]
        if place.key and _SHORT_NUMBER.fullmatch(part):
            return self._translate_id(part, place)
        return part

    def _translate_id(self, value: str, place: Place) -> str:
        owner = id_owner(place.key) or place.owner
        if value in self._live_ids[owner]:
            return self._live_ids[owner][value]
        if self.known.has_id(owner, value):
            return value
        elsewhere = {ids[value] for ids in self._live_ids.values() if value in ids}
        return elsewhere.pop() if len(elsewhere) == 1 else value


def path_place(previous: str) -> Place:
    """Return the place of a path segment after another one."""
    return Place(key="id", owner=noun(unquote(previous)))


def _part_place(parts: list[str], index: int, place: Place) -> Place:
    """Return the place of a part of a text: after `/collection/`, or after `name=`."""
    if index == 0:
        return Place(write=place.write)
    separator, before = parts[index - 1], parts[index - 2]
    if separator == "/" and index > _AUTHORITY and parts[index - 3] == "//":
        return Place(key="id", write=place.write)
    if separator == "/" and any(c.isalpha() for c in before):
        return Place(key="id", owner=noun(before), write=place.write)
    if separator == "=" and is_id_key(before):
        return Place(key=before, owner=place.owner, write=place.write)
    return Place(write=place.write)


def _is_id_place(place: Place) -> bool:
    return is_id_key(place.key) or is_id_list_key(place.key)


def _both(pattern: re.Pattern[str], one: str, other: str) -> bool:
    return pattern.fullmatch(one) is not None and pattern.fullmatch(other) is not None
