"""ActionCable: subscriptions to channels, actions without answers, and broadcasts."""

from typing import Any

from harness.traffic.framings.events import (
    Call,
    Control,
    Ended,
    Event,
    Push,
    Ready,
    Subscribe,
)
from harness.traffic.framings.framing import object_in, require, text_of

_CONTROLS = frozenset({"welcome", "ping", "disconnect"})
_MESSAGE = "message"


class ActionCable:
    """A channel with its parameters is named by the JSON text `identifier`."""

    name = "actioncable"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        said = object_in(message)
        kind = said.get("type")
        if not sent and isinstance(kind, str) and kind in _CONTROLS and "identifier" not in said:
            return [Control(kind)]
        identifier = said.get("identifier")
        require(isinstance(identifier, str), "no identifier")
        assert isinstance(identifier, str)  # noqa: S101 - told to the type checker
        return [_command(said, identifier) if sent else _told(said, identifier)]

    def encode(self, event: Event) -> bytes:
        return text_of(_message(event)).encode()


def _command(said: dict[str, Any], identifier: str) -> Event:
    command = said.get("command")
    channel = object_in(identifier)
    if command == "subscribe":
        params = {name: value for name, value in channel.items() if name != "channel"}
        return Subscribe(identifier, str(channel.get("channel")), (params,))
    if command == "unsubscribe":
        return Ended(identifier)
    require(command == _MESSAGE, "no ActionCable command")
    data = object_in(said.get("data") or "")
    action = data.pop("action", _MESSAGE)
    return Call(str(action), (data,), None, identifier)


def _told(said: dict[str, Any], identifier: str) -> Event:
    if said.get("type") == "confirm_subscription":
        return Ready((identifier,))
    if said.get("type") == "reject_subscription":
        return Ended(identifier, "rejected")
    require(_MESSAGE in said, "no ActionCable message")
    return Push(_MESSAGE, (said[_MESSAGE],), identifier)


def _message(event: Event) -> dict[str, Any]:
    match event:
        case Subscribe(identifier):
            return {"command": "subscribe", "identifier": identifier}
        case Ended(identifier, None):
            return {"command": "unsubscribe", "identifier": identifier}
        case Ended(identifier):
            return {"type": "reject_subscription", "identifier": identifier}
        case Call(action, (data,), _, identifier):
            text = text_of({"action": action, **data})
            return {"command": _MESSAGE, "identifier": identifier, "data": text}
        case Ready((identifier,)):
            return {"type": "confirm_subscription", "identifier": identifier}
        case Push(_, (told,), identifier):
            return {"identifier": identifier, "message": told}
        case Control(kind):
            return {"type": kind}
        case _:
            raise ValueError(f"ActionCable does not say {event}")
