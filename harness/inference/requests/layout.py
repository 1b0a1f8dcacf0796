"""Where the fields of an operation's requests are: content type, envelope, values."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, cast

from harness.inference.model import InputField
from harness.inference.observe import UNPARSABLE, JsonObject, Observation
from harness.inference.requests.violations import Known, json_type

ContentType = Literal[
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
]
FieldType = Literal["string", "integer", "number", "boolean", "object", "strings", "array", "any"]
JSON: ContentType = "application/json"
_FORMS: tuple[ContentType, ...] = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Layout:
    """How an operation's requests are laid out."""

    content_type: ContentType
    envelope: str | None
    forms_too: bool = False

    def body(self, observation: Observation) -> Any:
        """The body as the operation reads it; text where it is of another content type."""
        kind = observation.body_type
        foreign = (not self.forms_too and kind in _FORMS) or (
            observation.body is UNPARSABLE and kind != "" and "json" not in kind
        )
        if self.content_type == JSON and foreign and observation.body is not None:
            return observation.raw_body.decode("utf-8", "replace")
        if observation.body is None and self.content_type != JSON:
            return {}
        return observation.body

    def fields(self, observation: Observation) -> JsonObject | None:
        """The object that holds the fields; None where there is none."""
        body = self.body(observation)
        if self.envelope is not None and isinstance(body, dict):
            body = body.get(self.envelope)
        return body if isinstance(body, dict) else None


def ignore_unread_forms(observations: list[Observation]) -> None:
    """Empty the accepted forms of operations that take JSON and let forms pass unread."""
    takes_json = {
        each.key
        for each in observations
        if each.ok and each.body_type not in _FORMS and isinstance(each.body, dict)
    }
    for each in observations:
        if each.ok and each.body_type in _FORMS and each.body and each.key in takes_json:
            answer = each.answer if isinstance(each.answer, str) else repr(each.answer)
            if not any(str(value) in answer for value in each.body.values()):
                each.body = {}


def layout_of(observations: list[Observation]) -> Layout:
    """Read content type and envelope off the requests, accepted ones first."""
    bodies = [
        each for each in observations if each.body is not None and each.body is not UNPARSABLE
    ]
    sample = [each for each in bodies if each.ok and each.body != {}] or bodies
    types = Counter(each.body_type if each.body_type in _FORMS else JSON for each in sample)
    content_type = types.most_common(1)[0][0] if types else JSON
    return Layout(content_type, _envelope(bodies), forms_too=len(types) > 1)


def _envelope(bodies: list[Observation]) -> str | None:
    objects = [each for each in bodies if isinstance(each.body, dict) and each.body]
    accepted = [each for each in objects if each.ok] or objects
    names = Counter(
        next(iter(each.body))
        for each in accepted
        if len(each.body) == 1 and isinstance(next(iter(each.body.values())), dict)
    )
    if not names:
        return None
    name, count = names.most_common(1)[0]
    return name if 2 * count > len(accepted) else None


def known_fields(layout: Layout, accepted: list[Observation]) -> dict[str, Known]:
    """What accepted requests show of each field, in the order in which fields are sent."""
    holders = [holder for each in accepted if (holder := layout.fields(each)) is not None]
    found: dict[str, Known] = {}
    for name in _in_order([list(holder) for holder in holders]):
        values = [holder[name] for holder in holders if name in holder]
        found[name] = Known(len(holders), values)
    return found


def _in_order(sequences: list[list[str]]) -> list[str]:
    """Merge orders: what is new comes after what it followed, or at the end."""
    order: list[str] = []
    for sequence in dict.fromkeys(sorted(map(tuple, sequences), key=len, reverse=True)):
        last = -1 if set(sequence) & set(order) else len(order) - 1
        for name in sequence:
            if name in order:
                last = order.index(name)
            else:
                last += 1
                order.insert(last, name)
    return order


def field_type(values: list[Any]) -> FieldType:
    """The type of a field from its values that are not null."""
    types = {json_type(value) for value in values}
    if types == {"array"}:
        items = [item for value in values for item in value]
        return "strings" if items and all(isinstance(item, str) for item in items) else "array"
    if types == {"integer", "number"}:
        return "number"
    return cast("FieldType", types.pop()) if len(types) == 1 else "any"


def input_field(name: str, known: Known, others: list[Any], evidence: list[str]) -> InputField:
    """A field without rules; values of refused requests count where none was accepted."""
    values = known.given or [value for value in others if value is not None]
    return InputField(
        name=name, type=field_type(values), nullable=known.takes_null, evidence=evidence
    )
