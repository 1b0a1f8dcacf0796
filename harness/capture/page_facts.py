"""What pages tell: bodies of uploads, answers, what streams brought, protocols of WebSockets."""

import base64
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

SCRIPT = Path(__file__).with_name("page_script.js")
BINDING = "__understudy_tell"
_LARGEST_STREAM = 32 << 20
_MOST_STREAMS = 200
_MOST_BODIES = 20
_ANSWER_S = 10.0
"""An answer that nobody missed for so long was read from the network."""
T = TypeVar("T")


@dataclass
class Body:
    """A request's body as the browser packed it."""

    media: str
    content: bytes


@dataclass
class Answer:
    """An answer as a page has it; `number` tells what was before it from what was after."""

    key: tuple[str, str, int]
    content: bytes
    number: int
    moment: float


@dataclass
class Stream:
    """What a response brought until now; an EventSource's `lasts` over several responses."""

    lasts: bool
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self.size += len(data)
        if self.size <= _LARGEST_STREAM:
            self.chunks.append(data)

    def take(self) -> bytes:
        taken = b"".join(self.chunks)
        self.chunks, self.size = [], 0
        return taken


class PageFacts:
    """Facts by the method and address of the request that they belong to, in order."""

    def __init__(self) -> None:
        self._bodies: defaultdict[tuple[str, str], deque[Body]] = defaultdict(
            lambda: deque(maxlen=_MOST_BODIES)
        )
        self._streams: defaultdict[tuple[str, str], deque[Stream]] = defaultdict(
            lambda: deque(maxlen=_MOST_STREAMS)
        )
        self._by_id: dict[str, Stream] = {}
        self._answers: deque[Answer] = deque()
        self.number = 0
        self._protocols: defaultdict[str, deque[list[str]]] = defaultdict(deque)

    def add(self, fact: dict[str, Any]) -> None:
        """Note a fact; what is malformed is none of ours."""
        match fact:
            case {"kind": "body", "method": str(method), "url": str(url), "type": str(media)}:
                self._bodies[method, url].append(Body(media, _content(fact)))
            case {"kind": "answer", "method": str(method), "url": str(url), "status": int(status)}:
                self._add_answer((method, url, status), _content(fact))
            case {"kind": "stream", "id": str(number), "method": str(method), "url": str(url)}:
                stream = Stream(lasts=bool(fact.get("lasts")))
                self._streams[method, url].append(stream)
                self._by_id[number] = stream
                if len(self._by_id) > _MOST_STREAMS:
                    del self._by_id[next(iter(self._by_id))]
            case {"kind": "chunk", "id": str(number), "text": str(text)}:
                if number in self._by_id:
                    self._by_id[number].add(text)
            case {"kind": "socket", "url": str(url), "protocols": list(protocols)}:
                self._protocols[url].append([str(each) for each in protocols])

    def body(self, method: str, url: str) -> Body | None:
        return _next(self._bodies.get((method, url)))

    def answer(self, method: str, url: str, status: int, after: int) -> bytes | None:
        """Return, once, the body of the first such answer that was told after a number."""
        for told in self._answers:
            if told.number > after and told.key == (method, url, status):
                self._answers.remove(told)
                return told.content
        return None

    def brought(self, method: str, url: str) -> bytes:
        """Return what the stream of a response brought that has ended now."""
        waiting = self._streams[method, url]
        stream = _next(waiting)
        if stream is None:
            return b""
        if stream.lasts:
            waiting.append(stream)
        return stream.take()

    def _add_answer(self, key: tuple[str, str, int], content: bytes) -> None:
        now = time.monotonic()
        self.number += 1
        self._answers.append(Answer(key, content, self.number, now))
        while self._answers[0].moment < now - _ANSWER_S:
            self._answers.popleft()

    def protocols(self, url: str) -> list[str]:
        return _next(self._protocols.get(url)) or []


def _content(fact: dict[str, Any]) -> bytes:
    return b"".join(base64.b64decode(str(each)) for each in fact.get("parts", ()))


def _next(waiting: deque[T] | None) -> T | None:
    return waiting.popleft() if waiting else None
