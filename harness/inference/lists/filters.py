"""What each query parameter selects: by elimination over columns, relations and ways to compare."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.inference import naming
from harness.inference.behaviours.columns import column_type, moment
from harness.inference.lists.samples import PRIMARY_KEY, Columns, Sample
from harness.inference.model import Filter, Finding
from harness.inference.state.resources import Draft
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import Row

Matches = Callable[[Row, Sample, str], bool]

_WAYS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"(^|_)(gte|ge|gt|min|from|since|after|start)(_|$)"), "gte"),
    (re.compile(r"(^|_)(lte|le|lt|max|to|until|before|end)(_|$)"), "lte"),
    (re.compile(r"(^|_)(ne|not|exclude)(_|$)"), "ne"),
    (re.compile(r"(^|_)(like|ilike|contains|icontains|matches)(_|$)"), "like"),
]
_SEARCH = re.compile(r"(^|_)(q|s|query|search|term|keywords?|text)(_|$)|^filter$")
_STEM = 4


class Fits(Protocol):
    """Whether an answer can be what a set of rows gives; `complete` if nothing else narrows it."""

    def __call__(self, sample: Sample, ids: set[int], *, complete: bool = True) -> bool: ...


@dataclass(eq=False)
class Candidate:
    """A way to read a parameter. None in place of a filter: the parameter changes nothing."""

    filter: Filter | None
    matches: Matches
    affinity: float
    cost: float


@dataclass
class Filters:
    """The chosen filters, and the rows that are left of each sample."""

    chosen: list[Candidate] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    rows: list[set[int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def learn_filters(
    columns: Columns,
    draft: Draft,
    samples: list[Sample],
    rows: list[set[int]],
    structural: set[str],
    fits: Fits,
) -> Filters:
    """Explain every parameter that is not about order or paging, the best isolated first."""
    result = Filters(rows=rows)
    unknown = dict.fromkeys(p for s in samples for p in s.params if p not in structural)
    open_params = sorted(unknown, key=lambda name: -_alone(samples, name, unknown))
    while open_params:
        param = open_params.pop(0)
        _explain(columns, draft, samples, param, set(open_params), fits, result)
    return result


def _alone(samples: list[Sample], name: str, unknown: dict[str, None]) -> int:
    return sum(name in s.params and len(set(unknown) & set(s.params)) == 1 for s in samples)


def _explain(
    columns: Columns,
    draft: Draft,
    samples: list[Sample],
    param: str,
    unexplained: set[str],
    fits: Fits,
    result: Filters,
) -> None:
    used = [n for n, s in enumerate(samples) if any(s.params.get(param, []))]
    best: tuple[int, float, float] | None = None
    winner: Candidate | None = None
    candidates = _candidates(columns, draft, samples, param, result.rows)
    for candidate in sorted(candidates, key=lambda each: (-each.affinity, each.cost)):
        if best is not None and best <= (0, -candidate.affinity, candidate.cost):
            continue
        wrong = 0
        for n in used:
            if not _keeps_shown(samples[n], candidate, param):
                wrong += 1
            elif best is None or wrong <= best[0]:
                left = narrowed(samples[n], result.rows[n], candidate, param)
                alone = not unexplained & set(samples[n].params)
                wrong += not fits(samples[n], left, complete=alone)
            if best is not None and wrong > best[0]:
                break
        rank = (wrong, -candidate.affinity, candidate.cost)
        if best is None or rank < best:
            best, winner = rank, candidate
    if best is None or winner is None or not used:
        result.ignored.append(param)
        return
    _adopt(samples, param, winner, best[0], used, result)


def _adopt(
    samples: list[Sample],
    param: str,
    winner: Candidate,
    wrong: int,
    used: list[int],
    result: Filters,
) -> None:
    evidence = [samples[n].observation.id for n in used]
    where = "{} {}".format(*samples[0].observation.key)
    if wrong * 2 > len(used) or (winner.filter is None and wrong):
        result.ignored.append(param)
        detail = f"Nothing explains what the parameter {param!r} selects; it is left out."
        finding = Finding(level="warning", where=where, detail=detail, evidence=evidence)
        result.findings.append(finding)
        return
    if winner.filter is None:
        result.ignored.append(param)
        return
    if wrong:
        detail = f"The filter {param!r} explains {len(used) - wrong} of {len(used)} answers."
        finding = Finding(level="warning", where=where, detail=detail, evidence=evidence)
        result.findings.append(finding)
    winner.filter.evidence = evidence
    result.chosen.append(winner)
    winner.filter.ignore_empty = _ignores_empty(samples, param, winner, result.rows)
    for n, sample in enumerate(samples):
        result.rows[n] = narrowed(sample, result.rows[n], winner, param)


def _ignores_empty(
    samples: list[Sample], param: str, winner: Candidate, rows: list[set[int]]
) -> bool:
    """Whether `?param=` filtered nothing wherever it was seen; true without evidence."""
    for sample, ids in zip(samples, rows, strict=True):
        if sample.params.get(param) == [""]:
            strict = {id(r) for r in sample.rows if id(r) in ids and winner.matches(r, sample, "")}
            only_strict = sample.shown_ids <= strict and len(strict) < len(ids)
            if only_strict and sample.total in {None, len(strict)}:
                return False
    return True


def _keeps_shown(sample: Sample, candidate: Candidate, param: str) -> bool:
    texts = [text for text in sample.params[param] if text]
    return all(any(candidate.matches(row, sample, text) for text in texts) for row in sample.shown)


def narrowed(sample: Sample, ids: set[int], candidate: Candidate, param: str) -> set[int]:
    """The rows that a parameter leaves; several values of one parameter are alternatives."""
    texts = [text for text in sample.params.get(param, ()) if text]
    if not texts:
        empty = param in sample.params
        strict = candidate.filter is not None and not candidate.filter.ignore_empty
        if not (empty and strict):
            return set(ids)
        texts = [""]
    matches = candidate.matches
    if len(texts) == 1:
        text = texts[0]
        return {id(row) for row in sample.rows if id(row) in ids and matches(row, sample, text)}
    return {
        id(row)
        for row in sample.rows
        if id(row) in ids and any(matches(row, sample, text) for text in texts)
    }


# ------------------------------------------------------------------------------ candidates


def _candidates(
    columns: Columns, draft: Draft, samples: list[Sample], param: str, rows: list[set[int]]
) -> Iterator[Candidate]:
    name = re.sub(r"^(filters?|where)_(?=.)", "", re.sub(r"_+", "_", naming.snake(param)))
    yield Candidate(None, _always, 0.5, 1)
    for path, target in _paths(columns, draft):
        affinity = _affinity(name, path)
        yield _compared(columns, param, "eq", path, affinity, len(path))
        if target is draft or affinity:
            for pattern, way in _WAYS:
                if pattern.search(name):
                    yield _compared(columns, param, way, path, affinity + 0.2, len(path))
    for column in columns.typed(draft, list):
        affinity = _affinity(name, [column])
        yield _compared(columns, param, "contains", [column], affinity, 2)
    texts = [
        column
        for column in columns.typed(draft, str)
        if column_type(columns.values(draft, column)) == "string"
    ]
    for column in texts:
        yield _compared(columns, param, "like", [column], _affinity(name, [column]), 4)
    for link in columns.world.links:
        if link.target is draft and columns.world.user is not None:
            yield from _by_link(columns, param, name, link, columns.world.user)
    yield _search(columns, param, name, texts, samples, rows)


def _always(_row: Row, _sample: Sample, _text: str) -> bool:
    return True


def _paths(columns: Columns, draft: Draft) -> Iterator[tuple[list[str], Draft]]:
    """Column paths over at most one foreign key, with the draft they end in."""
    own = columns.fields(draft)
    yield from (([column], draft) for column in own)
    for key, parent in columns.keys.of(draft).items():
        if key not in own:
            yield [key], draft
        yield from (([key, column], parent) for column in columns.fields(parent))


def _compared(
    columns: Columns, param: str, way: Any, path: list[str], affinity: float, cost: float
) -> Candidate:
    compare = _COMPARE[way]

    def matches(row: Row, sample: Sample, text: str) -> bool:
        return compare(columns.value(row, path, sample.index), text)

    return Candidate(Filter(param=param, op=way, path=path), matches, affinity, cost)


def _by_link(
    columns: Columns, param: str, name: str, link: LinkDraft, user: Draft
) -> Iterator[Candidate]:
    def by_column(column: str) -> Matches:
        def matches(row: Row, sample: Sample, text: str) -> bool:
            return any(
                columns.linked(link, source, row, sample.index)
                for source in columns.world.all_rows(user, row.recording)
                if _equal(columns.value(source, [column], sample.index), text)
            )

        return matches

    affinity = 2.0 * _akin(name, naming.snake(link.name))
    for cost, column in enumerate([PRIMARY_KEY, *columns.typed(user, str, int)]):
        key = naming.snake(user.key)
        if column == PRIMARY_KEY and key != PRIMARY_KEY:
            continue
        selected = Filter(param=param, op="linked", path=[column], link=link.name)
        yield Candidate(selected, by_column(column), affinity + 0.1 * (column == key), 3 + cost)


def _search(
    columns: Columns,
    param: str,
    name: str,
    texts: list[str],
    samples: list[Sample],
    rows: list[set[int]],
) -> Candidate:
    """Text in any of the columns that never match a row left out of a whole answer."""
    kept = list(texts)
    for sample, ids in zip(samples, rows, strict=True):
        whole = sample.total is None or sample.total == len(sample.shown)
        if len([p for p in sample.params if sample.params[p] != [""]]) == 1 and whole:
            for text in filter(None, sample.params.get(param, ())):
                left_out = [r for r in sample.rows if id(r) in ids - sample.shown_ids]
                kept = [
                    column
                    for column in kept
                    if not any(
                        _contains_text(columns.value(row, [column], sample.index), text)
                        for row in left_out
                    )
                ]

    def matches(row: Row, sample: Sample, text: str) -> bool:
        return any(_contains_text(columns.value(row, [c], sample.index), text) for c in kept)

    selected = Filter(param=param, op="search", paths=[[column] for column in kept])
    return Candidate(selected, matches, 2.0 if _SEARCH.search(name) else 0.0, 5)


# ------------------------------------------------------------------------------ comparing


def _equal(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() in ({"true", "1"} if value else {"false", "0"})
    return value is not None and not isinstance(value, dict | list | Row) and str(value) == text


def _contains_text(value: Any, text: str) -> bool:
    return isinstance(value, str) and text.lower() in value.lower()


def _like(value: Any, text: str) -> bool:
    """A pattern where the text is one, whatever its case."""
    if not isinstance(value, str):
        return False
    try:
        return re.search(text, value, re.IGNORECASE) is not None
    except re.error:
        return _contains_text(value, text)


def _ordered(value: Any, text: str) -> int | None:
    """-1, 0 or 1 as the value is below, at or above the text."""
    left: Any = value
    right: Any = text
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        try:
            right = float(text)
        except ValueError:
            return None
    elif isinstance(value, str):
        times = (moment(value), moment(text))
        if None not in times:
            left, right = times
    else:
        return None
    return int(left > right) - int(left < right)


_COMPARE: dict[str, Callable[[Any, str], bool]] = {
    "eq": _equal,
    "ne": lambda value, text: not _equal(value, text),
    "gte": lambda value, text: _ordered(value, text) in {0, 1},
    "lte": lambda value, text: _ordered(value, text) in {-1, 0},
    "like": _like,
    "contains": lambda value, text: isinstance(value, list) and text in value,
}


def _affinity(name: str, path: list[str]) -> float:
    """How much a parameter is called like a column: 2 the same, 1 in part, 0 not at all."""
    plain = [re.sub(r"_(id|ids|list)$", "", step) for step in path]
    whole = {path[-1], "_".join(path), "_".join(plain), plain[0]}
    if name in whole or naming.singular(name) in {naming.singular(each) for each in whole}:
        return 2.0 - 0.1 * (len(path) - 1)
    words = {word for step in plain for word in step.split("_")}
    return 1.0 if any(_akin(one, other) for one in name.split("_") for other in words) else 0.0


def _akin(one: str, other: str) -> bool:
    """Whether two words share their stem: `favorited` and `favorite`, `tag` and `tags`."""
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    return common >= min(len(one), len(other), _STEM + (len(one) > _STEM)) and common > 1
