"""Traffic as the pages see it: Playwright's network events, and what pages tell themselves."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
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
_BY_SCRIPT = ("fetch", "xhr")
_MOMENT_S = 0.05
_LAST_ANSWERS_S = 1.0
_DRAIN_S = 5.0
_LOST = "Answers that a page left behind before they could be read were not recorded."


@dataclass(frozen=True)
class Asked:
    """A request that has no answer yet: when it was made, and the last answer told before it."""

    began: float
    told: int


class PageWatcher:
    """Records what one profile's pages, frames and workers exchange."""

    def __init__(self, recorder: Recorder, client: str) -> None:
        self._recorder = recorder
        self._client = client
        self._facts = PageFacts()
        self._asked: dict[Request, Asked] = {}
        self._answers: dict[Request, Response] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[PageSocket] = set()

    async def attach(self, context: BrowserContext) -> None:
        """Watch a context from before its first page."""
        await context.expose_binding(BINDING, lambda _, fact: self._facts.add(fact))
        await context.add_init_script(path=SCRIPT)
        context.on("request", self._ask)
        context.on("response", self._answer)
        context.on("requestfinished", lambda request: self._ended(request, failed=False))
        context.on("requestfailed", lambda request: self._ended(request, failed=True))
        context.on("page", self._watch_sockets)

    async def drain(self) -> None:
        """Record what is still under way, while the browser can still be asked."""
        until = time.monotonic() + _LAST_ANSWERS_S
        while self._waits_for_answers() and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(_MOMENT_S)
        for request in list(self._asked):
            self._ended(request, failed=True)
        for socket in list(self._sockets):
            await socket.drain()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_DRAIN_S)

    def _waits_for_answers(self) -> bool:
        answers = map(self._answers.get, self._asked)
        return any(answer is None or not _is_stream(answer) for answer in answers)

    def _ask(self, request: Request) -> None:
        self._asked[request] = Asked(time.time(), self._facts.number)

    def _answer(self, response: Response) -> None:
        self._answers[response.request] = response

    def _ended(self, request: Request, *, failed: bool) -> None:
        asked = self._asked.pop(request, None)
        response = self._answers.pop(request, None)
        if asked is not None:
            self._later(self._record(request, asked, response, failed=failed))

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
        self, request: Request, asked: Asked, response: Response | None, *, failed: bool
    ) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _WEB:
            return
        if response is not None and response.from_service_worker:
            return  # the worker's own request is recorded
        if response is None and request.resource_type == "document":
            self._recorder.drop(PAGE)
            return
        took = (time.time() - asked.began) * 1000
        sent = await self._request(request, parts)
        answer = None if response is None else await _head(response)
        exchange = Exchange(0, sent, answer, asked.began, took, client=self._client)
        if response is not None and answer is not None and self._recorder.keeps(exchange):
            body = await self._body(response, asked, failed=failed)
            answer = None if body is None else replace(answer, body=body)
            exchange = replace(exchange, response=answer)
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

    async def _body(self, response: Response, asked: Asked, *, failed: bool) -> bytes | None:
        """Return what was brought; None where it was broken off or lost, unless it is a stream."""
        request = response.request
        url = request.url.partition("#")[0]
        body = None if failed else await _read(response)
        if _is_stream(response):
            brought = self._facts.brought(request.method, url)
            return brought if body is None else body
        if not _has_body(response.status):
            return b""
        told = self._facts.answer(request.method, url, response.status, asked.told)
        if body is None and request.resource_type in _BY_SCRIPT:
            until = time.monotonic() + _BODY_S
            while told is None and time.monotonic() < until:
                await asyncio.sleep(_MOMENT_S)
                told = self._facts.answer(request.method, url, response.status, asked.told)
        if body is None and told is None and not failed:
            self._recorder.note(_LOST)
        return told if body is None else body


async def _read(response: Response) -> bytes | None:
    """Return a body as the browser keeps it; None when its page is gone."""
    try:
        return await response.body()
    except PlaywrightError:
        return None


def _is_stream(response: Response) -> bool:
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media == _EVENT_STREAM


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
