"""The board of tasks over socket.io 5: engine.io 4, polled at first and then upgraded."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.capture.task_pages import pages
from tests.capture.tasks import RefusedError, Row, Tasks

_PING_S = 1.0
_OPEN = {"upgrades": ["websocket"], "pingInterval": 1000, "pingTimeout": 20000}
_PING, _PONG, _UPGRADE, _NOOP = "2", "3", "5", "6"
_SEPARATOR = "\x1e"


class Client:
    """A session of engine.io: packets to a client wait here, however they are fetched."""

    def __init__(self) -> None:
        self.sid = secrets.token_urlsafe(15)
        self.packets: asyncio.Queue[str] = asyncio.Queue()
        self.token: Any = None

    def say(self, kind: str, number: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_written)
        self.packets.put_nowait(f"4{kind}{number}{text}")

    async def pending(self) -> list[str]:
        """Wait for packets; return all that there are."""
        found = [await self.packets.get()]
        while not self.packets.empty():
            found.append(self.packets.get_nowait())
        return found


class Board:
    def __init__(self) -> None:
        self.tasks = Tasks(itertools.count(1).__next__)
        self.clients: dict[str, Client] = {}

    # ------------------------------------------------------------------ engine.io

    async def poll(self, request: Request) -> Response:
        sid = request.query_params.get("sid")
        if sid is None:
            return PlainTextResponse(f"0{json.dumps(self._opened())}")
        client = self.clients.get(sid)
        if client is None:
            return PlainTextResponse('{"code":1,"message":"Session ID unknown"}', 400)
        if request.method == "GET":
            return PlainTextResponse(_SEPARATOR.join(await client.pending()))
        for packet in (await request.body()).decode().split(_SEPARATOR):
            self._take(client, packet)
        return PlainTextResponse("ok")

    async def upgrade(self, connection: WebSocket) -> None:
        client = self.clients[connection.query_params["sid"]]
        await connection.accept()
        writing: list[asyncio.Task[None]] = []
        try:
            while True:
                packet = await connection.receive_text()
                if packet == f"{_PING}probe":
                    await connection.send_text(f"{_PONG}probe")
                    client.packets.put_nowait(_NOOP)
                elif packet == _UPGRADE:
                    writing.append(asyncio.create_task(_write(connection, client)))
                    writing.append(asyncio.create_task(_ping(client)))
                else:
                    self._take(client, packet)
        except WebSocketDisconnect:
            del self.clients[client.sid]
        finally:
            for task in writing:
                task.cancel()

    def _opened(self) -> Row:
        client = Client()
        self.clients[client.sid] = client
        return {"sid": client.sid, **_OPEN}

    # ------------------------------------------------------------------ socket.io

    def _take(self, client: Client, packet: str) -> None:
        if packet.startswith("40"):
            client.token = json.loads(packet[2:] or "{}").get("token")
            client.say("0", "", {"sid": secrets.token_urlsafe(15)})
        elif packet.startswith("42"):
            number, bracket, rest = packet[2:].partition("[")
            name, said = json.loads(bracket + rest)
            client.say("3", number, self._answer(client, name, said))

    def _answer(self, client: Client, name: str, said: Row) -> list[Any]:
        """Return the acknowledgement of an event, the error first."""
        events: dict[str, Callable[[Client, Row], Any]] = {
            "user:create": self._register,
            "user:login": self._log_in,
            "user:logout": self._log_out,
            "task:list": self._list,
            "task:create": self._create,
            "task:update": self._update,
            "task:delete": self._delete,
        }
        try:
            return [None, events[name](client, said)]
        except RefusedError as error:
            return [{"code": error.status, "message": error.why}]

    def _register(self, client: Client, said: Row) -> Row:
        session = self.tasks.register(said["name"], said["password"])
        client.token = session["token"]
        return session

    def _log_in(self, client: Client, said: Row) -> Row:
        session = self.tasks.log_in(said["name"], said["password"])
        client.token = session["token"]
        return session

    def _log_out(self, client: Client, _: Row) -> None:
        client.token = None

    def _list(self, client: Client, _: Row) -> list[Row]:
        self.tasks.caller(client.token)
        return list(self.tasks.tasks.values())

    def _create(self, client: Client, said: Row) -> Row:
        task = self.tasks.create(self.tasks.caller(client.token), said["title"])
        return self._emit(client, "task:created", task)

    def _update(self, client: Client, said: Row) -> Row:
        self.tasks.caller(client.token)
        return self._emit(client, "task:updated", self.tasks.update(said["id"], said))

    def _delete(self, client: Client, said: Row) -> Row:
        self.tasks.caller(client.token)
        return self._emit(client, "task:deleted", {"id": self.tasks.delete(said["id"])["id"]})

    def _emit(self, by: Client, name: str, row: Row) -> Row:
        """Tell everybody else in the namespace."""
        for client in self.clients.values():
            if client is not by:
                client.say("2", "", [name, row])
        return row


async def _write(connection: WebSocket, client: Client) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            for packet in await client.pending():
                await connection.send_text(packet)


async def _ping(client: Client) -> None:
    while True:
        await asyncio.sleep(_PING_S)
        client.packets.put_nowait(_PING)


def _written(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def application() -> Starlette:
    board = Board()
    return Starlette(
        routes=[
            *pages("socketio.js"),
            Route("/socket.io/", board.poll, methods=["GET", "POST"]),
            WebSocketRoute("/socket.io/", board.upgrade),
        ]
    )
