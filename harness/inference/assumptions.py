"""Rules that were seen on one field, carried over to others that do not contradict them.

A rule carries over when its error says the same of another field, with the names exchanged. It is
kept only if no request is known that breaks it and was answered otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from harness.inference.error_trees import (
    expression,
    fingerprint,
    is_open,
    renamed,
    retold,
    tree_of,
)
from harness.inference.model import InputField, Rule
from harness.inference.naming import literals, singular
from harness.inference.observe import Observation
from harness.inference.request_facts import INVALID, RequestFacts
from harness.inference.requests import JSON
from harness.inference.violations import KINDS, breaks
from harness.inference.world import PASSWORD

Key = tuple[str, str]
Place = Literal["body", "envelope", "field"]
_CREATES = "POST"
_ENOUGH = 2
_ENOUGH_FOR_UPDATES = 3
_PREFIX = re.compile(r"api|rest|v\d+")
_JSON_TYPES = {"strings": "array"}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A rule as it was observed, its error with the field's name left open."""

    key: Key
    content_type: str
    place: Place
    name: str
    type: str
    rule: Rule
    template: object


@dataclass(frozen=True, slots=True)
class _Target:
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

    def has(self, kind: str) -> bool:
        return any(rule.kind == kind for rule in self.rules)


class _Catalogue:
    """Everything that was observed, and how it applies elsewhere."""

    def __init__(self, facts: dict[Key, RequestFacts]) -> None:
        self.facts = facts
        self.seen = list(_seen(facts))
        self.common = _common_segments(facts)
        spread = Counter[tuple[str, str]](
            (each.rule.kind, fingerprint(each.template)) for each in self.seen
        )
        self.seen = [
            each
            for each in self.seen
            if (is_open(each.template) or each.place == "body" or _spread(spread, each))
            and not _names_address(each, facts[each.key])
        ]

    def sources(self, kind: str, target: _Target) -> list[_Seen]:
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

    def _applies(self, seen: _Seen, target: _Target) -> bool:
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
            return seen.key == target.key or same_name
        related = self.related(seen.key, target.key) or PASSWORD.search(target.name) is not None
        return same_name and related

    def related(self, left: Key, right: Key) -> bool:
        """Whether two operations are about the same kind of resource, by their paths."""
        segments = [
            {singular(part) for part in literals(key[1])} - self.common for key in (left, right)
        ]
        return segments[0] == segments[1] or bool(segments[0] & segments[1])

    def optional_elsewhere(self, target: _Target) -> bool:
        return any(
            key[0] == _CREATES
            and self.related(key, target.key)
            and target.name in each.known
            and not each.known[target.name].always_sent
            for key, each in self.facts.items()
        )

    def times_given(self, target: _Target) -> int:
        return sum(
            len(each.known[target.name].given)
            for key, each in self.facts.items()
            if target.name in each.known and (key == target.key or self.related(key, target.key))
        )

    def has_by_name(self, target: _Target, kinds: tuple[str, ...]) -> bool:
        return any(
            each.name == target.name
            and each.rule.kind in kinds
            and (each.key == target.key or self.related(each.key, target.key))
            for each in self.seen
        )


def assume(facts: dict[Key, RequestFacts]) -> None:
    """Extend observed rules, and the answer to unparsable bodies, over all operations."""
    catalogue = _Catalogue(facts)
    for key, each in facts.items():
        if each.layout.envelope is not None:
            envelope = _Target(
                key, each, "envelope", each.layout.envelope, each.body.envelope_rules
            )
            for kind in ("required", "not_null", "type"):
                _carry_over(catalogue, envelope, kind)
        if _needs_body(each):
            body = _Target(key, each, "body", "", each.body.body_rules)
            for kind in ("required", "type"):
                _carry_over(catalogue, body, kind)
        for field in each.body.fields:
            target = _Target(key, each, "field", field.name, field.rules, field)
            for kind in KINDS:
                if _likely(catalogue, target, kind):
                    _carry_over(catalogue, target, kind)
    _spread_unparsable(facts)


def _seen(facts: dict[Key, RequestFacts]) -> Iterator[_Seen]:
    for key, each in facts.items():
        content_type, envelope = each.body.content_type, each.layout.envelope or ""
        for rule in each.body.body_rules:
            template = renamed(tree_of(rule.body), envelope)
            yield _Seen(key, content_type, "body", "", "object", rule, template)
        for rule in each.body.envelope_rules:
            template = renamed(tree_of(rule.body), envelope)
            yield _Seen(key, content_type, "envelope", envelope, "object", rule, template)
        for field in each.body.fields:
            for rule in field.rules:
                template = renamed(tree_of(rule.body), field.name)
                kind = _json_type(field.type)
                yield _Seen(key, content_type, "field", field.name, kind, rule, template)


def _spread(spread: Counter[tuple[str, str]], seen: _Seen) -> bool:
    return spread[seen.rule.kind, fingerprint(seen.template)] > 1


