"""GraphQL over WebSocket: graphql-transport-ws, and its predecessor graphql-ws."""

from typing import Any

from harness.traffic.framings.events import (
    Answer,
    Call,
    Control,
    Ended,
    Event,
    Opening,
    Subscribe,
    UnreadableError,
)
from harness.traffic.framings.framing import object_in, require, text_of

_CONTROLS = frozenset({"connection_ack", "ping", "pong", "ka", "connection_error"})
_ENDS = frozenset({"complete", "stop"})


class GraphQLWs:
    """Queries and mutations are calls of the document itself; subscriptions go on."""

    name = "graphql-ws"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        said = object_in(message)
        kind, reference, payload = said.get("type"), said.get("id"), said.get("payload")
        require(isinstance(kind, str), "no type")
        if kind in ("connection_init", "connection_terminate"):
            return [Opening(payload)]
        if kind in _CONTROLS:
            return [Control(str(kind))]
        require(isinstance(reference, str), "no id")
        assert isinstance(reference, str)  # noqa: S101 - told to the type checker
        if kind in _ENDS:
            return [Ended(reference)]
        if sent:
            require(kind in ("subscribe", "start") and isinstance(payload, dict), "no GraphQL")
            assert isinstance(payload, dict)  # noqa: S101 - told to the type checker
            return [_asked(reference, payload)]
        if kind in ("next", "data"):
            return [Answer(reference, (payload,), failed=False)]
        require(kind == "error", "no GraphQL")
        return [Answer(reference, (payload,), failed=True)]

    def encode(self, event: Event) -> bytes:
        return text_of(_message(event)).encode()


def _asked(reference: str, payload: dict[str, Any]) -> Event:
    query = payload.get("query")
    if not isinstance(query, str):
        raise UnreadableError("a GraphQL request without a query")
    name = str(payload.get("operationName") or "")
    if query.lstrip().startswith("subscription"):
        return Subscribe(reference, name, (payload,))
    return Call(name, (payload,), reference)


def _message(event: Event) -> dict[str, Any]:
    match event:
        case Opening(payload):
            return {"type": "connection_init", **({} if payload is None else {"payload": payload})}
        case Call(_, (payload,), reference) | Subscribe(reference, _, (payload,)):
            return {"id": reference, "type": "subscribe", "payload": payload}
        case Answer(reference, (payload,), failed):
            return {"id": reference, "type": "error" if failed else "next", "payload": payload}
        case Ended(reference):
            return {"id": reference, "type": "complete"}
        case Control(kind):
            return {"type": kind}
        case _:
            raise ValueError(f"graphql-ws does not say {event}")
