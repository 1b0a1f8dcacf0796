"""Exchanges in one line, and recordings of them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from harness.traffic.exchange import Exchange, Headers, Request, Response

JSON: Headers = (("content-type", "application/json"),)


def call(
    method: str,
    target: str,
    status: int = 200,
    answer: Any = None,
    *,
    body: Any = None,
    headers: Headers = (),
    answer_headers: Headers = JSON,
) -> Exchange:
    """Make an exchange; bodies are JSON unless they are bytes. `target` may have a query."""
    path, _, query = target.partition("?")
    sent = headers
    if body is not None and not isinstance(body, bytes):
        sent = (*JSON, *headers)
    return Exchange(
        1,
        Request(method, "http", "api.test", path, query, sent, _bytes(body)),
        Response(status, answer_headers, _bytes(answer)),
    )


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class Take:
    """A recording in memory."""

    def __init__(self, exchanges: Iterable[Exchange], name: str = "take") -> None:
        self.name = name
        self._exchanges = [
            Exchange(seq, item.request, item.response, channel=item.channel, message=item.message)
            for seq, item in enumerate(exchanges, start=1)
        ]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)
