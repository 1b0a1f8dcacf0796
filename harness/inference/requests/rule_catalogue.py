"""Observed rules, and where else they may hold."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from harness.inference.model import InputField, Rule
from harness.inference.naming import literals, singular
from harness.inference.requests.error_trees import fingerprint, is_open, renamed, tree_of, words
from harness.inference.requests.request_facts import INVALID, RequestFacts
from harness.inference.requests.rule_limits import named_type
from harness.inference.state.tokens import PASSWORD

Key = tuple[str, str]
Place = Literal["body", "envelope", "field"]
_CREATES = "POST"
_HABIT = 2
_PREFIX = re.compile(r"api|rest|v\d+")
_JSON_TYPES = {"strings": "array"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule as it was observed, its error with the field's name left open."""

    key: Key
    content_type: str
    place: Place
    name: str
    type: str
    rule: Rule
    template: object


@dataclass(frozen=True, slots=True)
class Target:
    """A place that may be under rules of other places."""

    key: Key
    facts: RequestFacts
    place: Place
    name: str
    rules: list[Rule]
    field: InputField | None = None

    @property
    def type(self) -> str:
        return _json_type(self.field.type) if self.field else "object"

    def always_sent(self, times: int) -> bool:
        """Whether requests that were not found wrong in themselves all sent it, often enough."""
        known = self.facts.known[self.name]
        holders = [
            holder
            for each in self.facts.observations
            if each.status not in INVALID and (holder := self.facts.layout.fields(each))
        ]
        count = sum(self.name in holder for holder in holders)
        if known.requests:
            return known.always_sent and max(count, known.requests) >= times
        return count == len(holders) >= times

    def has(self, kind: str) -> bool:
        return any(rule.kind == kind for rule in self.rules)


class Catalogue:
    """Everything that was observed, and how it applies elsewhere."""

    def __init__(self, facts: dict[Key, RequestFacts]) -> None:
        self.facts = facts
        self.seen = list(_seen(facts))
        common = _common_segments(facts)
        self._segments = {key: _resources(key) - common for key in facts}
        spread = Counter[tuple[str, str]](
            (each.rule.kind, fingerprint(each.template)) for each in self.seen
        )
        self.seen = [
            each
            for each in self.seen
            if (is_open(each.template) or each.place == "body" or _spread(spread, each))
            and not _names_address(each, facts[each.key])
        ]

    def sources(self, kind: str, target: Target) -> list[Seen]:
        """Observed rules of a kind that can speak of the target, closest first."""
        alike = [
            each
            for each in self.seen
            if each.rule.kind == kind
            and each.place == target.place
            and each.content_type == target.facts.body.content_type
            and self._applies(each, target)
        ]
        return sorted(
            alike,
            key=lambda each: (
                each.key != target.key,
                each.name != target.name,
                each.key[0] != target.key[0],
            ),
        )

    def stand_ins(self, kind: str, target: Target) -> list[Seen]:
        """Rules of another kind or place whose error would serve: null is a wrong type, too."""
        if kind == "not_null":
            return [each for each in self.sources("type", target) if each.place == "field"]
        if kind == "required" and target.place == "envelope":
            return [
                each
                for each in self.seen
                if each.rule.kind == "required" and each.place == "field" and each.key == target.key
            ]
        if kind == "type":
            named = (each for each in self.sources("not_null", target) if each.place == "field")
            return [each for each in named if named_type(words(each.template, "")) == target.type]
        return []

    def _applies(self, seen: Seen, target: Target) -> bool:
        kind, same_name = seen.rule.kind, seen.name == target.name
        if target.place == "body" or kind == "required":
            return True
        if kind == "type":
            return bool(seen.rule.limit == target.type)
        if seen.type != target.type:
            return False
        if kind == "not_null":
            return True
        if kind == "not_blank":
            return seen.key == target.key or same_name or self._habit(seen)
        related = self.related(seen.key, target.key) or PASSWORD.search(target.name) is not None
        return same_name and related

    def _habit(self, seen: Seen) -> bool:
        """Whether the same is said of several fields of several operations."""
        alike = [
            each
            for each in self.seen
            if each.rule.kind == seen.rule.kind and each.template == seen.template
        ]
        return len(alike) > _HABIT and len({each.key for each in alike}) > 1

    def related(self, left: Key, right: Key) -> bool:
        """Whether two operations are about the same kind of resource, by their paths."""
        one, other = self._segments[left], self._segments[right]
        return one == other or bool(one & other)

    def optional_elsewhere(self, target: Target) -> bool:
        return any(
            key[0] == _CREATES
            and self.related(key, target.key)
            and target.name in each.known
            and not each.known[target.name].always_sent
            for key, each in self.facts.items()
        )

    def times_given(self, target: Target) -> int:
        return sum(
            len(each.known[target.name].given)
            for key, each in self.facts.items()
            if target.name in each.known and (key == target.key or self.related(key, target.key))
        )

    def has_by_name(self, target: Target, kinds: tuple[str, ...]) -> bool:
        return any(
            each.name == target.name
            and each.rule.kind in kinds
            and (each.key == target.key or self.related(each.key, target.key))
            for each in self.seen
        )


def _seen(facts: dict[Key, RequestFacts]) -> Iterator[Seen]:
    for key, each in facts.items():
        content_type, envelope = each.body.content_type, each.layout.envelope or ""
        for rule in each.body.body_rules:
            template = renamed(tree_of(rule.body), envelope)
            yield Seen(key, content_type, "body", "", "object", rule, template)
        for rule in each.body.envelope_rules:
            template = renamed(tree_of(rule.body), envelope)
            yield Seen(key, content_type, "envelope", envelope, "object", rule, template)
        for field in each.body.fields:
            for rule in field.rules:
                template = renamed(tree_of(rule.body), field.name)
                kind = _json_type(field.type)
                yield Seen(key, content_type, "field", field.name, kind, rule, template)


def _json_type(kind: str) -> str:
    return _JSON_TYPES.get(kind, kind)


def _common_segments(facts: Iterable[Key]) -> set[str]:
    """Segments that say nothing of the resource: the common ones, and prefixes like `api/v1`."""
    paths = [_resources(key) for key in facts]
    prefixes = {part for path in paths for part in path if _PREFIX.fullmatch(part)}
    return prefixes | (set.intersection(*paths) if len(paths) > 1 else set())


def _spread(spread: Counter[tuple[str, str]], seen: Seen) -> bool:
    return spread[seen.rule.kind, fingerprint(seen.template)] > 1


def _names_address(seen: Seen, facts: RequestFacts) -> bool:
    """Whether an error holds the address that was asked for: it is no other operation's."""
    origins = {each.origin for each in facts.observations}
    text = fingerprint(seen.template)
    return any(origin in text for origin in origins)


def _resources(key: Key) -> set[str]:
    return {singular(part) for part in literals(key[1])}
