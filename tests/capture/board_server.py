"""A message board to explore, which notes every call that it gets."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

PAGES = Path(__file__).parent / "pages"
CAROLS = {"id": 1, "title": "Carol's post", "text": "Hello", "author": "carol", "stars": []}


class Board:
    """Anybody who is logged in may do anything to any post: care is the visitor's business."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.posts: dict[int, dict[str, Any]] = {1: {**CAROLS, "stars": []}}
        self.comments: dict[int, dict[str, Any]] = {}
        self.calls: list[str] = []

    async def handle(self, request: Request) -> Response:
        method, path = request.method, request.url.path
        steps = ["{id}" if step.isdigit() else step for step in path.split("/")]
        self.calls.append(f"{method} {'/'.join(steps)}")
        body = await request.json() if await request.body() else {}
        caller = request.headers.get("authorization", "").removeprefix("Token ")
        if steps[2] in ("users", "login"):
            return self._accounts(method, path, body)
        if caller not in self.users:
            return JSONResponse({"error": "log in"}, 401)
        if steps[2] == "posts":
            return self._posts(method, [*path.split("/")[3:], ""], body, caller)
        return JSONResponse({"name": caller, "done": steps[2]})

    def _accounts(self, method: str, path: str, body: dict[str, Any]) -> Response:
        if method == "GET":
            return JSONResponse({"name": path.rpartition("/")[2]})
        name = body.get("name")
        if not name or not body.get("password"):
            return JSONResponse({"error": "name and password, please"}, 422)
        if path == "/api/login":
            known = self.users.get(name, {}).get("password") == body["password"]
            return JSONResponse({"token": name} if known else {}, 200 if known else 401)
        if name in self.users:
            return JSONResponse({"error": "taken"}, 409)
        self.users[name] = body
        return JSONResponse({"token": name}, 201)

    def _posts(self, method: str, rest: list[str], body: dict[str, Any], caller: str) -> Response:
        if not rest[0]:
            return self._collection(method, body, caller)
        post = self.posts.get(int(rest[0]))
        if post is None:
            return JSONResponse({"error": "gone"}, 404)
        if rest[1] == "star":
            post["stars"] = [caller] if method == "POST" else []
        elif rest[1] == "comments":
            return self._comments(method, rest[2:], body)
        elif method == "PUT":
            post.update(title=body["title"], text=body["text"])
        elif method == "DELETE":
            del self.posts[post["id"]]
        return JSONResponse(post)

    def _collection(self, method: str, body: dict[str, Any], caller: str) -> Response:
        if method == "GET":
            return JSONResponse(list(self.posts.values()))
        if not body.get("title"):
            return JSONResponse({"error": "a title, please"}, 422)
        number = max(self.posts) + 1
        self.posts[number] = {"id": number, "author": caller, "stars": [], **body}
        return JSONResponse(self.posts[number], 201)

    def _comments(self, method: str, rest: list[str], body: dict[str, Any]) -> Response:
        if method == "POST":
            number = len(self.comments) + 1
            self.comments[number] = {"id": number, **body}
        elif method == "DELETE":
            self.comments.pop(int(rest[0]), None)
        return JSONResponse(list(self.comments.values()))


async def page(_: Request) -> Response:
    return FileResponse(PAGES / "board.html")


def application(board: Board) -> Starlette:
    methods = ["GET", "POST", "PUT", "DELETE"]
    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/{rest:path}", board.handle, methods=methods),
        ]
    )
