"""The parcels application: recorded, with a specification that says more than its traffic."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from harness.project import Project
from harness.traffic.store import RecordingWriter
from tests.fixtures.parcels import original
from tests.verify.recorder import Recorder

SPEC = """# Parcels

People hand in parcels, which have a sender and a weight in grams. `GET /parcels/stats` answers with
how many there are and what they weigh together: `{"count": 2, "weight": 900}`.
"""
STATS = """
def test_parcels_are_counted_and_weighed(client, unique):
    before = client.get("/parcels/stats").json()
    client.post("/parcels", json={"sender": unique("sender"), "weight": 321})
    after = client.get("/parcels/stats").json()
    assert after["count"] == before["count"] + 1
    assert after["weight"] == before["weight"] + 321
"""
VACUOUS = """
def test_something_is_answered(client):
    assert client.get("/parcels/stats").status_code < 500
"""
PROPOSAL: dict[str, object] = {
    "id": "parcel-stats",
    "category": "reading",
    "resource": "parcels",
    "description": "The number and weight of all parcels can be asked for",
    "steps": ["Hand in a parcel", "See count and weight grow"],
    "tests": STATS,
}
_PARCELS = (("Ada", 250), ("Grace", 1200), ("Alan", 500), ("Edsger", 2600))


def record(directory: Path) -> Project:
    """Make a project from the traffic of the application."""
    project = Project.create(directory)
    (directory / "spec.md").write_text(SPEC)
    original.parcels.clear()
    with _served() as base_url:
        recorder = Recorder(base_url)
        for sender, weight in _PARCELS:
            recorder.send("POST", "/parcels", {"sender": sender, "weight": weight})
        recorder.send("GET", "/parcels")
        for number in (2, 1, 4, 3, 9):
            recorder.send("GET", f"/parcels/{number}")
            recorder.send("GET", f"/parcels/{number}/quote")
            recorder.send("GET", f"/parcels/{number}/label")
        recorder.close()
    with RecordingWriter(project.recording_path("story"), batch=100) as writer:
        for one in recorder.exchanges:
            writer.append(
                one.request, one.response, started=one.started, duration_ms=one.duration_ms
            )
    return Project.open(directory)


@contextmanager
def _served() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(original.app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()
