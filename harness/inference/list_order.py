"""In which order a list shows its rows, and which parameter changes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.inference import naming
from harness.inference.columns import is_datetime, moment
from harness.inference.list_samples import PRIMARY_KEY, Columns, Sample
from harness.inference.model import Order, SortParam
from harness.inference.resources import Draft, identity
from harness.inference.world import UNKNOWN, Row

TOUCHED = "touched"
_SORT = re.compile(r"(^|_)(sort|sort_by|sortby|order|order_by|orderby|ordering)(_|$)")
_DIRECTIONS = {"asc", "desc", "ascending", "descending", "ASC", "DESC"}
_RANKED = re.compile(r"(^|_)(position|order|rank|index|sort|priority|name|title)(_|$)")
_UNLIKELY = 4.0
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

    def of(self, row: Row, column: str, index: int) -> Any:
        """A value to sort by; None where the recording does not tell."""
        if column == PRIMARY_KEY:
            return self._creation(row)
        if column == TOUCHED:
            when = self.columns.touched(row, index)
            return (when, () if self.opaque else self._creation(row) or ())
        value = self.columns.value(row, [column], index)
        if isinstance(value, str):
            return moment(value) if is_datetime(value) else value
        return value if isinstance(value, bool | int | float) else None

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


@dataclass
class Ordering:
    order: list[Order] = field(default_factory=list)
    contradicted: list[Sample] = field(default_factory=list)


def learn_order(ranks: Ranks, samples: list[Sample]) -> Ordering:
    """Take the simplest order that the fewest answers of two or more rows contradict."""
    telling = [sample for sample in samples if len(sample.shown) > 1]
    if not telling:
        return Ordering()
    best: tuple[int, float] | None = None
    result = Ordering()
    for cost, order in _candidates(ranks, telling):
        contradicted = [s for s in telling if not in_order(ranks, order, s)]
        rank = (len(contradicted), cost)
        if best is None or rank < best:
            best, result = rank, Ordering(order, contradicted)
    return result


def remember_seed_order(ranks: Ranks, samples: list[Sample], order: list[Order]) -> None:
    """Rank rows of the initial state whose age is unknown as the answers show them."""
    first = order[0] if order else Order(column=PRIMARY_KEY)
    sign = -1 if first.descending else 1
    for sample in samples:
        for row in sample.shown:
            if row.born < 0 and id(row) not in ranks.shown_first:
                ranks.shown_first[id(row)] = sign * len(ranks.shown_first)


def in_order(ranks: Ranks, order: list[Order], sample: Sample) -> bool:
    """Whether the rows of an answer stand in an order; what is unknown contradicts nothing."""
    pairs = zip(sample.shown, sample.shown[1:], strict=False)
    return all(_compare(ranks, order, a, b, sample.index) <= 0 for a, b in pairs)


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
    yield 3.0, [Order(column=TOUCHED)]
    yield 3.3, [Order(column=TOUCHED, descending=True)]
    for column in ranks.columns.fields(ranks.draft):
        for cost, order in _by_column(ranks, column, samples):
            tied = _has_ties(ranks, column, samples)
            if not tied and cost >= _UNLIKELY:
                yield cost, [order]
                continue
            extra = 0.0 if ranks.opaque else 0.1
            yield cost + (0.3 if tied else extra), [order]
            if not ranks.opaque:
                yield cost + 0.05, [order, key[order.descending]]
                yield cost + 0.2, [order, key[not order.descending]]


def _by_column(
    ranks: Ranks, column: str, samples: list[Sample]
) -> Iterator[tuple[float, Order]]:
    values = {
        repr(ranks.of(row, column, sample.index)) for sample in samples for row in sample.shown
    }
    if len(values) < 2 or (column == PRIMARY_KEY and not ranks.opaque):  # noqa: PLR2004
        return
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


def _has_ties(ranks: Ranks, column: str, samples: list[Sample]) -> bool:
    return any(
        ranks.of(a, column, s.index) == ranks.of(b, column, s.index)
        for s in samples
        for a, b in zip(s.shown, s.shown[1:], strict=False)
    )


# ------------------------------------------------------------------------------ sort parameter


def learn_sort(ranks: Ranks, samples: list[Sample], params: list[str]) -> SortParam | None:
    """Find the parameter whose values name columns by which the answers are sorted."""
    direction = next(
        (p for p in params if all(v in _DIRECTIONS for v in _words(samples, p))), None
    )
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
        sort = SortParam(param=param, keys=keys, direction_param=direction)
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
