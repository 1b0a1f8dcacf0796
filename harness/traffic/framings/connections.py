"""The messages of a recording, sorted by connection."""

import re
from dataclasses import dataclass, field

from harness.traffic.exchange import Exchange, Request
from harness.traffic.framings import engineio
from harness.traffic.framings.events import UnreadableError
from harness.traffic.framings.framing import object_in

_SWITCHING = 101
_SOCKJS = re.compile(r"/\d+/[^/]+/(websocket|xhr\w*)$")
_POLLING = ("polling", "flashsocket")
_OK = 200


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it went over the wire."""

    seq: int
    at: float
    sent: bool
    data: bytes


@dataclass(slots=True)
class Connection:
    """A conversation of one client with the server. `request` is how it began, `opened` when."""

    request: Request
    messages: list[Message] = field(default_factory=list)
    opened: float | None = None

    @property
    def endpoint(self) -> str:
        """The path that connections of its kind share: those of SockJS end in a session's own."""
        return _SOCKJS.sub("", self.request.path)


def is_polling(exchange: Exchange) -> bool:
    """Whether an exchange carries engine.io packets instead of a resource."""
    if not exchange.is_http:
        return False
    params = dict(exchange.request.params())
    return "EIO" in params and params.get("transport") in _POLLING


class Gatherer:
    """Sorts the messages of exchanges by connection, in the order in which those began."""

    def __init__(self) -> None:
        self._found: dict[object, Connection] = {}
        self._opened: dict[object, float] = {}

    @property
    def connections(self) -> list[Connection]:
        return list(self._found.values())

    def take(self, exchange: Exchange) -> None:
        """Add what an exchange carries of a conversation, if anything."""
        if not exchange.is_http:
            sent = exchange.channel == "sent"
            message = Message(exchange.seq, exchange.started, sent, exchange.message)
            self._of(_key(exchange.request), exchange).messages.append(message)
        elif is_polling(exchange):
            self._take_polling(exchange)
        elif exchange.response is not None and exchange.response.status == _SWITCHING:
            self._opened[_key(exchange.request)] = exchange.started

    def _of(self, key: object, exchange: Exchange) -> Connection:
        if key not in self._found:
            self._found[key] = Connection(exchange.request, opened=self._opened.get(key))
        return self._found[key]

    def _take_polling(self, exchange: Exchange) -> None:
        sent = _packets(exchange.request.body)
        response = exchange.response
        received = _packets(response.body) if response and response.status == _OK else []
        session = dict(exchange.request.params()).get("sid") or _session_opened(received)
        if session is None or not (sent or received):
            return
        messages = self._of(session, exchange).messages
        ended = exchange.started + exchange.duration_ms / 1000
        messages += [Message(exchange.seq, exchange.started, True, each) for each in sent]
        messages += [Message(exchange.seq, ended, False, each) for each in received]
        messages.sort(key=lambda message: message.at)


def _key(request: Request) -> object:
    """What tells connections apart: the session's id, the handshake's nonce, else its request."""
    session = dict(request.params()).get("sid")
    return session or request.header("sec-websocket-key") or request


def _packets(body: bytes) -> list[bytes]:
    text = body.decode("utf-8", "replace")
    packets = [] if text == "ok" else engineio.read_payload(text)
    return [packet.encode() for packet in packets]


def _session_opened(packets: list[bytes]) -> str | None:
    for text in packets:
        try:
            packet = engineio.read_packet(text.decode())
            if packet.type == "open":
                session = object_in(packet.data).get("sid")
                return session if isinstance(session, str) else None
        except UnreadableError:
            continue
    return None
