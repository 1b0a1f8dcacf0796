"""A small application of several users: REST, SSE, a service worker, uploads, a WebSocket."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import brotli
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PAGES = Path(__file__).parent / "pages"
ENCODERS = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def refused(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status)


class Notes:
    """The state of one server, the same after the same requests."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.notes: dict[int, dict[str, Any]] = {}
        self.files: list[dict[str, Any]] = []
        self.listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    # ------------------------------------------------------------------ users

    async def register(self, request: Request) -> Response:
        body = await request.json()
        if body["email"] in self.users:
            return refused(409, "email is taken")
        self.users[body["email"]] = {"id": len(self.users) + 1, **body}
        return JSONResponse(self._session(body["email"]), 201)

    async def login(self, request: Request) -> Response:
        body = await request.json()
        user = self.users.get(body["email"])
        if user is None or user["password"] != body["password"]:
            return refused(401, "wrong credentials")
        return JSONResponse(self._session(body["email"]))

    def _session(self, email: str) -> dict[str, Any]:
        token = hashlib.sha256(f"{email}{len(self.tokens)}".encode()).hexdigest()
        self.tokens[token] = email
        return {"id": self.users[email]["id"], "email": email, "token": token}

    def _caller(self, request: Request) -> str | None:
        return self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    # ------------------------------------------------------------------ notes

    async def many(self, request: Request) -> Response:
        who = self._caller(request)
        if who is None:
            return refused(401, "log in first")
        if request.method == "GET":
            return JSONResponse([one for one in self.notes.values() if one["owner"] == who])
        body = await request.json()
        if not body.get("title"):
            return refused(422, "title is missing")
        number = max(self.notes, default=0) + 1
        self.notes[number] = {"id": number, "title": body["title"], "stars": 0, "owner": who}
        for queue in self.listeners:
            queue.put_nowait({"created": self.notes[number]})
        return JSONResponse(self.notes[number], 201)

    async def one(self, request: Request) -> Response:
        who, number = self._caller(request), int(request.path_params["id"])
        if who is None:
            return refused(401, "log in first")
        found = self.notes.get(number)
        if found is None:
            return refused(404, "no such note")
        if found["owner"] != who:
            return refused(403, "not yours")
        if request.method == "PATCH":
            found.update(await request.json())
        if request.method == "DELETE":
            del self.notes[number]
            return Response(status_code=204)
        return JSONResponse(found)

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            content = await form["file"].read()  # type: ignore[union-attr]
            made = {"id": len(self.files) + 1, "title": form["title"], "size": len(content)}
        self.files.append(made)
        return JSONResponse(made, 201)

    # -------------------------------------------------------- streams and sockets

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.listeners.add(queue)
        try:
            yield 'data: {"hello": true}\n\n'
            while True:
                yield f"data: {json.dumps(await queue.get())}\n\n"
        finally:
            self.listeners.discard(queue)


async def talk(connection: WebSocket) -> None:
    await connection.accept()
    try:
        while True:
            message = json.loads(await connection.receive_text())
            await connection.send_text(json.dumps({"reply": message["id"], "ok": True}))
    except WebSocketDisconnect:
        return


async def packed(request: Request) -> Response:
    encoding = request.path_params["encoding"]
    body = json.dumps({"encoding": encoding, "text": "x" * 2000}).encode()
    headers = {"content-encoding": encoding}
    return Response(ENCODERS[encoding](body), media_type="application/json", headers=headers)


async def moved(_: Request) -> Response:
    return Response(status_code=307, headers={"location": "/api/status"})


async def status(_: Request) -> Response:
    return JSONResponse({"ok": True})


def _page(path: str, name: str, media: str) -> Route:
    async def serve(_: Request) -> Response:
        return FileResponse(PAGES / name, media_type=media)

    return Route(path, serve)


def application() -> Starlette:
    app = Notes()
    return Starlette(
        routes=[
            _page("/", "index.html", "text/html"),
            _page("/app.js", "app.js", "text/javascript"),
            _page("/sw.js", "sw.js", "text/javascript"),
            Route("/api/users", app.register, methods=["POST"]),
            Route("/api/login", app.login, methods=["POST"]),
            Route("/api/notes", app.many, methods=["GET", "POST"]),
            Route("/api/notes/{id:int}", app.one, methods=["GET", "PATCH", "DELETE"]),
            Route("/api/files", app.upload, methods=["POST"]),
            Route("/api/events", app.events),
            Route("/api/packed/{encoding}", packed),
            Route("/api/old", moved),
            Route("/api/status", status),
            WebSocketRoute("/socket", talk),
        ]
    )
