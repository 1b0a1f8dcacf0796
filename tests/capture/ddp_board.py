"""The board of tasks over DDP, as Meteor speaks it: methods and a publication, in SockJS frames."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.capture.task_pages import pages
from tests.capture.tasks import RefusedError, Row, Tasks

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
_KEY_LENGTH = 17


def new_key() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_KEY_LENGTH))


class Client:
    """One connection; `subscription` is the number of its subscription to the tasks."""

    def __init__(self, connection: WebSocket) -> None:
        self._connection = connection
        self.token: Any = None
        self.subscription: str | None = None

    async def say(self, **message: Any) -> None:
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, default=_written)
        await self._connection.send_text(f"a{json.dumps([text])}")


class Board:
    def __init__(self) -> None:
        self.tasks = Tasks(new_key)
        self.clients: list[Client] = []

    async def serve(self, connection: WebSocket) -> None:
        await connection.accept()
        await connection.send_text("o")
        client = Client(connection)
        self.clients.append(client)
        await client.say(server_id="0")
        try:
            while True:
                for text in json.loads(await connection.receive_text()):
                    await self._take(client, json.loads(text))
        except WebSocketDisconnect:
            self.clients.remove(client)

    async def _take(self, client: Client, said: Row) -> None:
        match said["msg"]:
            case "connect":
                await client.say(msg="connected", session=new_key())
                await client.say(msg="ping")
            case "ping":
                await client.say(msg="pong")
            case "method":
                await self._call(client, said)
            case "sub":
                await self._subscribe(client, said["id"])
            case "unsub":
                await self._unsubscribe(client)

    async def _subscribe(self, client: Client, number: str) -> None:
        try:
            self.tasks.caller(client.token)
        except RefusedError as error:
            await client.say(msg="nosub", id=number, error=_error(error))
            return
        client.subscription = number
        for task in self.tasks.tasks.values():
            await client.say(**_added(task))
        await client.say(msg="ready", subs=[number])

    async def _unsubscribe(self, client: Client) -> None:
        for key in self.tasks.tasks:
            await client.say(msg="removed", collection="tasks", id=key)
        await client.say(msg="nosub", id=client.subscription)
        client.subscription = None

    # ------------------------------------------------------------------ methods

    async def _call(self, client: Client, said: Row) -> None:
        """Tell the result, then what changed, then that this was all."""
        try:
            result, changes = self._methods()[said["method"]](client, *said["params"])
        except RefusedError as error:
            await client.say(msg="result", id=said["id"], error=_error(error))
            changes = []
        else:
            more = {} if result is None else {"result": result}
            await client.say(msg="result", id=said["id"], **more)
        for change in changes:
            for each in self.clients:
                if each.subscription is not None:
                    await each.say(**change)
        await client.say(msg="updated", methods=[said["id"]])

    def _methods(self) -> dict[str, Callable[..., tuple[Any, list[Row]]]]:
        return {
            "createUser": self._register,
            "login": self._log_in,
            "logout": self._log_out,
            "tasks.insert": self._insert,
            "tasks.rename": self._rename,
            "tasks.setDone": self._set_done,
            "tasks.remove": self._remove,
        }

    def _register(self, client: Client, said: Row) -> tuple[Row, list[Row]]:
        session = self.tasks.register(said["username"], said["password"])
        client.token = session["token"]
        return {"id": session["id"], "token": session["token"]}, []

    def _log_in(self, client: Client, said: Row) -> tuple[Row, list[Row]]:
        if "resume" in said:
            name, token = self.tasks.caller(said["resume"]), said["resume"]
        else:
            name = said["username"]
            token = self.tasks.log_in(name, said["password"])["token"]
        client.token = token
        return {"id": self.tasks.users[name]["id"], "token": token}, []

    def _log_out(self, client: Client) -> tuple[None, list[Row]]:
        client.token = None
        return None, []

    def _insert(self, client: Client, said: Row) -> tuple[str, list[Row]]:
        task = self.tasks.create(self.tasks.caller(client.token), said["title"])
        return task["id"], [_added(task)]

    def _rename(self, client: Client, key: str, title: str) -> tuple[None, list[Row]]:
        return self._update(client, key, {"title": title})

    def _set_done(self, client: Client, key: str, done: bool) -> tuple[None, list[Row]]:
        return self._update(client, key, {"done": done})

    def _update(self, client: Client, key: str, changes: Row) -> tuple[None, list[Row]]:
        self.tasks.caller(client.token)
        self.tasks.update(key, changes)
        return None, [{"msg": "changed", "collection": "tasks", "id": key, "fields": changes}]

    def _remove(self, client: Client, key: str) -> tuple[int, list[Row]]:
        self.tasks.caller(client.token)
        self.tasks.delete(key)
        return 1, [{"msg": "removed", "collection": "tasks", "id": key}]


def _added(task: Row) -> Row:
    fields = {name: value for name, value in task.items() if name != "id"}
    return {"msg": "added", "collection": "tasks", "id": task["id"], "fields": fields}


def _error(error: RefusedError) -> Row:
    return {
        "isClientSafe": True,
        "error": error.status,
        "reason": error.why,
        "message": f"{error.why} [{error.status}]",
        "errorType": "Meteor.Error",
    }


def _written(value: object) -> Row:
    assert isinstance(value, datetime)
    return {"$date": int(value.timestamp() * 1000)}


async def info(_: Request) -> Response:
    entropy = secrets.randbits(32)
    facts = {"websocket": True, "origins": ["*:*"], "cookie_needed": False, "entropy": entropy}
    return JSONResponse(facts)


def application() -> Starlette:
    board = Board()
    return Starlette(
        routes=[
            *pages("ddp.js"),
            Route("/sockjs/info", info),
            WebSocketRoute("/sockjs/{server}/{session}/websocket", board.serve),
        ]
    )
