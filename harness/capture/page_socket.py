"""One WebSocket of a page: its handshake, then its messages, in order."""

import asyncio
import time
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, WebSocket

from harness.capture.page_facts import PageFacts
from harness.capture.recorder import Recorder
from harness.traffic.addresses import host_in_scheme
from harness.traffic.exchange import Exchange, Headers, Request, Response
from harness.traffic.flows import message_of

_SCHEMES = {"ws": "http", "wss": "https"}
_SWITCHED = Response(101, (("Upgrade", "websocket"), ("Connection", "Upgrade")))
_DRAIN_S = 2.0

Item = tuple[Literal["sent", "received", "failed", "closed"], bytes, float]


class PageSocket:
    """Events come in at once and are written by `run`, after what the handshake needed."""

    def __init__(
        self,
        recorder: Recorder,
        client: str,
        context: BrowserContext,
        socket: WebSocket,
        facts: PageFacts,
    ) -> None:
        self._recorder = recorder
        self._client = client
        self._context = context
        self._url = socket.url
        self._facts = facts
        self._began = time.time()
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._ended = asyncio.Event()
        socket.on("framesent", lambda data: self._put("sent", data))
        socket.on("framereceived", lambda data: self._put("received", data))
        socket.on("socketerror", lambda _: self._put("failed", b""))
        socket.on("close", lambda _: self._put("closed", b""))

    async def run(self) -> None:
        """Write the socket's exchanges until it is closed."""
        handshake: Exchange | None = None
        while True:
            kind, data, moment = await self._items.get()
            if handshake is None:
                handshake = await self._handshake(answered=kind != "failed")
                self._recorder.record(handshake)
            if kind in ("closed", "failed"):
                break
            self._recorder.record(message_of(handshake, data, moment, from_client=kind == "sent"))
        self._ended.set()

    async def drain(self) -> None:
        """Write what came until now, and stop."""
        self._put("closed", b"")
        try:
            await asyncio.wait_for(self._ended.wait(), _DRAIN_S)
        except TimeoutError:
            return

    def _put(
        self, kind: Literal["sent", "received", "failed", "closed"], data: str | bytes
    ) -> None:
        content = data.encode() if isinstance(data, str) else data
        self._items.put_nowait((kind, content, time.time()))

    async def _handshake(self, *, answered: bool) -> Exchange:
        parts = urlsplit(self._url)
        scheme = _SCHEMES.get(parts.scheme, "http")
        request = Request(
            method="GET",
            scheme=scheme,
            host=host_in_scheme(parts.netloc, scheme),
            path=parts.path or "/",
            query=parts.query,
            headers=await self._headers(parts.netloc, f"{scheme}{self._url[len(parts.scheme) :]}"),
        )
        answer = _SWITCHED if answered else None
        return Exchange(0, request, answer, self._began, client=self._client)

    async def _headers(self, host: str, url: str) -> Headers:
        headers = [("Host", host), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        cookies = await self._context.cookies(url)
        if cookies:
            pairs = "; ".join(f"{each.get('name')}={each.get('value')}" for each in cookies)
            headers.append(("Cookie", pairs))
        if protocols := self._facts.protocols(self._url):
            headers.append(("Sec-WebSocket-Protocol", ", ".join(protocols)))
        return tuple(headers)
