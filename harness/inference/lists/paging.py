"""How a list is cut into pages, and what its answers say about them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from harness.inference import naming
from harness.inference.lists.samples import Sample
from harness.inference.model import PageInfo, Paging
from harness.inference.state.rows import Row

_LIMIT = re.compile(
    r"(^|_)(limit|size|per_page|perpage|page_size|pagesize|count|take|top|first|max_results)$"
)
_OFFSET = re.compile(r"(^|_)(offset|skip|start|start_index|from)$")
_PAGE = re.compile(r"(^|_)(page|page_number|page_no|pagenumber|p|pg)$")
_CURSOR = re.compile(r"cursor|continuation|(^|_)(page_token|after|starting_after)$")
_END = re.compile(r"(^|_)(end|to|before|ending_before)$")
_FULL_PAGE = 5

Fact = Literal[
    "total", "count", "limit", "offset", "page", "pages", "has_more", "next_cursor", "links"
]
_FACT_NAMES: dict[Fact, str] = {
    "pages": r"pages|page_?count|last_?page",
    "total": r"total|count|matches|hits",
    "limit": r"limit|per_?page|size|take",
    "offset": r"offset|skip|start|from",
    "page": r"page|current",
    "count": r"count|returned|length|size",
    "has_more": r"more|has_?next",
    "next_cursor": r"cursor|next|token|continuation",
}


@dataclass
class Roles:
    """The parameters that page a list, by what they could be."""

    limits: list[str] = field(default_factory=list)
    offsets: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.limits, *self.offsets, *self.pages, *self.cursors, *self.ends]

    def limit(self, sample: Sample) -> int | None:
        return next((n for p in self.limits if (n := sample.number(p)) is not None), None)

    def starts_later(self, sample: Sample) -> bool:
        """Whether an answer may not begin with the first row."""
        later = any(sample.number(p) not in {None, 0} for p in self.offsets)
        later = later or any(sample.number(p) not in {None, 0, 1} for p in self.pages)
        return later or any(p in sample.params for p in [*self.cursors, *self.ends])


def paging_roles(samples: list[Sample], taken: set[str]) -> Roles:
    """Sort parameters into roles by the field's own words, then by what limits answers."""
    roles = Roles()
    for param in dict.fromkeys(p for sample in samples for p in sample.params):
        name = naming.snake(param)
        values = [s.number(param) for s in samples if any(s.params.get(param, []))]
        numeric = any(value is not None for value in values)
        if param in taken or not values:
            continue
        if _CURSOR.search(name):
            roles.cursors.append(param)
        elif numeric and _LIMIT.search(name):
            roles.limits.append(param)
        elif numeric and _PAGE.search(name):
            roles.pages.append(param)
        elif numeric and _OFFSET.search(name):
            roles.offsets.append(param)
        elif numeric and _END.search(name) and roles.offsets:
            roles.ends.append(param)
        elif None not in values and _limits(samples, param):
            roles.limits.append(param)
    return roles


def _limits(samples: list[Sample], param: str) -> bool:
    """Whether answers fill up to different values of a parameter, and never beyond."""
    pairs = [(n, len(s.shown)) for s in samples if (n := s.number(param)) is not None]
    full = {value for value, count in pairs if value == count}
    return len(full) > 1 and all(count <= value for value, count in pairs)


def full_page(samples: list[Sample], roles: Roles) -> int | None:
    """The size of answers that look cut although no limit was asked for."""
    sizes = [len(sample.shown) for sample in samples if roles.limit(sample) is None]
    largest = max(sizes, default=0)
    looks_cut = largest >= _FULL_PAGE and (sizes.count(largest) > 1 or largest % _FULL_PAGE == 0)
    return largest if looks_cut else None


@dataclass
class Cut:
    """A page of a list: its rows, and where it stands."""

    rows: list[Row]
    offset: int
    limit: int | None
    page: int


