"""In which order a list shows its rows, and which parameter changes it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.columns import is_datetime, moment
from harness.inference.lists.samples import PRIMARY_KEY, Columns, Sample
from harness.inference.model import Order, SortParam
from harness.inference.state.resources import Draft, identity
from harness.inference.state.rows import UNKNOWN, Row

TOUCHED = "touched"
CREATED = "created"
"""Orders rows by when they were made where the primary key does not tell."""
_SORT = re.compile(r"(^|_)(sort|sort_by|sortby|order|order_by|orderby|ordering)(_|$)")
_DIRECTIONS = {"asc", "desc", "ascending", "descending", "ASC", "DESC"}
_RANKED = re.compile(r"(^|_)(position|order|rank|index|sort|priority|name|title)(_|$)")
_UNLIKELY = 4.0
_FEW = 6
_OPAQUE_KEYS = {"id", "_id", "uuid", "gid", "uid"}


class Ranks:
    """The places of rows under a column, for comparing them."""

    def __init__(self, columns: Columns, draft: Draft) -> None:
        self.columns = columns
        self.draft = draft
        rows = columns.world.rows[id(draft)]
        keys = [identity(row.first(draft.key)) for row in rows if draft.key in row.facts]
        numbers = sum(key is not None and key.isdigit() for key in keys)
        self.numbered = numbers * 2 > len(keys)
        self.opaque = not self.numbered and draft.key in _OPAQUE_KEYS
        self.shown_first: dict[int, int] = {}
        self.places: dict[int, int] = {}
        self.untouched: dict[int, int] = {}

    def of(self, row: Row, column: str, index: int) -> Any:
        """A value to sort by; None where the recording does not tell."""
        if column == PRIMARY_KEY:
            return self._creation(row)
        if column == TOUCHED:
            when = self.columns.touched(row, index)
            return (when, self.untouched.get(id(row), 0))
        if column == CREATED:
            unseen = len(self.places) + row.number
            age = row.born if row.born >= 0 else self.places.get(id(row), unseen)
            return (row.born >= 0, age)
        value = self.columns.value(row, [column], index)
        if isinstance(value, str):
            return _sortable(value)
        return value if isinstance(value, bool | int | float) else None

    def by_age(self, column: str) -> bool:
        """Whether a column orders rows by age without having a value in the answers."""
        return column in {CREATED, TOUCHED} or (column == PRIMARY_KEY and not self.numbered)

    def _creation(self, row: Row) -> tuple[Any, ...] | None:
        key = row.first(self.draft.key)
        if self.numbered:
            text = identity(key) if key is not UNKNOWN else None
            return (int(text),) if text is not None and text.isdigit() else None
        if self.opaque and self.draft.key in row.facts:
            return (str(key),)
        if row.born >= 0:
            return (1, row.born, row.number)
        place = self.shown_first.get(id(row))
        return None if place is None else (0, place)


@lru_cache(maxsize=8192)
def _sortable(text: str) -> float | str | None:
    """What a text sorts by: the moment where it is one."""
    return moment(text) if is_datetime(text) else text


@dataclass
class Ordering:
    order: list[Order] = field(default_factory=list)
    contradicted: list[Sample] = field(default_factory=list)


def learn_order(ranks: Ranks, samples: list[Sample]) -> Ordering:
    """Take the simplest order that the fewest answers of two or more rows contradict."""
    telling = [sample for sample in samples if len(sample.shown) > 1]
    remember_seeds(ranks, telling, [])
    if not telling:
        return Ordering()
    result = _best(ranks, telling, _candidates(ranks, telling))
    if result.contradicted:
        nested = _best(ranks, telling, _nested(ranks, telling))
        if nested.order and not nested.contradicted:
            return nested
    return result


def _best(
    ranks: Ranks, samples: list[Sample], candidates: Iterable[tuple[float, list[Order]]]
) -> Ordering:
    best: tuple[int, float] | None = None
    result = Ordering()
    for cost, order in candidates:
        contradicted = [s for s in samples if not in_order(ranks, order, s)]
        rank = (len(contradicted), cost)
        if best is None or rank < best:
            best, result = rank, Ordering(order, contradicted)
    return result


def seed_order(
    ranks: Ranks, samples: list[Sample], order: list[Order], *, moving: bool
) -> list[Row]:
    """The rows of the initial state, the oldest first, merged from the answers' order.

    An answer says which of its rows stand before which; where answers disagree or say nothing,
    the row seen first goes first. Where rows are `moving` when written, they say nothing after.
    """
    falling = bool(order) and order[0].descending
    later: dict[int, dict[int, Row]] = defaultdict(dict)
    waiting: Counter[int] = Counter()
    rows: dict[int, Row] = {}
    for sample in samples:
        seeds = [
            row
            for row in sample.shown
            if row.born < 0 and not (moving and ranks.columns.touched(row, sample.index) >= 0)
        ]
        rows.update((id(row), row) for row in seeds)
        for one, other in pairwise(reversed(seeds) if falling else seeds):
            if id(other) not in later[id(one)]:
                later[id(one)][id(other)] = other
                waiting[id(other)] += 1
    return list(_merged(rows, later, waiting))


def _merged(
    rows: dict[int, Row], later: dict[int, dict[int, Row]], waiting: Counter[int]
) -> Iterator[Row]:
    ready = [(row.number, mark) for mark, row in rows.items() if not waiting[mark]]
    heapify(ready)
    left = dict(rows)
    while left:
        mark = heappop(ready)[1] if ready else min(left, key=lambda each: left[each].number)
        if mark not in left:
            continue
        yield left.pop(mark)
        for each, row in later[mark].items():
            waiting[each] -= 1
            if not waiting[each] and each in left:
                heappush(ready, (row.number, each))


def remember_seeds(ranks: Ranks, samples: list[Sample], order: list[Order]) -> list[Row]:
    """Rank the rows of the initial state by age under an order; return them, oldest first."""
    made = seed_order(ranks, samples, order, moving=False)
    still = seed_order(ranks, samples, order, moving=True)
    ranks.places = {id(row): place for place, row in enumerate(made)}
    ranks.untouched = {id(row): place for place, row in enumerate(still)}
    if order:
        ranks.shown_first = ranks.places
    return still if any(each.column == TOUCHED for each in order) else made


def in_order(ranks: Ranks, order: list[Order], sample: Sample) -> bool:
    """Whether the rows of an answer stand in an order; what is unknown contradicts nothing."""
    return all(_compare(ranks, order, a, b, sample.index) <= 0 for a, b in pairwise(sample.shown))


def _compare(ranks: Ranks, order: list[Order], one: Row, other: Row, index: int) -> int:
    for each in order:
        left, right = ranks.of(one, each.column, index), ranks.of(other, each.column, index)
        if left is None or right is None or type(left) is not type(right):
            return 0
        if left != right:
            return -1 if (left < right) != each.descending else 1
    return 0


def sort_rows(ranks: Ranks, order: list[Order], rows: list[Row], index: int) -> list[Row]:
    """Sort rows by an order; rows without a value keep their place at the end."""
    for each in reversed(order):
        known: list[tuple[Any, Row]] = []
        unknown: list[Row] = []
        for row in rows:
            rank = ranks.of(row, each.column, index)
            if rank is None:
                unknown.append(row)
            else:
                known.append((rank, row))
        kinds = {isinstance(rank, str) for rank, _ in known}
        if len(kinds) > 1:
            known = [(str(rank), row) for rank, row in known]
        known.sort(key=lambda pair: pair[0], reverse=each.descending)
        rows = [*(row for _, row in known), *unknown]
    return rows


def _candidates(ranks: Ranks, samples: list[Sample]) -> Iterator[tuple[float, list[Order]]]:
    key = Order(column=PRIMARY_KEY), Order(column=PRIMARY_KEY, descending=True)
    if not ranks.opaque:
        yield 0.0, [key[0]]
        yield (1.0 if ranks.numbered else 2.0), [key[1]]
    shown = [(row, s.index) for s in samples for row in s.shown]
    if ranks.opaque or ranks.numbered:
        made = any(row.born >= 0 for row, _ in shown)
        yield 2.8 if made else _UNLIKELY + 0.9, [Order(column=CREATED)]
        if made:
            yield 2.9, [Order(column=CREATED, descending=True)]
    if any(ranks.columns.touched(row, index) >= 0 for row, index in shown):
        yield 3.0, [Order(column=TOUCHED)]
        yield 3.3, [Order(column=TOUCHED, descending=True)]
    for cost, order, tied in _by_columns(ranks, samples):
        if not tied and cost >= _UNLIKELY:
            yield cost, [order]
            continue
        yield cost + (0.3 if tied else 0.1 * (not ranks.opaque)), [order]
        if not ranks.opaque:
            yield cost + 0.05, [order, key[order.descending]]
            yield cost + 0.2, [order, key[not order.descending]]


def _nested(ranks: Ranks, samples: list[Sample]) -> Iterator[tuple[float, list[Order]]]:
    """Groups of equal values, each in an order of its own."""
    inner = [(cost, order) for cost, order in _candidates(ranks, samples) if len(order) == 1]
    for column in ranks.columns.typed(ranks.draft, bool, int, str):
        values = {repr(ranks.of(row, column, s.index)) for s in samples for row in s.shown}
        if not 1 < len(values) <= _FEW or "None" in values:
            continue
        for cost, order in inner:
            if order[0].column != column:
                yield 6.0 + cost, [Order(column=column, descending=True), *order]
                yield 6.1 + cost, [Order(column=column), *order]


def _by_columns(ranks: Ranks, samples: list[Sample]) -> Iterator[tuple[float, Order, bool]]:
    """Columns that tell most neighbours apart, with whether they leave some equal."""
    pairs = [(a, b, s.index) for s in samples for a, b in pairwise(s.shown)]
    for column in ranks.columns.fields(ranks.draft):
        if column == PRIMARY_KEY and not ranks.opaque:
            continue
        places = [(ranks.of(a, column, n), ranks.of(b, column, n)) for a, b, n in pairs]
        telling = sum(None not in (a, b) and a != b for a, b in places)
        unknown = sum(None in pair for pair in places)
        if telling * 2 >= len(places) and unknown * 4 <= len(places):
            tied = any(a == b for a, b in places)
            yield from ((cost, order, tied) for cost, order in _by_column(ranks, column))


def _by_column(ranks: Ranks, column: str) -> Iterator[tuple[float, Order]]:
    rising, falling = Order(column=column), Order(column=column, descending=True)
    kept = [value for value in ranks.columns.values(ranks.draft, column) if value is not None]
    if kept and all(is_datetime(value) for value in kept):
        made = 0.0 if re.search("creat|publish|added", column) else 0.1
        yield 1.2 + made, falling
        yield 1.4 + made, rising
    elif _RANKED.search(column):
        yield 1.6, rising
        yield _UNLIKELY + 0.2, falling
    else:
        yield _UNLIKELY, rising
        yield _UNLIKELY + 0.5, falling


# ------------------------------------------------------------------------------ sort parameter


def learn_sort(ranks: Ranks, samples: list[Sample], params: list[str]) -> SortParam | None:
    """Find the parameter whose values name columns by which the answers are sorted."""
    direction = next((p for p in params if all(v in _DIRECTIONS for v in _words(samples, p))), None)
    fields = ranks.columns.fields(ranks.draft)
    sortable = ranks.columns.typed(ranks.draft, str, int, float, bool)
    names = {alias: column for column in sortable for alias in (fields[column], column)}
    for param in sorted(params, key=lambda each: not _SORT.search(naming.snake(each))):
        words = [word.lstrip("-+") for word in _words(samples, param)]
        if param == direction or not words or not all(word in names for word in words):
            continue
        keys = {
            name: column
            for name, column in names.items()
            if name in fields.values() or name in words
        }
        several = any("," in text for s in samples for text in s.params.get(param, ()))
        sort = SortParam(param=param, keys=keys, direction_param=direction, several=several)
        used = [s for s in samples if param in s.params and len(s.shown) > 1]
        wrong = sum(not in_order(ranks, requested_order(sort, s), s) for s in used)
        if wrong * 2 < len(used) or (not used and _SORT.search(naming.snake(param))):
            return sort
    return None


def _words(samples: list[Sample], param: str) -> list[str]:
    texts = [text for sample in samples for text in sample.params.get(param, ())]
    return [word for text in texts for word in text.split(",") if word]


def requested_order(sort: SortParam | None, sample: Sample) -> list[Order]:
    """The order that a request asks for; several columns are separated by commas."""
    if sort is None:
        return []
    text = ",".join(sample.params.get(sort.param, ()))
    directions = ",".join(sample.params.get(sort.direction_param or "", ())).split(",")
    found = []
    for place, word in enumerate(filter(None, text.split(","))):
        column = sort.keys.get(word.lstrip("-+"))
        if column is None:
            return []
        way = directions[place] if place < len(directions) else ""
        descending = word.startswith("-") != way.lower().startswith("desc")
        found.append(Order(column=column, descending=descending))
    return found
