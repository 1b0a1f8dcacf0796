"""A client of engine.io that polls, in both versions of the protocol."""

import re
from collections import deque
from concurrent.futures import Executor, Future
from threading import Event
from typing import Any

import httpx

_LENGTH = re.compile(r"(\d+):")


def payload(packets: list[str], version: int) -> str:
    if version > 3:
        return "\x1e".join(packets)
    return "".join(f"{len(each.encode('utf-16-le')) // 2}:{each}" for each in packets)


def packets_of(text: str, version: int) -> list[str]:
    if version > 3:
        return text.split("\x1e")
    units = "".join(chr(each) for each in memoryview(text.encode("utf-16-le")).cast("H"))
    found, position = [], 0
    while head := _LENGTH.match(units, position):
        position = head.end() + int(head[1])
        packet = units[head.end() : position]
        found.append(packet.encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
    assert position == len(units), text
    return found


class Polled:
    """One session. `send` and `recv` are those of a WebSocket connection."""

    def __init__(self, http: httpx.Client, version: int, **params: str) -> None:
        self.http = http
        self.version = version
        self.params = {"EIO": str(version), "transport": "polling", **params}
        self._heard: deque[str] = deque()

    def open(self, headers: dict[str, str] | None = None) -> str:
        """Make the handshake; return the open packet."""
        answer = self.get(headers)
        assert answer.status_code == 200, answer.text
        first, *more = packets_of(answer.text, self.version)
        self._heard += more
        self.params["sid"] = httpx.Response(200, text=first[1:]).json()["sid"]
        return first

    def get(self, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        return self.http.get("/socket.io/", params=self.params, headers=headers, **more)

    def begin(self, pool: Executor) -> Future[httpx.Response]:
        """Return a poll that is on its way to the server."""
        sent = Event()

        def trace(name: str, _: Any) -> None:
            if name == "http11.send_request_body.complete":
                sent.set()

        waiting = pool.submit(self.get, extensions={"trace": trace})
        assert sent.wait(10)
        return waiting

    def post(self, content: str | bytes) -> httpx.Response:
        return self.http.post("/socket.io/", params=self.params, content=content)

    def poll(self) -> list[str]:
        answer = self.get()
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        return packets_of(answer.text, self.version)

    def push(self, *packets: str) -> None:
        answer = self.post(payload([*packets], self.version))
        assert (answer.status_code, answer.text) == (200, "ok")

    def send(self, message: Any) -> None:
        self.push(message)

    def recv(self, timeout: float | None = None) -> str:  # noqa: ARG002, RUF100
        while not self._heard:
            self._heard += [packet for packet in self.poll() if packet != "6"]
        return self._heard.popleft()
