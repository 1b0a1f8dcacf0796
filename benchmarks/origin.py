"""A fast origin for benchmarks of captures: `python benchmarks/origin.py` prints its port.

Every request gets a JSON answer that differs with its path; bodies of requests are ignored.
"""

import asyncio
import json


class Origin(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._request()) is not None:
            self.transport.write(answer(request))

    def _request(self) -> bytes | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        _, found, length = head.lower().partition(b"content-length: ")
        size = int(length.partition(b"\r\n")[0]) if found else 0
        if len(rest) < size:
            return None
        self._buffer = rest[size:]
        return head


def answer(head: bytes) -> bytes:
    number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
    items = [
        {
            "id": number * 10 + item,
            "title": f"Item {number} {item}",
            "price": item * 3,
            "tags": ["a"],
        }
        for item in range(10)
    ]
    body = json.dumps({"items": items, "total": number}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Origin, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
