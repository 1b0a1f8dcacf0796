"""Plain JSON objects, whose members say by their names and values what they are for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.traffic.framings.events import Answer, Call, Event, Push
from harness.traffic.framings.framing import object_in, require, text_of
from harness.traffic.framings.grammar import (
    FLAGS,
    Grammar,
    Said,
    best_grammar,
    failure_in,
    is_virtual_request,
)


@dataclass(frozen=True, slots=True)
class PlainJson:
    """What the members mean was learned from the messages themselves."""

    grammar: Grammar
    name: str = "json"

    @classmethod
    def learned(cls, connections: Iterable[Iterable[tuple[bytes, bool]]]) -> "PlainJson":
        """Learn from the (message, sent) of connections; what is no JSON object teaches nothing."""
        said = [
            each
            for number, messages in enumerate(connections)
            for each in _objects(messages, number)
        ]
        return cls(best_grammar(said))

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        said = object_in(message)
        grammar = self.grammar
        name = said.get(grammar.name) if grammar.name else ""
        name = name if isinstance(name, str) else ""
        if sent:
            reference = _reference(said.get(grammar.asked)) if grammar.asked else None
            whole = is_virtual_request(said)
            return [Call(name, (said if whole else self._payload(said, grammar.asked),), reference)]
        reference = _reference(said.get(grammar.answered)) if grammar.answered else None
        if reference is None:
            require(said, "an empty message")
            return [Push(name, (self._payload(said, None),))]
        failed = failure_in(said)
        whole = isinstance(said.get("status") or said.get("statusCode"), int) and "body" in said
        value = said if whole else self._payload(said, grammar.answered)
        return [Answer(reference, (value,), failed)]

    def encode(self, event: Event) -> bytes:
        return text_of(self._message(event)).encode()

    def _payload(self, said: dict[str, Any], reference: str | None) -> Any:
        """Return what a message is about: its only object or list, else all but its labels."""
        labels = {reference, self.grammar.name}
        rest = {name: value for name, value in said.items() if name not in labels}
        if self.grammar.payload in rest:
            return rest[self.grammar.payload]
        if reference is not None and FLAGS & rest.keys():
            rest = {name: value for name, value in rest.items() if name not in FLAGS}
        return rest["error"] if rest.keys() == {"error"} else rest

    def _message(self, event: Event) -> dict[str, Any]:
        grammar = self.grammar
        match event:
            case Call(name, (payload,), reference):
                return {
                    **self._label(grammar.asked, reference),
                    **({grammar.name: name} if grammar.name else {}),
                    **self._body(payload),
                }
            case Push(name, (payload,)):
                return {**({grammar.name: name} if grammar.name else {}), **self._body(payload)}
            case Answer(reference, (payload,)):
                return {**self._label(grammar.answered, reference), **self._body(payload)}
            case _:
                raise ValueError(f"plain JSON does not say {event}")

    def _body(self, payload: Any) -> dict[str, Any]:
        if self.grammar.payload is not None:
            return {self.grammar.payload: payload}
        return dict(payload)

    @staticmethod
    def _label(name: str | None, reference: str | None) -> dict[str, Any]:
        return {} if name is None or reference is None else {name: object_in_text(reference)}


def object_in_text(reference: str) -> Any:
    """Return the JSON value that a reference was kept as."""
    return object_in(f'{{"value":{reference}}}')["value"]


def _reference(value: Any) -> str | None:
    return text_of(value) if isinstance(value, str | int) else None


def _objects(messages: Iterable[tuple[bytes, bool]], connection: int) -> list[Said]:
    found = []
    for data, sent in messages:
        try:
            found.append(Said(object_in(data), sent, connection))
        except ValueError:
            continue
    return found
