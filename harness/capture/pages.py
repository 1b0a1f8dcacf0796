"""Traffic as the pages see it: Playwright's network events, and what pages tell themselves."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from playwright.async_api import BrowserContext, Page, Request, Response, WebSocket
from playwright.async_api import Error as PlaywrightError

from harness.capture.page_facts import BINDING, SCRIPT, PageFacts
from harness.capture.page_socket import PageSocket
from harness.capture.recorder import Recorder
from harness.traffic import exchange as traffic
from harness.traffic.addresses import host_in_scheme
from harness.traffic.bodies import without_encoding
from harness.traffic.exchange import Exchange, Headers
from harness.traffic.scope import PAGE

_WEB = ("http", "https")
_EVENT_STREAM = "text/event-stream"
_UPLOADS = ("multipart/form-data", "application/octet-stream")
_BODILESS = (101, 204, 205, 304)
_BODY_S = 1.0
_MOMENT_S = 0.05
_LAST_ANSWERS_S = 1.0
_DRAIN_S = 5.0
_LOST = "Bodies that a page left behind before they could be read were not recorded."


class PageWatcher:
    """Records what one profile's pages, frames and workers exchange."""

    def __init__(self, recorder: Recorder, client: str) -> None:
        self._recorder = recorder
        self._client = client
        self._facts = PageFacts()
        self._began: dict[Request, float] = {}
        self._streaming: dict[Request, Response] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[PageSocket] = set()

    async def attach(self, context: BrowserContext) -> None:
        """Watch a context from before its first page."""
        await context.expose_binding(BINDING, lambda _, fact: self._facts.add(fact))
        await context.add_init_script(path=SCRIPT)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfinished", lambda request: self._ended(request, failed=False))
        context.on("requestfailed", lambda request: self._ended(request, failed=True))
        context.on("page", self._watch_sockets)

    async def drain(self) -> None:
        """Record what is still under way, while the browser can still be asked."""
        until = time.monotonic() + _LAST_ANSWERS_S
        while len(self._began) > len(self._streaming) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(_MOMENT_S)
        for request in list(self._began):
            self._ended(request, failed=True)
        for socket in list(self._sockets):
            await socket.drain()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_DRAIN_S)

    def _asked(self, request: Request) -> None:
        self._began[request] = time.time()

    def _answered(self, response: Response) -> None:
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == _EVENT_STREAM:
            self._streaming[response.request] = response

    def _ended(self, request: Request, *, failed: bool) -> None:
        began = self._began.pop(request, None)
        stream = self._streaming.pop(request, None)
        if began is not None:
            self._later(self._record(request, began, stream, failed=failed))

    def _watch_sockets(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._watch_socket(page.context, socket))

    def _watch_socket(self, context: BrowserContext, socket: WebSocket) -> None:
        watched = PageSocket(self._recorder, self._client, context, socket, self._facts)
        self._sockets.add(watched)
        self._later(self._follow(watched))

    async def _follow(self, socket: PageSocket) -> None:
        await socket.run()
        self._sockets.discard(socket)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --------------------------------------------------------------------- exchanges

    async def _record(
        self, request: Request, began: float, stream: Response | None, *, failed: bool
    ) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _WEB:
            return
        try:
            response = stream if failed else await request.response()
            if response is not None and response.from_service_worker:
                return  # the worker's own request is recorded
            if response is None and request.resource_type == "document":
                self._recorder.drop(PAGE)
                return
            took = (time.time() - began) * 1000
            asked = await self._request(request, parts)
            answer = None if response is None else await _head(response)
            exchange = Exchange(0, asked, answer, began, took, client=self._client)
            if response is not None and answer is not None and self._recorder.keeps(exchange):
                body = await self._body(response, answer, failed=failed)
                answer = None if body is None else replace(answer, body=body)
                exchange = replace(exchange, response=answer)
        except PlaywrightError:
            self._recorder.note(_LOST)
            return
        self._recorder.record(exchange)

    async def _request(self, request: Request, parts: SplitResult) -> traffic.Request:
        headers = await _headers(request)
        asked = traffic.Request(
            method=request.method.upper(),
            scheme=parts.scheme,
            host=host_in_scheme(parts.netloc, parts.scheme),
            path=parts.path or "/",
            query=parts.query,
            headers=headers,
            body=request.post_data_buffer or b"",
        )
        return asked if asked.method in ("GET", "HEAD") else await self._packed(request, asked)

    async def _packed(self, request: Request, asked: traffic.Request) -> traffic.Request:
        """Put in the body that the page packed, where network events leave it out."""
        url = request.url.partition("#")[0]
        until = time.monotonic() + (_BODY_S if asked.content_type in _UPLOADS else 0)
        while (body := self._facts.body(asked.method, url)) is None:
            if time.monotonic() >= until:
                return asked
            await asyncio.sleep(_MOMENT_S)
        kept = tuple(pair for pair in asked.headers if pair[0].lower() != "content-type")
        headers = (*kept, ("content-type", body.media)) if body.media else asked.headers
        return replace(asked, headers=headers, body=body.content)

    async def _body(
        self, response: Response, answer: traffic.Response, *, failed: bool
    ) -> bytes | None:
        """Return what was brought; None where it was broken off, unless it is a stream."""
        brought = b""
        if answer.content_type == _EVENT_STREAM:
            request = response.request
            brought = self._facts.brought(request.method, request.url.partition("#")[0])
        elif failed:
            return None
        if failed or not _has_body(answer.status):
            return brought
        return await response.body()


def _has_body(status: int) -> bool:
    return status not in _BODILESS and not 300 <= status < 400  # noqa: PLR2004


async def _head(response: Response) -> traffic.Response:
    return traffic.Response(response.status, without_encoding(await _headers(response)))


async def _headers(message: Request | Response) -> Headers:
    """Return the headers as they went over the wire; of a page that is gone, what is known."""
    try:
        pairs = [(each["name"], each["value"]) for each in await message.headers_array()]
    except PlaywrightError:
        pairs = list(message.headers.items())
    return tuple(pair for pair in pairs if pair[0][:1] != ":")
