"""SignalR with the JSON protocol: records that end in 0x1E, invocations and completions."""

from typing import Any

from harness.traffic.exchange import Exchange
from harness.traffic.framings.events import (
    Answer,
    Call,
    Control,
    Ended,
    Event,
    Opening,
    Push,
    UnreadableError,
)
from harness.traffic.framings.framing import object_in, require, text_of

_END = b"\x1e"
_INVOCATION, _ITEM, _COMPLETION, _STREAM, _CANCEL, _PING, _CLOSE = range(1, 8)
_OFFERED = frozenset({"connectionId", "availableTransports"})


def is_negotiation(exchange: Exchange) -> bool:
    """Whether a client asks which transports there are before it connects."""
    request, response = exchange.request, exchange.response
    if request.method != "POST" or not request.path.endswith("/negotiate"):
        return False
    if "negotiateVersion" in dict(request.params()):
        return True
    try:
        return response is not None and object_in(response.body).keys() >= _OFFERED
    except UnreadableError:
        return False


class SignalR:
    """Targets are called by name; a completion names the invocation that it ends."""

    name = "signalr"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        require(message.endswith(_END), "no record separator at the end")
        records = message[: -len(_END)].split(_END)
        return [_event(object_in(record), sent=sent) for record in records]

    def encode(self, event: Event) -> bytes:
        return text_of(_record(event)).encode() + _END


def _event(said: dict[str, Any], *, sent: bool) -> Event:
    kind, reference = said.get("type"), said.get("invocationId")
    if kind is None:
        require(sent == ("protocol" in said), "no SignalR record")
        return Opening(said) if sent else Control("handshake")
    if kind in (_INVOCATION, _STREAM):
        target, arguments = said.get("target"), said.get("arguments")
        require(isinstance(target, str) and isinstance(arguments, list), "no invocation")
        assert isinstance(target, str)  # noqa: S101 - told to the type checker
        called = tuple(arguments or ())
        return Call(target, called, reference) if sent else Push(target, called)
    if kind == _COMPLETION:
        failed = "error" in said
        values = [said[name] for name in ("error", "result") if name in said]
        return Answer(str(reference), tuple(values[:1]), failed)
    if kind == _ITEM:
        return Push("item", (said.get("item"),), str(reference))
    if kind == _CANCEL:
        return Ended(str(reference))
    require(kind in (_PING, _CLOSE), "no SignalR record")
    return Control("ping" if kind == _PING else "close")


def _record(event: Event) -> dict[str, Any]:
    match event:
        case Opening(dict() as said):
            return said
        case Call(target, arguments, reference):
            named = {} if reference is None else {"invocationId": reference}
            return {"type": _INVOCATION, **named, "target": target, "arguments": [*arguments]}
        case Push(target, arguments, ""):
            return {"type": _INVOCATION, "target": target, "arguments": [*arguments]}
        case Answer(reference, values, failed):
            told = {"error" if failed else "result": value for value in values}
            return {"type": _COMPLETION, "invocationId": reference, **told}
        case Ended(reference):
            return {"type": _CANCEL, "invocationId": reference}
        case Control("ping"):
            return {"type": _PING}
        case _:
            raise ValueError(f"SignalR does not say {event}")
