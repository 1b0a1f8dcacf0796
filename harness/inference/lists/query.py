"""The query behind a list: which rows, narrowed by what, in which order, cut how.

By elimination in that order. Each step keeps the explanations that the answers do not contradict,
takes the simplest of them, and hands the rows that are left of each answer to the next.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

from harness.inference.lists import order as ordering
from harness.inference.lists.filters import Filters, learn_filters, narrowed
from harness.inference.lists.paging import (
    Cut,
    Roles,
    cursor_offsets,
    cut,
    full_page,
    learn_facts,
    learn_paging,
    paging_roles,
)
from harness.inference.lists.samples import Columns, Sample, read_samples, within_budget
from harness.inference.lists.scope import Scope, learn_scope
from harness.inference.model import Expr, Finding, Order, PageInfo, Paging, Param, Query, SortParam
from harness.inference.observe import Observation
from harness.inference.state.resources import Draft, Location, Shape
from harness.inference.state.rows import Row

_PAGE_HEADER = re.compile(r"total|count|page|limit|offset|cursor|next", re.IGNORECASE)
_OTHER_HEADER = re.compile(r"content|rate|(^|-)age$|allow|expose", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass
class ListFacts:
    """What was learned of a list.

    `total_key_exprs` explains scalars beside the list by their location. `seed_order` has the
    rows of the initial states, oldest first, where the order of the list rests on their age
    alone. `exact` of `total` answers are reproduced in rows, order and paging. `largest` is the
    longest answer.
    """

    query: Query
    total_key_exprs: dict[Location, PageInfo] = field(default_factory=dict)
    headers: dict[str, Expr] = field(default_factory=dict)
    params: list[Param] = field(default_factory=list)
    seed_order: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    exact: int = 0
    total: int = 0
    largest: int = 0


def learn_query(
    columns: Columns,
    observations: list[Observation],
    shape: Shape,
    draft: Draft,
    lookups: dict[str, tuple[str, Draft]],
) -> ListFacts:
    """Learn the query of an operation that lists (or deletes) rows of a draft.

    `lookups` maps a path parameter to the name and draft of the row that it addresses.
    """
    samples = read_samples(columns, observations, shape, draft, lookups)
    if not samples:
        return ListFacts(Query(entity=draft.name))
    return _Learner(columns, draft, samples, lookups).learn()


class _Learner:
    def __init__(
        self,
        columns: Columns,
        draft: Draft,
        samples: list[Sample],
        lookups: dict[str, tuple[str, Draft]],
    ) -> None:
        self.columns = columns
        self.draft = draft
        self.samples = samples
        self.telling = within_budget(samples)
        self.lookups = lookups
        self.where = "{} {}".format(*samples[0].observation.key)
        self.ranks = ordering.Ranks(columns, draft)
        self.names = list(dict.fromkeys(name for s in samples for name in s.params))
        self.sort = ordering.learn_sort(self.ranks, samples, self.names)
        self.roles: Roles = paging_roles(samples, self._sort_params())
        self.page_size = full_page(samples, self.roles)
        self.facts = ListFacts(Query(entity=draft.name), total=len(samples))
        self.facts.largest = max(len(sample.shown) for sample in samples)

    def learn(self) -> ListFacts:
        query = self.facts.query
        scope = self._learn_scope()
        query.scope = scope.predicates
        filters = self._learn_filters(scope)
        query.filters = [each.filter for each in filters.chosen if each.filter]
        query.order, query.sort = self._learn_order(), self.sort
        known = dict(zip(map(id, self.telling), filters.rows, strict=True))
        full = [
            self._sorted(sample, known.get(id(sample)) or self._select(sample, scope, filters))
            for sample in self.samples
        ]
        cursors = cursor_offsets(self.samples)
        query.paging = learn_paging(self.samples, full, self.roles, cursors)
        self._report_spare_paging(query.paging)
        pages = [
            cut(query.paging, sample, rows, cursors)
            for sample, rows in zip(self.samples, full, strict=True)
        ]
        self._judge(pages, full)
        self._read_facts(pages, full)
        self.facts.params = self._params()
        return self.facts

    # ------------------------------------------------------------------ the steps

    def _fits(self, sample: Sample, ids: set[int], *, complete: bool = True) -> bool:
        """Whether the rows could have given the answer, cut or whole."""
        if not sample.shown_ids <= ids:
            return False
        if sample.total is not None and sample.total <= len(sample.rows):
            return sample.total == len(ids) if complete else sample.total <= len(ids)
        unseen = sample.total is not None
        if (
            unseen
            or not complete
            or len(sample.shown_ids) == len(ids)
            or self.roles.starts_later(sample)
        ):
            return True
        limit = self.roles.limit(sample)
        return len(sample.shown) == (self.page_size if limit is None else min(limit, len(ids)))

    def _learn_scope(self) -> Scope:
        structural = {*self.roles.all, *self._sort_params()}

        def fits(sample: Sample, ids: set[int]) -> bool:
            return self._fits(sample, ids, complete=not set(sample.params) - structural)

        scope = learn_scope(self.columns, self.draft, self.telling, self.lookups, fits)
        if scope.contradicted:
            self._find("The rows of the list are explained only in part.", scope.contradicted)
        elif not any(sample.shown for sample in self.samples):
            self._find("Every answer was empty: which rows belong here is a guess.", self.samples)
        if scope.perhaps_own:
            detail = "Nobody else had rows: the list may be of the caller's own rows only."
            self._find(detail, self.samples, level="info")
        return scope

    def _learn_filters(self, scope: Scope) -> Filters:
        structural = {*self.roles.all, *self._sort_params()}
        filters = learn_filters(
            self.columns, self.draft, self.telling, scope.rows, structural, self._fits
        )
        self.facts.findings.extend(filters.findings)
        return filters

    def _learn_order(self) -> list[Order]:
        plain = [s for s in self.samples if not ordering.requested_order(self.sort, s)]
        learned = ordering.learn_order(self.ranks, plain)
        if learned.contradicted:
            self._find("The order of the list is explained only in part.", learned.contradicted)
        seeds = ordering.remember_seeds(self.ranks, plain, learned.order)
        if any(self.ranks.by_age(each.column) for each in learned.order):
            self.facts.seed_order = seeds
        return learned.order

    def _select(self, sample: Sample, scope: Scope, filters: Filters) -> set[int]:
        """Every row that the learned query selects."""
        ids = {id(row) for row in sample.rows}
        for atom in scope.atoms:
            ids &= atom.rows(sample)
        for each in filters.chosen:
            if each.filter:
                ids = narrowed(sample, ids, each, each.filter.param)
        return ids

    def _sorted(self, sample: Sample, ids: set[int]) -> list[Row]:
        """The selected rows in the learned order."""
        rows = [row for row in sample.rows if id(row) in ids]
        order = self.facts.query.order
        wanted = [*ordering.requested_order(self.sort, sample), *order]
        return ordering.sort_rows(self.ranks, wanted, rows, sample.index)

    def _judge(self, pages: list[Cut], full: list[list[Row]]) -> None:
        inexact = [
            sample
            for sample, page, rows in zip(self.samples, pages, full, strict=True)
            if page.rows != sample.shown or sample.total not in {None, len(rows)}
        ]
        self.facts.exact = len(self.samples) - len(inexact)
        if inexact:
            self._find("The query does not reproduce these answers.", inexact)

    def _report_spare_paging(self, paging: Paging | None) -> None:
        kept = {paging.limit_param, paging.offset_param} if paging else set()
        for name in self.roles.all:
            if name not in kept:
                used = [sample for sample in self.samples if name in sample.params]
                self._find(f"The parameter {name!r} pages the list in a second way.", used)

    # ------------------------------------------------------------------ around the list

    def _read_facts(self, pages: list[Cut], full: list[list[Row]]) -> None:
        seen = [
            (sample, page, len(rows) if sample.total is None else sample.total)
            for sample, page, rows in zip(self.samples, pages, full, strict=True)
        ]
        for location in dict.fromkeys(each for s in self.samples for each in s.scalars):
            values = [
                (s.scalars[location], s, page, total)
                for s, page, total in seen
                if location in s.scalars
            ]
            if (fact := learn_facts(values, location[-1])) is not None:
                self.facts.total_key_exprs[location] = fact
        for name in dict.fromkeys(name for s in self.samples for name in s.observation.headers):
            fact = self._header_fact(name, seen)
            if fact is not None:
                fact.asked_by = self._asked_by(name)
                self.facts.headers[name] = fact

    def _asked_by(self, name: str) -> list[str]:
        """The fewest paging parameters one of which is sent whenever an answer has the header."""
        told = [(s, s.observation.headers.get(name)) for s in self.samples]
        if all(text for _, text in told):
            return []
        names = list(dict.fromkeys([*self.roles.pages, *self.roles.limits, *self.roles.all]))
        for size in range(1, len(names) + 1):
            for group in combinations(names, size):
                asked = [(any(each in s.params for each in group), text) for s, text in told]
                if all(text is not None if yes else not text for yes, text in asked):
                    return list(group)
        return []

    def _header_fact(self, name: str, seen: list[tuple[Sample, Cut, int]]) -> PageInfo | None:
        texts = [s.observation.headers.get(name, "") for s in self.samples]
        if name == "link":
            return PageInfo(fact="links") if any('rel="' in text for text in texts) else None
        if not _PAGE_HEADER.search(name) or _OTHER_HEADER.search(name):
            return None
        values: list[tuple[Any, Sample, Cut, int]] = []
        for sample, page, total in seen:
            text = sample.observation.headers.get(name)
            if text is not None:
                values.append((int(text) if text.isdigit() else text, sample, page, total))
        return learn_facts(values, name, strict=True)

    def _params(self) -> list[Param]:
        query = self.facts.query
        used = [each.param for each in query.filters]
        if query.sort:
            used += [query.sort.param, query.sort.direction_param or ""]
        if query.paging:
            used += [query.paging.limit_param or "", query.paging.offset_param or ""]
        numbers = {*self.roles.limits, *self.roles.offsets, *self.roles.pages}
        return [
            Param(name=name, type="integer")
            if name in numbers
            else typed_param(name, self._values(name))
            for name in self.names
            if name in used
        ]

    def _values(self, name: str) -> list[str]:
        return [value for sample in self.samples for value in sample.params.get(name, ())]

    def _sort_params(self) -> set[str]:
        sort: SortParam | None = self.sort
        return {sort.param, sort.direction_param or sort.param} if sort else set()

    def _find(
        self,
        detail: str,
        samples: Iterable[Sample],
        level: Literal["info", "warning"] = "warning",
    ) -> None:
        evidence = [sample.observation.id for sample in samples]
        finding = Finding(level=level, where=self.where, detail=detail, evidence=evidence)
        self.facts.findings.append(finding)


def typed_param(name: str, values: list[str]) -> Param:
    """A query parameter with the narrowest type of its values; empty ones say nothing."""
    present = [value for value in values if value]
    if present and all(re.fullmatch(r"-?\d{1,18}", value) for value in present):
        return Param(name=name, type="integer")
    if present and all(re.fullmatch(r"-?\d+\.\d+|-?\d{1,18}", value) for value in present):
        return Param(name=name, type="number")
    if present and all(value in {"true", "false"} for value in present):
        return Param(name=name, type="boolean")
    if present and all(_UUID.fullmatch(value) for value in present):
        return Param(name=name, type="uuid")
    return Param(name=name)
