"""DDP: methods, subscriptions, and the rows of collections as they are added and changed."""

from typing import Any

from harness.traffic.framings.events import (
    Answer,
    Call,
    Change,
    Control,
    Ended,
    Event,
    Opening,
    Ready,
    Settled,
    Subscribe,
    UnreadableError,
)
from harness.traffic.framings.framing import object_in, require, text_of

_CONTROLS = frozenset({"ping", "pong", "connected", "failed", "error"})
_MOVES = {"addedBefore": "added", "movedBefore": "changed"}


class DDP:
    """One JSON object a message; `msg` says what it is."""

    name = "ddp"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        said = object_in(message)
        if not sent and "server_id" in said:
            return [Control("server")]
        kind = said.get("msg")
        require(isinstance(kind, str), "no DDP message")
        try:
            return [_event(str(kind), said)]
        except (KeyError, TypeError) as error:
            raise UnreadableError(f"an incomplete DDP message: {error}") from error

    def encode(self, event: Event) -> bytes:
        return text_of(_message(event)).encode()


def _event(kind: str, said: dict[str, Any]) -> Event:
    kind = _MOVES.get(kind, kind)
    match kind:
        case "method":
            return Call(said["method"], tuple(said.get("params") or ()), said["id"])
        case "result":
            failed = "error" in said
            values = [said[name] for name in ("error", "result") if name in said]
            return Answer(said["id"], tuple(values[:1]), failed)
        case "updated":
            return Settled(tuple(said["methods"]))
        case "sub":
            return Subscribe(said["id"], said["name"], tuple(said.get("params") or ()))
        case "ready":
            return Ready(tuple(said["subs"]))
        case "nosub" | "unsub":
            return Ended(said["id"], said.get("error"))
        case "connect":
            return Opening({name: value for name, value in said.items() if name != "msg"})
        case "added" | "changed" | "removed":
            fields, cleared = said.get("fields") or {}, tuple(said.get("cleared") or ())
            return Change(kind, said["collection"], said["id"], fields, cleared)
        case _:
            require(kind in _CONTROLS, "no DDP message")
            return Control(kind)


def _message(event: Event) -> dict[str, Any]:
    match event:
        case Call(name, arguments, reference):
            return {"msg": "method", "id": reference, "method": name, "params": [*arguments]}
        case Answer(reference, values, failed):
            told = {"error" if failed else "result": value for value in values}
            return {"msg": "result", "id": reference, **told}
        case Settled(references):
            return {"msg": "updated", "methods": [*references]}
        case Subscribe(reference, name, arguments):
            return {"msg": "sub", "id": reference, "name": name, "params": [*arguments]}
        case Ready(references):
            return {"msg": "ready", "subs": [*references]}
        case Ended(reference, error):
            return {"msg": "nosub", "id": reference, **({} if error is None else {"error": error})}
        case Opening(dict() as payload):
            return {"msg": "connect", **payload}
        case Change(kind, collection, key, fields, cleared):
            more = {"cleared": [*cleared]} if cleared else {}
            return {"msg": kind, "collection": collection, "id": key, "fields": fields, **more}
        case Control(kind):
            return {"msg": kind}
        case _:
            raise ValueError(f"DDP does not say {event}")
