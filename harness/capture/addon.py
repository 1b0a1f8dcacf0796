"""The mitmproxy addon: from flows to exchanges, without holding anything back."""

import base64
import binascii
from dataclasses import replace
from typing import Any

from mitmproxy import connection, http, tls
from mitmproxy.websocket import WebSocketMessage

from harness.capture.recorder import Recorder
from harness.traffic.exchange import Exchange
from harness.traffic.flows import exchange_of, message_of

_LARGEST_BODY = 32 << 20
_SWITCHING = 101
_EVENT_STREAM = "text/event-stream"
_TOO_LARGE = f"Bodies over {_LARGEST_BODY >> 20} MB were passed on but not recorded."


class Body:
    """Passes a body on chunk by chunk and keeps a copy, up to a limit."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def __call__(self, chunk: bytes) -> bytes:
        self._size += len(chunk)
        if self.too_large:
            self._chunks.clear()
        else:
            self._chunks.append(chunk)
        return chunk

    @property
    def too_large(self) -> bool:
        return self._size > _LARGEST_BODY

    def content(self) -> bytes:
        return b"".join(self._chunks)


class CaptureAddon:
    """Records each exchange when it ends, a stream also when its client leaves."""

    def __init__(self, recorder: Recorder, profiles: dict[int, str]) -> None:
        self._recorder = recorder
        self._profiles = profiles
        self._users: dict[str, str] = {}
        self._open: dict[str, tuple[http.HTTPFlow, Body]] = {}
        self._handshakes: dict[str, Exchange] = {}
        self._unused: dict[str, str] = {}
        self._silent: set[str] = set()
        self._spoken: set[str] = set()

    def http_connect(self, flow: http.HTTPFlow) -> None:
        self._note_user(flow)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._note_user(flow)
        self._spoken.add(_host(flow.request.pretty_host, flow.request.port))
        self._unused.pop(flow.client_conn.id, None)
        if not self._wants(flow):
            flow.request.stream = True

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        response = flow.response
        if response is None or response.status_code == _SWITCHING:
            return
        if self._wants(flow):
            body = Body()
            self._open[flow.id] = flow, body
            response.stream = body
        else:
            response.stream = True

    def response(self, flow: http.HTTPFlow) -> None:
        exchange = self._exchange(flow, self._taken(flow))
        if flow.websocket is not None:
            self._handshakes[flow.id] = exchange
        self._recorder.record(exchange)

    def error(self, flow: http.HTTPFlow) -> None:
        """A client that left, or a server that does not answer; of streams keep what came."""
        body = self._taken(flow)
        if flow.request.method == "CONNECT":
            return
        exchange = self._exchange(flow, body)
        if flow.response is None and flow.error is not None and self._wants(flow):
            self._recorder.note(f"{exchange.request.host} gave no answer: {flow.error.msg}")
        if exchange.response is not None and exchange.response.content_type != _EVENT_STREAM:
            exchange = replace(exchange, response=None)
        self._recorder.record(exchange)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        handshake = self._handshakes.get(flow.id)
        if handshake is None or flow.websocket is None:
            return
        messages: list[WebSocketMessage] = flow.websocket.messages
        last = messages[-1]
        sent = message_of(handshake, last.content, last.timestamp, from_client=last.from_client)
        self._recorder.record(sent)
        del messages[:-1]

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._handshakes.pop(flow.id, None)

    def client_disconnected(self, client: connection.Client) -> None:
        self._users.pop(client.id, None)
        if (host := self._unused.pop(client.id, None)) is not None:
            self._silent.add(host)

    def tls_established_client(self, data: tls.TlsData) -> None:
        client = data.context.client
        if client.sockname[1] not in self._profiles:  # our browser pins nothing
            self._unused[client.id] = _server(data)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        host = _server(data)
        if self._recorder.wants(host):
            self._recorder.note(
                f"A client refused our certificate for {host}: make it trust the authority's, or, "
                "where the application pins its own certificate, use --via browser."
            )

    def tls_failed_server(self, data: tls.TlsData) -> None:
        host = _server(data)
        if self._recorder.wants(host):
            self._recorder.note(
                f"No TLS with {host}: {data.conn.error}. If its certificate is meant to be like "
                "that, capture with --insecure."
            )

    def done(self) -> None:
        """Keep what came of the streams that are still open, and say who never spoke."""
        for flow, _ in list(self._open.values()):
            self.error(flow)
        for host in sorted(self._silent - self._spoken):
            if self._recorder.wants(host):
                self._recorder.note(
                    f"A client trusted our authority for {host} and left without a word, as one "
                    "does that pins the application's own certificate: use --via browser."
                )

    def _wants(self, flow: http.HTTPFlow) -> bool:
        return self._recorder.wants(_host(flow.request.pretty_host, flow.request.port))

    def _taken(self, flow: http.HTTPFlow) -> Body | None:
        _, body = self._open.pop(flow.id, (flow, None))
        return body

    def _exchange(self, flow: http.HTTPFlow, body: Body | None) -> Exchange:
        request, response = _state(flow.request), None
        if flow.response is not None:
            response = _state(flow.response)
            if body is not None and response["content"] is None:
                response["content"] = body.content()
        exchange = exchange_of({"request": request, "response": response}, 0)
        if body is not None and body.too_large:
            if self._recorder.keeps(exchange):
                self._recorder.note(_TOO_LARGE)
            exchange = replace(exchange, response=None)
        return replace(exchange, client=self._client(flow))

    # ------------------------------------------------------------------ who sent it

    def _note_user(self, flow: http.HTTPFlow) -> None:
        """A user's name for the proxy tells clients apart; the server does not get to see it."""
        credentials = flow.request.headers.pop("proxy-authorization", None)
        if credentials is not None and (name := _user(credentials)):
            self._users[flow.client_conn.id] = name

    def _client(self, flow: http.HTTPFlow) -> str:
        profile = self._profiles.get(flow.client_conn.sockname[1])
        if profile is not None:
            return profile
        user = self._users.get(flow.client_conn.id)
        if user is not None:
            return user
        product = flow.request.headers.get("user-agent", "").partition("/")[0].strip()
        return " ".join([flow.client_conn.peername[0], *([product] if product else [])])


def _host(name: str, port: int) -> str:
    return (name if port in (80, 443) else f"{name}:{port}").lower()


def _server(data: tls.TlsData) -> str:
    address = data.context.server.address
    return data.conn.sni or "a host" if address is None else _host(address[0], address[1])


def _state(message: http.Message) -> dict[str, Any]:
    state = vars(message.data).copy()
    state["headers"] = state["headers"].fields
    return state


def _user(credentials: str) -> str:
    try:
        plain = base64.b64decode(credentials.partition(" ")[2]).decode("utf-8", "replace")
    except binascii.Error:
        return ""
    return plain.partition(":")[0]
