"""What lists of one entity have in common, carried over to those that did not show it."""

from collections import defaultdict

from harness.inference.lists.query import ListFacts
from harness.inference.model import Finding, Paging


def carry_over(lists: dict[tuple[str, str], ListFacts]) -> None:
    """Complete lists from their siblings; `lists` maps method and path to what was learned.

    An order is taken over where no answer had two rows, a default or largest page where no
    answer was long enough to show it.
    """
    families: dict[str, list[tuple[str, ListFacts]]] = defaultdict(list)
    for (method, path), facts in lists.items():
        families[facts.query.entity].append((f"{method} {path}", facts))
    for family in families.values():
        for where, facts in family:
            for other, source in family:
                if source is not facts:
                    _complete(facts, where, source, other)


def _complete(facts: ListFacts, where: str, source: ListFacts, other: str) -> None:
    taken = []
    if not facts.query.order and source.query.order and facts.largest < 2:  # noqa: PLR2004
        facts.query.order = [order.model_copy() for order in source.query.order]
        taken.append("order")
    mine, theirs = facts.query.paging, source.query.paging
    if mine is not None and theirs is not None and _same_params(mine, theirs):
        if mine.default_limit is None and facts.largest < (theirs.default_limit or 0):
            mine.default_limit = theirs.default_limit
            taken.append("default page size")
        if mine.max_limit is None and facts.largest < (theirs.max_limit or 0):
            mine.max_limit = theirs.max_limit
            taken.append("largest page size")
    if taken:
        detail = f"Assumed as in {other}: {', '.join(taken)}."
        facts.findings.append(Finding(level="info", where=where, detail=detail))


def _same_params(mine: Paging, theirs: Paging) -> bool:
    return mine.limit_param is not None and mine.limit_param == theirs.limit_param
