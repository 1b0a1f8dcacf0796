"""Rules that were seen on one field, carried over to others that do not contradict them.

A rule carries over when its error says the same of another field, with the names exchanged. It is
kept only if no request is known that breaks it and was answered otherwise.
"""

from collections import Counter
from typing import Any, cast

from harness.inference.model import Rule
from harness.inference.observe import Observation
from harness.inference.requests.error_trees import (
    expression,
    is_open,
    retold,
)
from harness.inference.requests.layout import JSON
from harness.inference.requests.request_facts import INVALID, RequestFacts
from harness.inference.requests.rule_catalogue import Catalogue, Target
from harness.inference.requests.violations import KINDS, breaks

Key = tuple[str, str]
_CREATES = "POST"
_ENOUGH = 2
_ENOUGH_FOR_UPDATES = 3


def assume(facts: dict[Key, RequestFacts]) -> None:
    """Extend observed rules, and the answer to unparsable bodies, over all operations."""
    catalogue = Catalogue(facts)
    for key, each in facts.items():
        if each.layout.envelope is not None:
            envelope = Target(key, each, "envelope", each.layout.envelope, each.body.envelope_rules)
            for kind in ("required", "not_null", "type"):
                _carry_over(catalogue, envelope, kind)
        if _needs_body(each):
            body = Target(key, each, "body", "", each.body.body_rules)
            for kind in ("required", "type"):
                _carry_over(catalogue, body, kind)
        for field in each.body.fields:
            target = Target(key, each, "field", field.name, field.rules, field)
            for kind in KINDS:
                if _likely(catalogue, target, kind):
                    _carry_over(catalogue, target, kind)
    _spread_unparsable(facts)


def _needs_body(facts: RequestFacts) -> bool:
    accepted = [each for each in facts.observations if each.ok]
    return (
        bool(facts.body.fields)
        and bool(accepted)
        and all(isinstance(facts.layout.body(each), dict) for each in accepted)
    )


def _likely(catalogue: Catalogue, target: Target, kind: str) -> bool:
    """Whether a field is of those that the rule would be written for."""
    creates = target.key[0] == _CREATES
    familiar = bool(target.rules) or catalogue.times_given(target) >= _ENOUGH
    if kind == "required":
        enough = _ENOUGH if creates else _ENOUGH_FOR_UPDATES
        if creates and catalogue.has_by_name(target, ("required",)):
            enough = 1
        sent = target.key[0] in {"POST", "PUT"} and target.always_sent(enough)
        return sent and not catalogue.optional_elsewhere(target)
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


def _carry_over(catalogue: Catalogue, target: Target, kind: str) -> None:
    if target.has(kind):
        return
    sources = catalogue.sources(kind, target) or catalogue.stand_ins(kind, target)
    for source in sources[:1]:
        name = target.name or target.facts.layout.envelope or ""
        if not name and is_open(source.template):
            return
        rule = Rule(
            kind=cast("Any", kind),
            limit=target.type if kind == "type" else source.rule.limit,
            status=source.rule.status,
            body=expression(retold(source.template, name), name),
            evidence=source.rule.evidence,
            assumed=True,
        )
        _keep_if_consistent(catalogue, target, rule)


def _keep_if_consistent(catalogue: Catalogue, target: Target, rule: Rule) -> None:
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


def _refuses_null(catalogue: Catalogue, target: Target) -> bool:
    return target.has("not_null") or catalogue.has_by_name(target, ("not_null", "required"))


def _concerns(target: Target, rule: Rule, observation: Observation) -> bool:
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