def cut(paging: Paging | None, sample: Sample, rows: list[Row], cursors: dict[str, int]) -> Cut:
    """Cut the page that a request asks for."""
    if paging is None:
        return Cut(rows, 0, None, 1)
    limit = sample.number(paging.limit_param)
    limit = paging.default_limit if limit is None else limit
    if limit is not None and paging.max_limit is not None:
        limit = min(limit, paging.max_limit)
    number = sample.number(paging.offset_param)
    if paging.style == "page":
        page = paging.first_page if number is None else number
        offset = max(page - paging.first_page, 0) * (limit or 0)
    else:
        text = (sample.params.get(paging.offset_param or "") or [""])[-1]
        offset = max(cursors.get(text, number or 0), 0)
        page = 1 + (offset // limit if limit else 0)
    end = None if limit is None else offset + max(limit, 0)
    return Cut(rows[offset:end], offset, limit, page)


def cursor_offsets(samples: list[Sample]) -> dict[str, int]:
    """Where each cursor leads: behind the answer that it came with."""
    found: dict[str, int] = {}
    for sample in samples:
        before = next(
            (found[text] for texts in sample.params.values() for text in texts if text in found), 0
        )
        for location, value in sample.scalars.items():
            if isinstance(value, str) and re.search(_FACT_NAMES["next_cursor"], location[-1]):
                found[value] = before + len(sample.shown)
    return found


def learn_paging(
    samples: list[Sample], full: list[list[Row]], roles: Roles, cursors: dict[str, int]
) -> Paging | None:
    """Take the simplest way of cutting that reproduces the most answers."""
    best: tuple[int, float] | None = None
    winner: Paging | None = None
    for cost, paging in _ways(samples, full, roles):
        exact = sum(
            cut(paging, sample, rows, cursors).rows == sample.shown
            for sample, rows in zip(samples, full, strict=True)
        )
        rank = (-exact, cost)
        if best is None or rank < best:
            best, winner = rank, paging
    if winner is not None:
        params = [p for p in (winner.limit_param, winner.offset_param) if p]
        winner.evidence = [s.observation.id for s in samples if any(p in s.params for p in params)]
    return winner


def _ways(
    samples: list[Sample], full: list[list[Row]], roles: Roles
) -> Iterator[tuple[float, Paging | None]]:
    if not roles.all:
        yield 0.0, None
    starts: list[tuple[float, Literal["offset", "page"], str | None, int]] = [
        *((1.0, "page", name, 1) for name in roles.pages),
        *((1.1, "page", name, 0) for name in roles.pages),
        *((1.2, "offset", name, 1) for name in [*roles.offsets, *roles.cursors]),
        (2.0, "offset", None, 1),
    ]
    limits = enumerate([*roles.limits, None])
    for (place, limit), (cost, style, start, first) in product(limits, starts):
        said = _said(samples, limit)
        default, most = said or _bounds(samples, full, limit, roles)
        for size, top in [said] if said else product({None, default}, {None, most}):
            extra = place * 0.5 + (size is not None) * 0.2 + (top is not None) * 0.3
            yield (
                cost + extra,
                Paging(
                    style=style,
                    limit_param=limit,
                    offset_param=start,
                    default_limit=size,
                    max_limit=top,
                    first_page=first,
                ),
            )


def _bounds(
    samples: list[Sample], full: list[list[Row]], limit: str | None, roles: Roles
) -> tuple[int | None, int | None]:
    """The default and the largest page, where answers were cut without having asked for it."""
    unasked: list[tuple[int, int]] = []
    excessive: list[tuple[int, int]] = []
    for sample, rows in zip(samples, full, strict=True):
        asked, shown = sample.number(limit), len(sample.shown)
        if roles.starts_later(sample):
            continue
        available = len(rows) if sample.total is None else sample.total
        if asked is None:
            unasked.append((shown, available))
        elif shown < min(asked, available):
            excessive.append((shown, available))
    counted = any(sample.total is not None for sample in samples)
    return _ceiling(unasked, counted=counted), _ceiling(excessive, counted=counted)


def _said(samples: list[Sample], limit: str | None) -> tuple[int | None, int | None] | None:
    """The default and the largest page, where answers repeat the limit that they keep."""
    for location in dict.fromkeys(place for sample in samples for place in sample.scalars):
        if not re.search(_FACT_NAMES["limit"], location[-1], re.IGNORECASE):
            continue
        pairs = [(s.number(limit), s.scalars[location]) for s in samples if location in s.scalars]
        if not all(type(said) is int and said > 0 for _, said in pairs):
            continue
        default = {said for asked, said in pairs if asked is None}
        lowered = {said for asked, said in pairs if asked is not None and said < asked}
        raised = any(asked is not None and said > asked for asked, said in pairs)
        if len(default) <= 1 and len(lowered) <= 1 and not raised:
            return next(iter(default), None), next(iter(lowered), None)
    return None


def _ceiling(answers: list[tuple[int, int]], *, counted: bool) -> int | None:
    """The one size at which answers are cut, if they are; small ones only if a total says so."""
    size = max((shown for shown, _ in answers), default=0)
    cut_short = any(shown < available for shown, available in answers)
    same = all(shown == min(size, available) for shown, available in answers)
    return size if size >= (1 if counted else _FULL_PAGE) and cut_short and same else None


# ------------------------------------------------------------------------------ page facts


def learn_facts(
    values: list[tuple[Any, Sample, Cut, int]], name: str, *, strict: bool = False
) -> PageInfo | None:
    """What a value beside the list says of the page: (value, answer, page, total) each time."""
    best: tuple[float, int] | None = None
    winner: Fact | None = None
    for place, fact in enumerate(_FACT_NAMES):
        fitting = sum(_says(fact, value, page, total) for value, _, page, total in values)
        named = re.search(_FACT_NAMES[fact], name, re.IGNORECASE) is not None
        if not named or (strict and fitting < len(values)):
            continue
        if not _possible(fact, [value for value, *_ in values]):
            continue
        rank = (-fitting / len(values), place)
        if best is None or rank < best:
            best, winner = rank, fact
    return PageInfo(fact=winner) if winner else None


def _says(fact: Fact, value: Any, page: Cut, total: int) -> bool:
    more = page.offset + len(page.rows) < total
    if fact == "next_cursor":
        return (value is not None) is more
    expected: dict[str, Any] = {
        "total": total,
        "count": len(page.rows),
        "limit": page.limit,
        "offset": page.offset,
        "page": page.page,
        "pages": -(-total // page.limit) if page.limit else 1,
        "has_more": more,
    }
    return bool(value == expected[fact])


def _possible(fact: Fact, values: list[Any]) -> bool:
    if fact == "has_more":
        return all(isinstance(value, bool) for value in values)
    if fact == "next_cursor":
        texts = [value for value in values if value is not None]
        return bool(texts) and all(isinstance(v, str) and "://" not in v for v in texts)
    return all(type(value) is int for value in values)
