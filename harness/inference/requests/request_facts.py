"""What the requests of an operation show, and what its rules predict for a request."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.inference.model import Const, RequestBody, ResponseTemplate, Rule
from harness.inference.observe import UNPARSABLE, JsonObject, Observation
from harness.inference.requests.error_trees import filled, mentioned, merged, tree_of
from harness.inference.requests.layout import Layout
from harness.inference.requests.violations import ABSENT, Known, breaks, possible

INVALID = frozenset({400, 415, 422})
"""Statuses that say that a request is wrong in itself."""


@dataclass
class RequestFacts:
    """What the requests of one operation show, and what its rules predict.

    `explained` holds the indexes of the refused observations that the rules reproduce exactly.
    `unparsable_evidence` is empty where the answer to an unparsable body is another operation's.
    """

    layout: Layout
    observations: list[Observation]
    known: dict[str, Known]
    body: RequestBody
    unparsable: ResponseTemplate | None = None
    unparsable_evidence: list[str] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)
    unexplained: list[Observation] = field(default_factory=list)

    def broken(self, observation: Observation) -> list[tuple[str, Rule]]:
        """The rules that a request breaks: the first of each field, in the order of the fields."""
        return [(name, rule) for name, rule, _, _ in self._violations(observation)]

    def response(self, observation: Observation) -> tuple[int, Any] | None:
        """Status and body that the rules predict; None where no rule is broken."""
        if self.layout.body(observation) is UNPARSABLE:
            return _constant(self.unparsable)
        found = self._violations(observation)
        if not found:
            return None
        status = found[0][1].status
        if self.body.report == "first":
            found = found[:1]
        return status, merged(
            filled(tree_of(rule.body), None if value is ABSENT else value, body)
            for _, rule, value, body in found
            if rule.status == status
        )

    def reproduces(self, observation: Observation) -> bool:
        return self.response(observation) == (observation.status, observation.answer)

    def settle(self) -> None:
        """Say which refused requests the rules explain."""
        refused = [each for each in self.observations if not each.ok]
        self.explained = {each.index for each in refused if self.reproduces(each)}
        self.unexplained = [
            each
            for each in refused
            if each.index not in self.explained
            and (each.status in INVALID or self._speaks_of_fault(each))
        ]

    def _speaks_of_fault(self, observation: Observation) -> bool:
        if observation.status in {401, 404, 405, 429}:
            return False
        faults = faults_of(self.layout, self.known, observation)
        return bool(mentioned(observation.answer, [name for name, _ in faults]))

    def _violations(self, observation: Observation) -> list[tuple[str, Rule, Any, Any]]:
        body = self.layout.body(observation)
        if body is UNPARSABLE:
            return []
        whole = ABSENT if body is None else body
        if rule := _first(self.body.body_rules, whole):
            return [("", rule, whole, body)]
        holder: JsonObject = body if isinstance(body, dict) else {}
        if self.layout.envelope is not None:
            inside = holder.get(self.layout.envelope, ABSENT)
            if rule := _first(self.body.envelope_rules, inside):
                return [(self.layout.envelope, rule, inside, body)]
            holder = inside if isinstance(inside, dict) else {}
        found = []
        for each in self.body.fields:
            value = holder.get(each.name, ABSENT)
            if rule := _first(each.rules, value, nullable=each.nullable):
                found.append((each.name, rule, value, holder))
        return found


def faults_of(
    layout: Layout, known: dict[str, Known], observation: Observation
) -> list[tuple[str, Any]]:
    """Fields whose value is unlike everything that was accepted."""
    holder = layout.fields(observation)
    if holder is None:
        return []
    values = [(name, holder.get(name, ABSENT)) for name in known]
    return [(name, value) for name, value in values if possible(value, known[name])]


def _first(rules: Iterable[Rule], value: Any, *, nullable: bool = False) -> Rule | None:
    return next((rule for rule in rules if breaks(rule, value, nullable=nullable)), None)


def _constant(template: ResponseTemplate | None) -> tuple[int, Any] | None:
    if template is None:
        return None
    return template.status, template.body.value if isinstance(template.body, Const) else None
