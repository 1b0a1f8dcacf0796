"""Which exchanges count as right on a variant: what nobody can know about it is not held against.

The variant's answers are the recorded ones with other words and ids in them. Where a text or number
differs from exchange to exchange, and what clients sent does not account for it, it may follow from
that in a way that recordings do not tell: there, only its type is compared.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harness.traffic.exchange import Exchange, parse_json
from harness.verify.replay import Label
from harness.verify.report import Mismatch
from harness.verify.verify import Case, Verification

_INDEX = re.compile(r"\[\d+\]")
_WORD = re.compile(r"[^\W\d_]+")
_MOST = 20
"""Differences that are told of one exchange; where there are more, nothing is excused."""


@dataclass(slots=True)
class _Place:
    """What recordings show at one place of an endpoint's answers."""

    values: set[Any] = field(default_factory=set)
    strange: bool = False
    """Whether some text has words that neither clients sent nor every text there has."""


Places = Mapping[tuple[str, str], _Place]


def right(cases: Sequence[Case], found: Verification, label: Label) -> frozenset[str]:
    """Return the exchanges that are right in the replay of the variants of these cases."""
    places = _places(cases, label)
    wrong: dict[str, list[Mismatch]] = defaultdict(list)
    for mismatch in found.report.mismatches:
        wrong[mismatch.exchange].append(mismatch)
    excused = (
        name
        for name, mismatches in wrong.items()
        if len(mismatches) < _MOST and all(_excused(one, places) for one in mismatches)
    )
    return found.exact | frozenset(excused)


def _excused(mismatch: Mismatch, places: Places) -> bool:
    expected, actual = mismatch.expected, mismatch.actual
    if mismatch.level != "exact" or isinstance(expected, bool) or isinstance(actual, bool):
        return False
    alike = isinstance(actual, str) if isinstance(expected, str) else _numbers(expected, actual)
    place = places.get((mismatch.endpoint, _INDEX.sub("[]", mismatch.path)))
    if place is None or not alike or len(place.values) == 1:
        return False
    return place.strange or expected in place.values


def _numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _places(cases: Sequence[Case], label: Label) -> Places:
    places: dict[tuple[str, str], _Place] = defaultdict(_Place)
    sent: set[str] = set()
    for case in cases:
        sent |= _words(msgspec.json.encode(case.seed or {}).decode())
        for exchange in case.exchanges:
            endpoint, request = label(exchange), exchange.request
            sent |= _words(
                f"{request.path} {request.query} {request.body.decode(errors='replace')}"
            )
            for path, value in _leaves(exchange):
                places[endpoint, path].values.add(value)
    for place in places.values():
        shown = [_words(value) for value in place.values if isinstance(value, str)]
        common = set.intersection(*shown) if shown else set()
        place.strange = any(words - common - sent for words in shown)
    return places


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _leaves(exchange: Exchange) -> Iterator[tuple[str, Any]]:
    if exchange.response is None or not exchange.response.body:
        return
    try:
        yield from _walk("$", parse_json(exchange.response.body))
    except ValueError:
        return


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(f"{path}.{key}", item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(f"{path}[]", item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, value
