"""A Messages API on loopback that answers from a script, and remembers what it was asked.

Each item is a `Turn` (what the model says and does), a `Fault`, or a function of the request that
returns one of them.
"""

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_numbers = itertools.count(1)
_ERRORS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}

Body = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message of the model: text, and uses of tools as (name, input)."""

    text: str = ""
    uses: tuple[tuple[str, dict[str, Any]], ...] = ()
    input_tokens: int = 100
    output_tokens: int = 20

    @property
    def blocks(self) -> list[dict[str, Any]]:
        said = [{"type": "text", "text": self.text}] if self.text else []
        return said + [
            {"type": "tool_use", "id": f"toolu_{next(_numbers):05d}", "name": name, "input": given}
            for name, given in self.uses
        ]

    @property
    def stop_reason(self) -> str:
        return "tool_use" if self.uses else "end_turn"


def use(name: str, **given: Any) -> Turn:
    """Return a turn that uses one tool; those of the harness go without their prefix."""
    built_in = ("Read", "Write", "Edit", "Glob", "Grep", "Bash", "WebFetch")
    return Turn(uses=((name if name in built_in else f"mcp__understudy__{name}", given),))


def say(text: str) -> Turn:
    return Turn(text)


@dataclass(frozen=True)
class Fault:
    """`kind`: http (answers `status`), hang, stall (falls silent), midstream (breaks off)."""

    kind: str = "http"
    status: int = 529
    retry_after: int | None = None


Item = Turn | Fault | Callable[[Body], Turn | Fault]


@dataclass
class MessagesApi:
    """Use it in a `with` block; `asked` are the bodies of the requests, `headers` their headers."""

    script: Iterable[Item] = ()
    when_empty: Item = field(default_factory=lambda: say("That is all."))
    asked: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._items = iter(self.script)
        self._lock = threading.Lock()
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next(self, body: Body) -> Turn | Fault:
        with self._lock:
            self.asked.append(body)
            item = next(self._items, self.when_empty)
        return item(body) if callable(item) else item

    def results(self, number: int) -> str:
        """Return what the last tools answered, as request `number` (from 0) shows it."""
        for message in reversed(self.asked[number]["messages"]):
            content = message["content"]
            blocks = [] if isinstance(content, str) else content
            found = [str(one["content"]) for one in blocks if one["type"] == "tool_result"]
            if found:
                return "\n".join(found)
        return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: MessagesApi

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.api.headers.append(dict(self.headers))
        self.api.paths.append(self.path)
        item = self.api.next(body)
        try:
            if isinstance(item, Turn):
                self._stream(_events(item, body))
            else:
                self._fail(item, body)
        except OSError:
            self.close_connection = True

    def _fail(self, fault: Fault, body: Body) -> None:
        if fault.kind == "http":
            kind = _ERRORS.get(fault.status, "api_error")
            text = {"type": "error", "error": {"type": kind, "message": "scripted"}}
            after = {"retry-after": str(fault.retry_after)} if fault.retry_after else {}
            self._answer(fault.status, json.dumps(text).encode(), "application/json", after)
            return
        self.close_connection = True
        if fault.kind == "hang":
            self.api.closing.wait(600)
            return
        events = list(_events(say("part of an answer"), body))
        self._start(200, "text/event-stream")
        for name, data in events[:3]:
            self._chunk(name, data)
        if fault.kind == "stall":
            self.api.closing.wait(600)
        self.connection.shutdown(socket.SHUT_RDWR)

    def _stream(self, events: Iterator[tuple[str, Body]]) -> None:
        self._start(200, "text/event-stream")
        for name, data in events:
            self._chunk(name, data)
        self.wfile.write(b"0\r\n\r\n")

    def _start(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, name: str, data: Body) -> None:
        text = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.flush()

    def _answer(self, status: int, body: bytes, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _events(turn: Turn, body: Body) -> Iterator[tuple[str, Body]]:
    usage = {"input_tokens": turn.input_tokens, "output_tokens": 1}
    message = {
        "id": f"msg_{next(_numbers):05d}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "scripted"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield "message_start", {"type": "message_start", "message": message}
    for index, block in enumerate(turn.blocks):
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        yield (
            "content_block_start",
            {"type": "content_block_start", "index": index, "content_block": empty},
        )
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if block["type"] == "text"
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        yield (
            "content_block_delta",
            {"type": "content_block_delta", "index": index, "delta": delta},
        )
        yield "content_block_stop", {"type": "content_block_stop", "index": index}
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": turn.stop_reason, "stop_sequence": None},
            "usage": {**usage, "output_tokens": turn.output_tokens},
        },
    )
    yield "message_stop", {"type": "message_stop"}


def pause(seconds: float) -> Callable[[Body], Turn]:
    """Return an item that thinks for a while before it goes on."""

    def item(_: Body) -> Turn:
        time.sleep(seconds)
        return say("thought about it")

    return item
