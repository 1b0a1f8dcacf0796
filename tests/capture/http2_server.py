"""A server that speaks nothing but HTTP/2, over TLS."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

PAGE = b"<!doctype html><title>Two</title>"


class Http2(asyncio.Protocol):
    """Answers `/items` with what it was asked, and anything else with a page."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._connection = H2Connection(H2Configuration(client_side=False))
        self._asked: dict[int, tuple[dict[str, str], list[str]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connection.initiate_connection()
        self._send()

    def data_received(self, data: bytes) -> None:
        for event in self._connection.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = [(name.decode(), value.decode()) for name, value in event.headers]
                cookies = [value for name, value in headers if name == "cookie"]
                self._asked[event.stream_id] = dict(headers), cookies
            elif isinstance(event, DataReceived):
                self._connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            elif isinstance(event, StreamEnded):
                self._answer(event.stream_id)
        self._send()

    def _answer(self, stream: int) -> None:
        headers, cookies = self._asked.pop(stream)
        body, media = PAGE, "text/html"
        if headers[":path"].startswith("/items"):
            body = json.dumps({"path": headers[":path"], "cookies": cookies}).encode()
            media = "application/json"
        answer = [(":status", "200"), ("content-type", media)]
        answer += [("set-cookie", f"{name}=1; Path=/") for name in ("one", "two")]
        self._connection.send_headers(stream, answer)
        self._connection.send_data(stream, body, end_stream=True)

    def _send(self) -> None:
        self.transport.write(self._connection.data_to_send())


class Server(threading.Thread):
    def __init__(self, port: int, certificate: tuple[Path, Path]) -> None:
        super().__init__(daemon=True)
        self.started = threading.Event()
        self._port = port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self._context.set_alpn_protocols(["h2"])
        self._stopped = asyncio.Event()

    def run(self) -> None:
        asyncio.run(self._serve())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self._loop.create_server(Http2, "127.0.0.1", self._port, ssl=self._context)
        self.started.set()
        await self._stopped.wait()
        server.close()


@contextlib.contextmanager
def serving_http2(port: int, certificate: tuple[Path, Path]) -> Iterator[str]:
    server = Server(port, certificate)
    server.start()
    assert server.started.wait(10)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        server.stop()
