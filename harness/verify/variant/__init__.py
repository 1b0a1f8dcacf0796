"""The held-out variant of a recording: the same story with fresh names, titles, texts and ids.

A backend that has the behaviour answers it as it answers the recording; one that looks recorded
requests up does not know it. `vocabulary` finds the words that may change, `renaming` the words
that they become, `leaves` reads and replaces the texts of exchanges, `numbers` moves the ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.inference.paths.templates import Templates, learn
from harness.traffic.exchange import Exchange
from harness.verify.variant.freshening import Freshening
from harness.verify.variant.leaves import rewritten, rewritten_json
from harness.verify.variant.numbers import free_offset
from harness.verify.variant.vocabulary import Vocabulary
from harness.verify.verify import Case

_CHOSEN_PARTS = ("tables", "links")


@dataclass(frozen=True)
class Variant:
    """A variant to replay; how many texts of clients there are, and how many of them are fresh."""

    case: Case
    chosen: int
    fresh: int

    @property
    def share(self) -> float:
        return self.fresh / self.chosen if self.chosen else 0.0


def variant(case: Case, salt: str) -> Variant:
    """Return a recording with fresh values; the same salt gives the same ones."""
    played = [exchange for exchange in case.exchanges if exchange.is_http]
    templates = learn(played)
    vocabulary = Vocabulary(templates, {one.request.host for one in played})
    vocabulary.add_seed(case.seed or {})
    for exchange in played:
        vocabulary.add(exchange)
    fresh = Freshening(vocabulary, salt)
    case_of_it = Case(
        case.name,
        [_exchange(one, templates, fresh) for one in case.exchanges],
        _seed(case, fresh),
        free_offset(case, salt),
    )
    changed = sum(fresh(text) != text for text in vocabulary.chosen)
    return Variant(case_of_it, len(vocabulary.chosen), changed)


def _exchange(exchange: Exchange, templates: Templates, fresh: Freshening) -> Exchange:
    if not exchange.is_http:
        return exchange
    request = exchange.request
    match = templates.match(request.method, request.host, request.path)
    return rewritten(exchange, [*match.params.values()] if match else [], fresh)


def _seed(case: Case, fresh: Freshening) -> Mapping[str, Any] | None:
    """Return the initial state with fresh rows; tokens and ids are what they were."""
    if case.seed is None:
        return None
    return {
        part: rewritten_json(content, fresh) if part in _CHOSEN_PARTS else content
        for part, content in case.seed.items()
    }
