"""Records a live backend: the test's own traffic, made through the same client as replay's."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from harness.traffic.exchange import Exchange, Request, Response
from harness.verify.client import Client


class Recorder:
    """Sends requests and keeps them as exchanges of an application at `origin`."""

    def __init__(self, base_url: str, origin: str = "https://notes.example.test") -> None:
        self._client = Client(base_url)
        self._live = base_url
        self._origin = origin
        self.exchanges: list[Exchange] = []

    def close(self) -> None:
        self._client.close()

    def send(self, method: str, target: str, body: Any = None, token: str = "") -> Any:
        headers = [("Accept", "application/json")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        content = b"" if body is None else json.dumps(body).encode()
        started = time.time()
        answer = self._client.send(method, target, tuple(headers), content)
        origin, target_parts = urlsplit(self._origin), urlsplit(target)
        request = Request(
            method, origin.scheme, origin.netloc, target_parts.path, target_parts.query,
            tuple(headers), content,
        )  # fmt: skip
        self.exchanges.append(
            Exchange(
                seq=len(self.exchanges) + 1,
                request=request,
                response=self._moved(answer),
                started=started,
                duration_ms=(time.time() - started) * 1000,
            )
        )
        return json.loads(answer.body) if answer.body else None

    def _moved(self, answer: Response) -> Response:
        headers = tuple((k, v.replace(self._live, self._origin)) for k, v in answer.headers)
        body = answer.body.replace(self._live.encode(), self._origin.encode())
        return Response(answer.status, headers, body)


def tell_story(recorder: Recorder, pause: float = 0.0) -> None:
    """Two users, their notes, and what goes wrong."""
    post = {"email": "ada@example.test", "password": "first"}
    ada = recorder.send("POST", "/users", post)["token"]
    recorder.send("POST", "/users", post)
    bob = recorder.send("POST", "/users", {"email": "bob@example.test", "password": "x"})["token"]
    recorder.send("GET", "/me", token=ada)
    recorder.send("GET", "/me")
    notes = [
        recorder.send("POST", "/notes", {"title": f"Note {word}"}, token=who)
        for word, who in (("one", ada), ("two", bob), ("three", ada))
    ]
    recorder.send("POST", "/notes", {"title": ""}, token=ada)
    recorder.send("GET", "/notes")
    recorder.send("GET", "/notes?offset=2")
    time.sleep(pause)
    first = notes[0]["id"]
    recorder.send("PATCH", f"/notes/{first}", {"stars": 3}, token=ada)
    recorder.send("PATCH", f"/notes/{first}", {"stars": 4}, token=bob)
    recorder.send("GET", f"/notes/{first}")
    recorder.send("GET", f"/by-slug/{notes[1]['slug']}")
    recorder.send("DELETE", f"/notes/{notes[2]['id']}", token=ada)
    recorder.send("GET", f"/notes/{notes[2]['id']}")
    recorder.send("POST", "/login", {"email": "ada@example.test", "password": "wrong"})
    again = recorder.send("POST", "/login", post)["token"]
    recorder.send("GET", "/me", token=again)
    recorder.send("GET", "/notes")
