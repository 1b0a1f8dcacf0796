"""socket.io over engine.io: `42["name",…]`, with acknowledgements `421["name",…]` → `431[…]`."""

import re

from harness.traffic.framings.engineio import Packet, read_packet, write_packet
from harness.traffic.framings.events import (
    Answer,
    Call,
    Control,
    Event,
    Opening,
    Push,
    UnreadableError,
)
from harness.traffic.framings.framing import json_in, require, text_of

_PACKET = re.compile(r"([0-6])(?:(\d+)-)?(?:(/[^,\[{]*),?)?(\d+)?", re.DOTALL)
_CONNECT, _DISCONNECT, _EVENT, _ACK, _ERROR, _BINARY_EVENT, _BINARY_ACK = range(7)


class SocketIO:
    """Calls are events; those that want an acknowledgement carry a number."""

    name = "socket.io"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        try:
            packet = read_packet(message.decode())
        except UnicodeDecodeError as error:
            raise UnreadableError("no text") from error
        if packet.type != "message":
            _check_control(packet)
            return [Control(packet.type)]
        return [_event(packet.data, sent=sent)]

    def encode(self, event: Event) -> bytes:
        return write_packet(_packet(event)).encode()


def _check_control(packet: Packet) -> None:
    if packet.type == "open":
        json_in(packet.data)
    else:
        require(packet.data in ("", "probe"), "no engine.io packet")


def _event(text: str, *, sent: bool) -> Event:
    match = _PACKET.match(text)
    if match is None:
        raise UnreadableError("no socket.io packet")
    kind, space, number = int(match[1]), match[3] or "", match[4]
    rest = text[match.end() :]
    value = json_in(rest) if rest else None
    if kind == _CONNECT:
        return Opening(value, space) if sent else Control("connect")
    if kind in (_DISCONNECT, _ERROR):
        return Control("disconnect" if kind == _DISCONNECT else "error")
    require(isinstance(value, list), "a socket.io packet without a list")
    assert isinstance(value, list)  # noqa: S101 - told to the type checker
    if kind in (_ACK, _BINARY_ACK):
        require(number is not None, "an acknowledgement without a number")
        return Answer(_reference(space, number or ""), tuple(value))
    require(value and isinstance(value[0], str), "an event without a name")
    if not sent:
        return Push(value[0], tuple(value[1:]), space)
    reference = None if number is None else _reference(space, number)
    return Call(value[0], tuple(value[1:]), reference, space)


def _packet(event: Event) -> Packet:
    match event:
        case Call(name, arguments, reference, space):
            number = (reference or "").rpartition(",")[2]
            return _message(_EVENT, space, number, [name, *arguments])
        case Push(name, arguments, space):
            return _message(_EVENT, space, "", [name, *arguments])
        case Answer(reference, values):
            space, _, number = reference.rpartition(",")
            return _message(_ACK, space, number, list(values))
        case Opening(payload, space):
            return _message(_CONNECT, space, "", payload)
        case Control("ping" | "pong" as kind):
            return Packet(kind)
        case _:
            raise ValueError(f"socket.io does not say {event}")


def _message(kind: int, space: str, number: str, value: object) -> Packet:
    prefix = f"{space}," if space else ""
    text = "" if value is None else text_of(value)
    return Packet("message", f"{kind}{prefix}{number}{text}")


def _reference(space: str, number: str) -> str:
    """Acknowledgements are numbered in each namespace by itself."""
    return f"{space},{number}" if space else number
