"""Read mitmproxy flow files, flow by flow, without mitmproxy."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.traffic.addresses import host_in_scheme
from harness.traffic.bodies import decoded, without_encoding
from harness.traffic.exchange import Exchange, Headers, Request, Response, header
from harness.traffic.json_stream import ByteStream
from harness.traffic.report import ImportReport
from harness.traffic.tnetstrings import LostTnetstringError, read_value

_OLDEST_VERSION = 4


def read_flows(file: ByteStream, report: ImportReport) -> Iterator[Exchange]:
    """Yield the exchanges of a flow file in its order, WebSocket messages after their handshake."""
    handshakes: dict[str, Exchange] = {}
    while True:
        number = report.entries + 1
        try:
            flow = read_value(file)
            report.entries = number
            yield from _exchanges(flow, number, handshakes, report)
        except EOFError:
            return
        except LostTnetstringError as error:
            report.entries = number
            report.skip(number, f"{error}; what comes after it cannot be read")
            return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report.entries = number
            report.skip(number, f"the flow is not as expected ({type(error).__name__}: {error})")


def _exchanges(
    flow: dict[Any, Any], number: int, handshakes: dict[str, Exchange], report: ImportReport
) -> list[Exchange]:
    flow = {_text(key): value for key, value in flow.items()}
    if not isinstance(flow["version"], int) or flow["version"] < _OLDEST_VERSION:
        raise ValueError("written by a mitmproxy that is too old")
    kind = _text(flow["type"])
    metadata = {_text(key): value for key, value in (flow.get("metadata") or {}).items()}
    if kind == "websocket":
        # Before flow format 12 the messages were a flow of their own.
        handshake = handshakes.get(_text(metadata["websocket_handshake"]))
        if handshake is None:
            raise ValueError("its handshake is not in the file")
        return _messages(flow["messages"], handshake)
    if kind != "http":
        report.drop(f"{kind} flow")
        return []
    if _text(flow["request"]["method"]) == "CONNECT":
        report.drop("tunnel")
        return []
    exchange = exchange_of(flow, number)
    if "websocket" in metadata:
        handshakes[_text(flow["id"])] = exchange
    return [exchange, *_messages((flow.get("websocket") or {}).get("messages", ()), exchange)]


def exchange_of(flow: Mapping[str, Any], number: int) -> Exchange:
    """Return the exchange of an HTTP flow: mitmproxy's states of its request and response."""
    request = flow["request"]
    started = float(request["timestamp_start"] or 0.0)
    response = flow.get("response")
    ended = started if response is None else float(response["timestamp_end"] or started)
    return Exchange(
        seq=number,
        request=_request(request),
        response=None if response is None else _response(response),
        started=started,
        duration_ms=max(ended - started, 0.0) * 1000,
    )


def _request(state: dict[str, Any]) -> Request:
    headers = _with_one_cookie(_headers(state["headers"]))
    scheme = _text(state["scheme"]) or "http"
    path, _, query = _text(state["path"]).partition("?")
    host = header(headers, "host") or _text(state.get("authority") or b"")
    return Request(
        method=_text(state["method"]).upper(),
        scheme=scheme,
        host=host_in_scheme(host or f"{_text(state['host'])}:{state['port']}", scheme),
        path=path or "/",
        query=query,
        headers=without_encoding(headers),
        body=decoded(state["content"] or b"", headers),
    )


def _response(state: dict[str, Any]) -> Response:
    headers = _headers(state["headers"])
    return Response(
        status=int(state["status_code"]),
        headers=without_encoding(headers),
        body=decoded(state["content"] or b"", headers),
    )


def _messages(messages: list[list[Any]], handshake: Exchange) -> list[Exchange]:
    return [
        message_of(handshake, content, timestamp, from_client=from_client)
        for _, from_client, content, timestamp, *_ in messages
    ]


def message_of(
    handshake: Exchange, content: bytes | str, timestamp: float, *, from_client: bool
) -> Exchange:
    """Return a WebSocket message as an exchange."""
    return Exchange(
        seq=handshake.seq,
        request=handshake.request,
        response=None,
        started=float(timestamp),
        channel="sent" if from_client else "received",
        message=content if isinstance(content, bytes) else content.encode(),
        client=handshake.client,
    )


def _headers(pairs: Sequence[Sequence[bytes]]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in pairs if name[:1] != b":")


def _with_one_cookie(headers: Headers) -> Headers:
    """HTTP/2 may send a header for each cookie; they are one."""
    cookies = [value for name, value in headers if name.lower() == "cookie"]
    if len(cookies) < 2:  # noqa: PLR2004
        return headers
    others = tuple(pair for pair in headers if pair[0].lower() != "cookie")
    return (*others, ("cookie", "; ".join(cookies)))


def _text(value: bytes | str) -> str:
    """Bytes that are no UTF-8 are Latin-1, as HTTP has it."""
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
