"""Which exchanges count as right on a variant: what nobody can know about it is not held against.

The variant's answers are the recorded ones with other words and ids in them. A text or number that
differs from exchange to exchange, and shows none of the words that were changed, may follow from
them in a way that recordings do not tell: there, only its type is compared.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from harness.traffic.exchange import Exchange, parse_json
from harness.verify.replay import Label
from harness.verify.report import Mismatch
from harness.verify.verify import Case, Verification

_INDEX = re.compile(r"\[\d+\]")
_MOST = 20
"""Differences that are told of one exchange; where there are more, nothing is excused."""

Varying = dict[tuple[str, str], set[Any]]


def right(cases: Sequence[Case], found: Verification, label: Label) -> frozenset[str]:
    """Return the exchanges that are right in the replay of the variants of these cases."""
    varying = _varying(cases, label)
    wrong: dict[str, list[Mismatch]] = defaultdict(list)
    for mismatch in found.report.mismatches:
        wrong[mismatch.exchange].append(mismatch)
    excused = (
        name
        for name, mismatches in wrong.items()
        if len(mismatches) < _MOST and all(_excused(one, varying) for one in mismatches)
    )
    return found.exact | frozenset(excused)


def _excused(mismatch: Mismatch, varying: Varying) -> bool:
    expected, actual = mismatch.expected, mismatch.actual
    if mismatch.level != "exact" or isinstance(expected, bool) or isinstance(actual, bool):
        return False
    alike = isinstance(actual, str) if isinstance(expected, str) else _numbers(expected, actual)
    seen = varying.get((mismatch.endpoint, _INDEX.sub("[]", mismatch.path)), set())
    return alike and len(seen) > 1 and expected in seen


def _numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _varying(cases: Sequence[Case], label: Label) -> Varying:
    """Return the texts and numbers that recordings show at each place of an endpoint's answers."""
    seen: Varying = defaultdict(set)
    for exchange in (one for case in cases for one in case.exchanges):
        endpoint = label(exchange)
        for path, value in _leaves(exchange):
            seen[endpoint, path].add(value)
    return seen


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
