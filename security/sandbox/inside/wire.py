"""Frames on a stream socket: a length, a JSON document, and file descriptors beside it."""

import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

_HEAD = struct.Struct("!I")
_LONGEST = 64 << 20
_MOST_FDS = 4


def send(channel: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    body = json.dumps(message).encode()
    head = _HEAD.pack(len(body))
    if fds:
        socket.send_fds(channel, [head], fds)
    else:
        channel.sendall(head)
    channel.sendall(body)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and its descriptors; None when the other side is gone."""
    try:
        head, fds, _, _ = socket.recv_fds(channel, _HEAD.size, _MOST_FDS)
        for descriptor in fds:
            os.set_inheritable(descriptor, False)
        if not head:
            return None
        head += _exactly(channel, _HEAD.size - len(head))
        (length,) = _HEAD.unpack(head)
        if length > _LONGEST:
            return None
        return json.loads(_exactly(channel, length)), fds
    except (EOFError, ConnectionError):
        return None


def _exactly(channel: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = channel.recv(min(length - len(parts), 1 << 16))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
