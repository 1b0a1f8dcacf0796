"""What a run replays, and in which state it starts."""

from pathlib import Path

from harness.inference.model import (
    ApiModel,
    Column,
    Entity,
    Generated,
    SeedState,
)
from harness.project import Project
from harness.sessions.replay_judge import cases
from harness.testing import exchange
from harness.traffic.store import RecordingWriter

MODEL = ApiModel(
    title="Diary",
    entities=[
        Entity(
            name="page",
            plural="pages",
            columns=[
                Column(name="id", type="integer", generated=Generated(by="sequence")),
                Column(name="date", type="date"),
            ],
        )
    ],
    seeds=[
        SeedState(
            recording="monday",
            tables={"page": [{"id": 1, "date": "2026-11-21"}]},
            last_keys={"page": 3},
        )
    ],
)


def test_states_have_the_names_of_the_generated_columns(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "diary", url="http://diary.example")
    sample = exchange(1, "GET", "/pages", None, 200, [])
    with RecordingWriter(project.recording_path("monday")) as writer:
        assert sample.response is not None
        writer.append(sample.request, sample.response, started=0.0, duration_ms=1.0)
    [case] = cases(project, MODEL)
    assert case.name == "monday"
    assert case.seed is not None
    assert case.seed["tables"] == {"page": [{"id": 1, "date_": "2026-11-21"}]}
    assert case.seed["last_keys"] == {"page": 3}
