"""What pages themselves tell: the bodies of uploads, what streams brought, WebSocket protocols."""

import base64
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

SCRIPT = Path(__file__).with_name("page_script.js")
BINDING = "__understudy_tell"
_LARGEST_STREAM = 32 << 20
T = TypeVar("T")


@dataclass
class Body:
    """A request's body as the browser packed it."""

    media: str
    content: bytes


@dataclass
class Stream:
    """What a response brought until now."""

    began: float
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self.size += len(data)
        if self.size <= _LARGEST_STREAM:
            self.chunks.append(data)


class PageFacts:
    """Facts by the method and address of the request that they belong to, in order."""

    def __init__(self) -> None:
        self._bodies: defaultdict[tuple[str, str], deque[Body]] = defaultdict(deque)
        self._streams: defaultdict[tuple[str, str], deque[Stream]] = defaultdict(deque)
        self._by_id: dict[str, Stream] = {}
        self._protocols: defaultdict[str, deque[list[str]]] = defaultdict(deque)

    def add(self, fact: dict[str, Any]) -> None:
        """Note a fact; what is malformed is none of ours."""
        match fact:
            case {"kind": "body", "method": str(method), "url": str(url), "type": str(media)}:
                content = base64.b64decode(str(fact.get("data", "")))
                self._bodies[method, url].append(Body(media, content))
            case {"kind": "stream", "id": str(number), "method": str(method), "url": str(url)}:
                stream = Stream(time.time())
                self._streams[method, url].append(stream)
                self._by_id[number] = stream
            case {"kind": "chunk", "id": str(number), "text": str(text)}:
                if number in self._by_id:
                    self._by_id[number].add(text)
            case {"kind": "socket", "url": str(url), "protocols": list(protocols)}:
                self._protocols[url].append([str(each) for each in protocols])

    def body(self, method: str, url: str) -> Body | None:
        return _next(self._bodies.get((method, url)))

    def stream(self, method: str, url: str) -> bytes:
        """Return what a stream brought; it is not followed any longer."""
        found = _next(self._streams.get((method, url)))
        if found is None:
            return b""
        self._by_id = {key: each for key, each in self._by_id.items() if each is not found}
        return b"".join(found.chunks)

    def protocols(self, url: str) -> list[str]:
        return _next(self._protocols.get(url)) or []


def _next(waiting: deque[T] | None) -> T | None:
    return waiting.popleft() if waiting else None
