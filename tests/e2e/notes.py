"""A small application, its recording, and a generator that can only build it.

`python -m tests.e2e.notes DIR [run|resume|fresh]` is a run of its project in a process of its own.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.builders.offline_session import OfflineBuilder
from harness.features.routes import Routes
from harness.inference.model import ApiModel
from harness.project import Project
from harness.sessions.progress import Progress
from harness.sessions.runner import Options, run_project
from harness.traffic.store import RecordingWriter
from harness.verify.backend import BackendProcess, migrate
from harness.verify.postgres import PostgresServer
from tests.verify.recorder import Recorder, tell_story

ORIGINAL = Path(__file__).parents[1] / "fixtures" / "notes_backend"
_ROUTE = re.compile(r'@app\.(\w+)\("([^"]+)"')


def record(directory: Path) -> Project:
    """Make a project from the traffic of the original, one resource a slice."""
    project = Project.create(directory)
    (directory / "understudy.toml").write_text("[build]\nslice = 1\n")
    with PostgresServer() as postgres:
        postgres.create_database("original")
        url = postgres.url("original")
        migrate(ORIGINAL, url)
        with BackendProcess(ORIGINAL, url) as backend:
            backend.wait_ready()
            recorder = Recorder(backend.base_url)
            tell_story(recorder)
            recorder.close()
    with RecordingWriter(project.recording_path("story"), batch=100) as writer:
        for one in recorder.exchanges:
            writer.append(
                one.request, one.response, started=one.started, duration_ms=one.duration_ms
            )
    return Project.open(directory)


def generate(model: ApiModel, resources: Sequence[str]) -> Mapping[str, str]:
    """Return the original's code with the routes of these resources only."""
    files = {
        str(path.relative_to(ORIGINAL)): path.read_text()
        for path in sorted(ORIGINAL.rglob("*"))
        if path.suffix in (".py", ".ini")
    }
    head, *chunks = re.split(r"\n\n\n(?=@app\.)", files["app/main.py"])
    kept = [chunk for chunk in chunks if _resource(model, chunk) in resources]
    files["app/main.py"] = "\n\n\n".join([head, *kept]).rstrip("\n") + "\n"
    files["tests/test_health.py"] = "def test_it() -> None:\n    assert True\n"
    return files


def _resource(model: ApiModel, chunk: str) -> str | None:
    found = _ROUTE.match(chunk)
    assert found is not None
    path = re.sub(r"\{\w+\}", "1", found[2])
    operation = Routes(model).find(found[1].upper(), path)
    return operation.resource if operation else None


def main(directory: str, how: str = "run") -> int:
    options = Options(
        resume=how == "resume",
        fresh=how == "fresh",
        builders=lambda _name: [OfflineBuilder(generate)],
    )
    return run_project(Project.open(Path(directory)), options, Progress()).exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
