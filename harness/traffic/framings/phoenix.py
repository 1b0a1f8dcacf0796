"""Phoenix channels: `[join_ref, ref, topic, event, payload]`, or the same as an object."""

from typing import Any

from harness.traffic.framings.events import (
    Answer,
    Call,
    Control,
    Ended,
    Event,
    Push,
    Subscribe,
)
from harness.traffic.framings.framing import json_in, require, text_of

_PARTS = 5
_HEARTBEAT = "phoenix"
_ENDS = frozenset({"phx_leave", "phx_close", "phx_error"})
_CONTROLS = frozenset({"presence_state", "presence_diff"})


class Phoenix:
    """Topics are joined; events in them are answered by `phx_reply` with the same ref.

    What ends goes by the ref of its join; to older clients, which have none, by its topic.
    """

    name = "phoenix"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        join_ref, ref, topic, event, payload = _parts(json_in(message))
        require(isinstance(topic, str) and isinstance(event, str), "no topic or no event")
        require(ref is None or isinstance(ref, str), "no Phoenix reference")
        if topic == _HEARTBEAT or event in _CONTROLS:
            return [Control(event)]
        if event == "phx_reply":
            require(isinstance(payload, dict) and "status" in payload, "no reply")
            failed = payload["status"] != "ok"
            return [Answer(ref or "", (payload.get("response"),), failed)]
        if event == "phx_join":
            return [Subscribe(ref or "", topic, (payload,))]
        if event in _ENDS:
            return [Ended(join_ref if isinstance(join_ref, str) else topic)]
        return [Call(event, (payload,), ref, topic) if sent else Push(event, (payload,), topic)]

    def encode(self, event: Event) -> bytes:
        return text_of(_message(event)).encode()


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        require({"topic", "event", "payload"} <= value.keys(), "no Phoenix message")
        return [value.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
    require(isinstance(value, list) and len(value) == _PARTS, "no Phoenix message")
    return list(value)


def _message(event: Event) -> list[Any]:
    match event:
        case Call(name, (payload,), reference, topic):
            return [None, reference, topic, name, payload]
        case Push(name, (payload,), topic):
            return [None, None, topic, name, payload]
        case Answer(reference, (response,), failed):
            told = {"status": "error" if failed else "ok", "response": response}
            return [None, reference, "", "phx_reply", told]
        case Subscribe(reference, topic, (payload,)):
            return [reference, reference, topic, "phx_join", payload]
        case Ended(reference):
            return [reference, None, "", "phx_leave", {}]
        case Control(kind):
            return [None, None, _HEARTBEAT, kind, {}]
        case _:
            raise ValueError(f"Phoenix does not say {event}")
