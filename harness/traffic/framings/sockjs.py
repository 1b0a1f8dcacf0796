"""SockJS: an envelope around other framings. `a["…"]` from the server, `["…"]` from the client."""

from harness.traffic.exchange import Exchange
from harness.traffic.framings.events import UnreadableError
from harness.traffic.framings.framing import json_in, object_in, require, text_of

_FACTS = frozenset({"websocket", "origins", "cookie_needed", "entropy"})
_SILENT = ("o", "h")


def is_info(exchange: Exchange) -> bool:
    """Whether a server says what it offers: a part of the protocol, random numbers included."""
    if not exchange.request.path.endswith("/info") or exchange.response is None:
        return False
    try:
        return object_in(exchange.response.body).keys() >= _FACTS
    except UnreadableError:
        return False


def unwrap(message: bytes, *, sent: bool) -> list[bytes]:
    """Return the messages in a frame; none in one of SockJS itself."""
    try:
        text = message.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("no text") from error
    if sent:
        return _messages(text)
    if text in _SILENT:
        return []
    if text.startswith("c["):
        json_in(text[1:])
        return []
    if text.startswith("a["):
        return _messages(text[1:])
    require(text.startswith("m"), "no SockJS frame")
    return _messages(f"[{text[1:]}]")


def wrap(messages: list[bytes], *, sent: bool) -> bytes:
    """Write messages as one frame; the inverse of `unwrap`."""
    text = text_of([message.decode() for message in messages])
    return (text if sent else f"a{text}").encode()


def _messages(text: str) -> list[bytes]:
    value = json_in(text)
    require(isinstance(value, list), "no SockJS frame")
    require(all(isinstance(each, str) for each in value), "a SockJS frame of other than texts")
    return [each.encode() for each in value]
