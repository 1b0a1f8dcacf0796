"""What the harness and the proxy's process tell each other: JSON, a line a message."""

from typing import Any

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """What is recorded, and where. `pseudonym_key` None keeps secrets as they are."""

    path: str
    hosts: list[str] = []
    extra_hosts: list[str] = []
    denied_hosts: list[str] = []
    pseudonym_key: bytes | None = None
    personal: bool = False
    source: str = "capture"


class Settings(msgspec.Struct, frozen=True):
    """How the proxy is to run.

    Each profile has a port of its own, by which its traffic is known; without profiles there is
    one port, and clients are told apart by what they say of themselves. Port 0 is a free one.
    """

    plan: Plan
    authority: str
    listen: str = "127.0.0.1"
    port: int = 0
    profiles: list[str] = []
    insecure: bool = False


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The proxy accepts connections. `spki` is the hash of the authority's public key."""

    ports: list[int]
    certificate: str
    spki: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What was recorded until now."""

    report: dict[str, Any]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Nothing can be recorded any more."""

    problem: str
    do: str
    exit_code: int


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The recording is closed."""

    report: dict[str, Any]


Message = Ready | Progress | Failed | Done

encode = msgspec.json.Encoder().encode
decode_settings = msgspec.json.Decoder(Settings).decode
decode_message = msgspec.json.Decoder(Message).decode
