"""The rules of request bodies, learned from the requests that were refused.

A refused value can break only the rules that no accepted value breaks; the error says which of
them it did break. What several rules answer together is the merge of their own answers.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Literal, cast

from harness.inference.model import Const, InputField, RequestBody, ResponseTemplate, Rule
from harness.inference.observe import UNPARSABLE, Observation
from harness.inference.requests.assumptions import assume
from harness.inference.requests.error_trees import (
    clash,
    expression,
    fingerprint,
    mentioned,
    part_for,
    tree_of,
    with_holes,
    words,
)
from harness.inference.requests.layout import Layout, input_field, known_fields, layout_of
from harness.inference.requests.request_facts import RequestFacts, faults_of
from harness.inference.requests.rule_limits import limit_for
from harness.inference.requests.violations import (
    ABSENT,
    KINDS,
    STRANGE,
    STRUCTURAL,
    Known,
    breaks,
    choose,
)

Key = tuple[str, str]
Place = Literal["body", "envelope", "field"]
PASSED_OVER = frozenset({404, 405, 501})
ABOUT_STATE = frozenset({401, 403, 404, 405, 429})


def learn_requests(observations: list[Observation]) -> dict[Key, RequestFacts]:
    """Learn layout, fields and rules of every operation that ever got a body."""
    groups: dict[Key, list[Observation]] = defaultdict(list)
    for observation in observations:
        groups[observation.key].append(observation)
    facts = {
        key: _learn(group)
        for key, group in groups.items()
        if any(each.raw_body for each in group)
        and not all(each.status in PASSED_OVER for each in group)
    }
    assume(facts)
    for each in facts.values():
        each.settle()
    return facts


@dataclass(frozen=True, slots=True)
class _Sample:
    """One refused value, with the part of the error that is about it."""

    observation: Observation
    value: Any
    tree: Any


Samples = dict[tuple[Place, str, str], list[_Sample]]


def _learn(group: list[Observation]) -> RequestFacts:
    accepted = [each for each in group if each.ok]
    layout = layout_of(group)
    known = known_fields(layout, accepted)
    samples: Samples = defaultdict(list)
    for name in _fields_of_refusals(layout, group, known, all_of_them=not accepted):
        known[name] = Known(len(accepted))
    orders = [
        _attribute(layout, known, each, samples, has_accepted=bool(accepted))
        for each in group
        if not each.ok and each.status not in PASSED_OVER and layout.body(each) is not UNPARSABLE
    ]
    facts = RequestFacts(layout, group, known, _request_body(layout, known, group, samples, orders))
    _learn_unparsable(facts)
    _choose_report(facts)
    return facts


def _fields_of_refusals(
    layout: Layout, group: list[Observation], known: dict[str, Known], *, all_of_them: bool
) -> list[str]:
    """Fields that only refused requests sent: those that the refusal is about, and knows."""
    found: dict[str, None] = {}
    for each in group:
        new = [name for name in layout.fields(each) or {} if name not in known]
        if new and not each.ok and not all_of_them:
            stranger = each.status in ABOUT_STATE or STRANGE.search(words(each.answer, ""))
            new = [] if stranger else mentioned(each.answer, new)
        found.update(dict.fromkeys(new))
    return list(found)


def _attribute(
    layout: Layout,
    known: dict[str, Known],
    observation: Observation,
    samples: Samples,
    *,
    has_accepted: bool,
) -> list[str]:
    """Note which violations a refusal is about; return the fields in the order it names them."""
    body = layout.body(observation)
    status, answer = observation.status, observation.answer
    if not isinstance(body, dict):
        if status not in ABOUT_STATE and has_accepted and _bodies_always(layout, known):
            kind = "required" if body is None else "type"
            tree = with_holes(answer, None, body)
            samples["body", "", kind].append(_Sample(observation, body, tree))
        return []
    if layout.envelope is not None and not isinstance(body.get(layout.envelope), dict):
        inside = body.get(layout.envelope, ABSENT)
        kind = "required" if inside is ABSENT else "not_null" if inside is None else "type"
        if status not in ABOUT_STATE or mentioned(answer, [layout.envelope]):
            tree = with_holes(answer, inside, body)
            samples["envelope", layout.envelope, kind].append(_Sample(observation, inside, tree))
        return []
    return _attribute_fields(layout, known, observation, samples)


def _bodies_always(layout: Layout, known: dict[str, Known]) -> bool:
    return layout.envelope is not None or any(each.always_sent for each in known.values())


def _attribute_fields(
    layout: Layout, known: dict[str, Known], observation: Observation, samples: Samples
) -> list[str]:
    faults = faults_of(layout, known, observation)
    holder = layout.fields(observation) or {}
    values = dict(faults)
    named = mentioned(with_holes(observation.answer, ABSENT, holder), values)
    certain = observation.status not in ABOUT_STATE
    if not named and certain:
        named = _unnamed(known, faults, observation.answer)
    for name in named:
        value = values[name]
        tree = with_holes(observation.answer, value, holder)
        if len(named) > 1:
            tree = part_for(tree, name, [other for other in named if other != name])
        kind = choose(value, known[name], tree, name)
        if kind is not None and (certain or kind in STRUCTURAL):
            samples["field", name, kind].append(_Sample(observation, value, tree))
    return named


def _unnamed(known: dict[str, Known], faults: list[tuple[str, Any]], answer: Any) -> list[str]:
    """The fields that an error without names is about: the only odd one, or all missing ones."""
    kinds = {name: choose(value, known[name], answer, "") for name, value in faults}
    meant = [name for name, kind in kinds.items() if kind is not None]
    if len(meant) == 1 or all(kinds[name] == "required" for name in meant):
        return meant
    return []


def _request_body(
    layout: Layout,
    known: dict[str, Known],
    group: list[Observation],
    samples: Samples,
    orders: list[list[str]],
) -> RequestBody:
    rules: dict[tuple[Place, str], list[Rule]] = defaultdict(list)
    for (place, name, kind), found in samples.items():
        expected = Known(values=[{}]) if place != "field" else known[name]
        if rule := _rule(kind, name, found, expected):
            rules[place, name].append(rule)
    for each in rules.values():
        _drop_implied(each)
        each.sort(key=lambda rule: KINDS.index(rule.kind))
    return RequestBody(
        content_type=layout.content_type,
        envelope=layout.envelope,
        fields=[
            _field(layout, name, known[name], rules["field", name], group)
            for name in _reported_order(list(known), orders)
        ],
        body_rules=rules["body", ""],
        envelope_rules=rules["envelope", layout.envelope or ""],
        forms=layout.forms_too and layout.content_type == "application/json",
        objects_only=not any(
            each.ok and isinstance(each.body, list | int | float | str) for each in group
        ),
    )


def _drop_implied(rules: list[Rule]) -> None:
    """Drop the rule against blank values where another says the same of them, and of more."""
    for blank in [rule for rule in rules if rule.kind == "not_blank"]:
        for rule in rules:
            alike = rule.body == blank.body and rule.status == blank.status
            if alike and rule.kind not in STRUCTURAL and breaks(rule, ""):
                rule.evidence = [*rule.evidence, *blank.evidence]
                rules.remove(blank)
                break


def _rule(kind: str, name: str, samples: list[_Sample], known: Known) -> Rule | None:
    """The rule behind refusals of one kind; None where no limit explains them."""
    common, _ = Counter(
        (sample.observation.status, fingerprint(sample.tree)) for sample in samples
    ).most_common(1)[0]
    alike = [
        sample
        for sample in samples
        if (sample.observation.status, fingerprint(sample.tree)) == common
    ]
    values, trees = [each.value for each in alike], [each.tree for each in alike]
    try:
        limit = limit_for(kind, values, trees, known, name)
    except ValueError:
        return None
    rule = Rule(
        kind=cast("Any", kind),
        limit=limit,
        status=common[0],
        body=expression(trees[0], name),
        evidence=[each.observation.id for each in alike],
    )
    return None if any(breaks(rule, value, nullable=True) for value in known.given) else rule


def _field(
    layout: Layout, name: str, known: Known, rules: list[Rule], group: list[Observation]
) -> InputField:
    sent = [
        (each, holder[name])
        for each in group
        if (holder := layout.fields(each)) is not None and name in holder
    ]
    types = [rule for rule in rules if rule.kind == "type"]
    fine = [value for _, value in sent if not any(breaks(rule, value) for rule in types)]
    evidence = [each.id for each, _ in sent if each.ok or not known.values]
    result = input_field(name, known, fine, evidence[:20])
    if result.type == "any" and not known.given and types:
        result.type = types[0].limit
    result.rules = rules
    return result


def _reported_order(names: list[str], orders: list[list[str]]) -> list[str]:
    """The order of fields, moved to where errors about several of them put them."""
    for order in sorted(orders, key=len):
        places = sorted(names.index(name) for name in order)
        for place, name in zip(places, order, strict=True):
            names[place] = name
    return names


def _learn_unparsable(facts: RequestFacts) -> None:
    refused = [
        each
        for each in facts.observations
        if facts.layout.body(each) is UNPARSABLE and not each.ok and each.status not in ABOUT_STATE
    ]
    if not refused:
        return
    common, _ = Counter(fingerprint([each.status, each.answer]) for each in refused).most_common(1)[
        0
    ]
    alike = [each for each in refused if fingerprint([each.status, each.answer]) == common]
    facts.unparsable = ResponseTemplate(
        status=alike[0].status,
        content_type=alike[0].answer_type,
        body=None if alike[0].answer is None else Const(value=alike[0].answer),
    )
    facts.unparsable_evidence = [each.id for each in alike]


def _choose_report(facts: RequestFacts) -> None:
    """Whether errors are reported together: as the refusals show, else as their form allows."""
    scores = {}
    for report in ("all", "first"):
        facts.body.report = cast("Any", report)
        scores[report] = sum(facts.reproduces(each) for each in facts.observations if not each.ok)
    if scores["all"] == scores["first"]:
        trees = [tree_of(each.rules[0].body) for each in facts.body.fields if each.rules]
        alone = any(clash(left, right) for left in trees for right in trees)
        facts.body.report = "first" if alone else "all"
    else:
        facts.body.report = "all" if scores["all"] > scores["first"] else "first"
