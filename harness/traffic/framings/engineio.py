"""engine.io: packets in WebSocket messages, and many of them in the bodies of HTTP polling."""

import re
from dataclasses import dataclass
from typing import Literal

from harness.traffic.framings.events import UnreadableError

PacketType = Literal["open", "close", "ping", "pong", "message", "upgrade", "noop"]

_TYPES: tuple[PacketType, ...] = ("open", "close", "ping", "pong", "message", "upgrade", "noop")
_SEPARATOR = "\x1e"
_LENGTH = re.compile(rb"((?:\d\0)+):\0")
"""How many UTF-16 code units follow, in UTF-16."""


@dataclass(frozen=True, slots=True)
class Packet:
    type: PacketType
    data: str = ""


def read_packet(text: str) -> Packet:
    """Read one packet; raise UnreadableError where it is none."""
    if not text or text[0] not in "0123456":
        raise UnreadableError("no engine.io packet")
    return Packet(_TYPES[int(text[0])], text[1:])


def write_packet(packet: Packet) -> str:
    return f"{_TYPES.index(packet.type)}{packet.data}"


def read_payload(body: str) -> list[str]:
    """Cut the body of a polling request into packets: of version 4, or of version 3."""
    units = body.encode("utf-16-le", "surrogatepass")
    if _LENGTH.match(units):
        return _counted(units)
    return [part for part in body.split(_SEPARATOR) if part]


def write_payload(packets: list[str]) -> str:
    return _SEPARATOR.join(packets)


def _counted(units: bytes) -> list[str]:
    packets = []
    position = 0
    while match := _LENGTH.match(units, position):
        position = match.end() + 2 * int(match[1].replace(b"\0", b""))
        packets.append(units[match.end() : position].decode("utf-16-le", "replace"))
    return packets