def _names_address(seen: _Seen, facts: RequestFacts) -> bool:
    """Whether an error holds the address that was asked for: it is no other operation's."""
    origins = {each.origin for each in facts.observations}
    text = fingerprint(seen.template)
    return any(origin in text for origin in origins)


def _json_type(kind: str) -> str:
    return _JSON_TYPES.get(kind, kind)


def _common_segments(facts: Iterable[Key]) -> set[str]:
    """Segments that say nothing of the resource: the common ones, and prefixes like `api/v1`."""
    paths = [{singular(part) for part in literals(template)} for _, template in facts]
    prefixes = {part for path in paths for part in path if _PREFIX.fullmatch(part)}
    return prefixes | (set.intersection(*paths) if len(paths) > 1 else set())


def _needs_body(facts: RequestFacts) -> bool:
    accepted = [each for each in facts.observations if each.ok]
    return (
        bool(facts.body.fields)
        and bool(accepted)
        and all(isinstance(facts.layout.body(each), dict) for each in accepted)
    )


def _likely(catalogue: _Catalogue, target: _Target, kind: str) -> bool:
    """Whether a field is of those that the rule would be written for."""
    creates, known = target.key[0] == _CREATES, target.facts.known[target.name]
    familiar = bool(target.rules) or catalogue.times_given(target) >= _ENOUGH
    if kind == "required":
        enough = _ENOUGH if creates else _ENOUGH_FOR_UPDATES
        sent = bool(known.values) and known.always_sent and target.key[0] in {"POST", "PUT"}
        sure = known.requests >= enough or (
            creates and catalogue.has_by_name(target, ("required",))
        )
        return sent and sure and not catalogue.optional_elsewhere(target)
    required = target.has("required")
    if kind == "not_null":
        return required or catalogue.has_by_name(target, ("not_null", "required"))
    if kind == "not_blank":
        return required or (
            not creates and catalogue.has_by_name(target, ("not_blank", "required"))
        )
    if kind == "type":
        by_form = target.facts.body.content_type != JSON
        return not by_form and (familiar or catalogue.has_by_name(target, ("type",)))
    return True


def _carry_over(catalogue: _Catalogue, target: _Target, kind: str) -> None:
    if target.has(kind):
        return
    sources = catalogue.sources(kind, target)
    if not sources and kind == "not_null":
        sources = catalogue.sources("type", target)
    for source in sources[:1]:
        name = target.name or target.facts.layout.envelope or ""
        if not name and is_open(source.template):
            return
        rule = Rule(
            kind=cast("Any", kind),
            limit=None if kind == "not_null" else source.rule.limit,
            status=source.rule.status,
            body=expression(retold(source.template, name), name),
            evidence=source.rule.evidence,
            assumed=True,
        )
        _keep_if_consistent(catalogue, target, rule)


def _keep_if_consistent(catalogue: _Catalogue, target: _Target, rule: Rule) -> None:
    facts, field = target.facts, target.field
    if rule.kind == "min_length" and rule.limit == 1 and target.has("not_blank"):
        return
    nullable = field.nullable if field else False
    if field and rule.kind == "type" and not _refuses_null(catalogue, target):
        field.nullable = True
    concerned = [each for each in facts.observations if _concerns(target, rule, each)]
    before = [facts.response(each) for each in concerned]
    target.rules.append(rule)
    target.rules.sort(key=lambda each: KINDS.index(each.kind))
    if any(_contradicts(facts, each, old) for each, old in zip(concerned, before, strict=True)):
        target.rules.remove(rule)
        if field:
            field.nullable = nullable


def _refuses_null(catalogue: _Catalogue, target: _Target) -> bool:
    return target.has("not_null") or catalogue.has_by_name(target, ("not_null", "required"))


def _concerns(target: _Target, rule: Rule, observation: Observation) -> bool:
    holder = target.facts.layout.fields(observation)
    if target.place != "field":
        return holder is None
    if holder is None or target.name not in holder:
        return rule.kind == "required"
    nullable = target.field.nullable if target.field else False
    return breaks(rule, holder[target.name], nullable=nullable)


def _contradicts(
    facts: RequestFacts, observation: Observation, before: tuple[int, object] | None
) -> bool:
    """Whether the rules now predict another answer than the one that was given."""
    after = facts.response(observation)
    if after == before:
        return False
    actual = (observation.status, observation.answer)
    if observation.ok or before == actual:
        return True
    public = observation.credential is None and any(
        each.ok and each.credential is None for each in facts.observations
    )
    passed = observation.status in INVALID | {409} or (public and observation.status == 401)  # noqa: PLR2004
    return passed and after != actual


def _spread_unparsable(facts: dict[Key, RequestFacts]) -> None:
    seen = [each.unparsable for each in facts.values() if each.unparsable is not None]
    if not seen:
        return
    texts = [template.model_dump_json() for template in seen]
    common = seen[texts.index(Counter(texts).most_common(1)[0][0])]
    for each in facts.values():
        if each.unparsable is None and each.body.content_type == JSON and each.body.fields:
            each.unparsable = common
