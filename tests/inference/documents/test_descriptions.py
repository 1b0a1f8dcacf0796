"""What people say of operations, in the documents."""

import re
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from harness.errors import ConfigError
from harness.inference.documents import descriptions
from harness.inference.documents.descriptions import Description
from harness.inference.documents.markdown import markdown
from harness.inference.documents.openapi import document
from harness.project import Project
from harness.sessions.learning import describe_model, learn
from harness.testing import exchange
from harness.traffic.store import RecordingWriter
from tests.inference.documents.test_openapi import TRAFFIC, learned


def test_what_is_said_is_in_the_documents() -> None:
    model = learned(*TRAFFIC)
    described = document(model)
    unmatched = descriptions.apply(
        described,
        [
            Description(
                "get /api/articles/{whatever}", summary="Read an article.", tags=["reading"]
            ),
            Description("GET /api/articles/{slug}", description="By its *slug*."),
            Description("GET /api/nothing", summary="Nothing"),
        ],
    )
    assert [one.operation for one in unmatched] == ["GET /api/nothing"]
    validate(described)
    paths = described["paths"]
    (read,) = (paths[path]["get"] for path in paths if re.fullmatch(r"/api/articles/\{\w+\}", path))
    assert read["summary"] == "Read an article."
    assert read["description"] == "By its *slug*."
    assert read["tags"] == ["reading"]
    assert {"name": "reading"} in described["tags"]
    text = markdown(model, described)
    assert "## Reading" in text
    assert "Read an article. Access" in text
    assert "\nBy its *slug*.\n" in text


def test_the_file_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "describe.toml"
    assert descriptions.read(path) == []
    path.write_text('# ours\n[[operation]]\noperation = "GET /a"\nsummary = "A"  # good\n')
    said = Description("POST /a", description='Say "a",\nor b \\ c.', tags=["x", "y"])
    descriptions.append(path, said)
    assert path.read_text().startswith("# ours\n[[operation]]")
    assert "# good" in path.read_text()
    assert descriptions.read(path) == [Description("GET /a", summary="A"), said]


@pytest.mark.parametrize(
    "text", ["[[operation", '[[operation]]\nsummary = "A"', "[[operation]]\noperation = 3", "a = 1"]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "describe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"describe\.toml"):
        descriptions.read(path)


def test_a_project_follows_its_file(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "things")
    with RecordingWriter(project.recording_path("story"), batch=100) as writer:
        for number in range(1, 4):
            one = exchange(number, "GET", f"/things/{number}", None, 200, {"id": number})
            writer.append(one.request, one.response, started=float(number), duration_ms=1.0)
    before = learn(project)
    project.descriptions_path.write_text(
        '[[operation]]\noperation = "GET /things/{id}"\nsummary = "Look at a thing"\n'
        '[[operation]]\noperation = "GET /gone"\nsummary = "Gone"\n'
    )
    model = learn(project)
    assert model.operations == before.operations
    described = yaml.safe_load((project.model_dir / "openapi.yaml").read_text())
    (item,) = described["paths"].values()
    assert item["get"]["summary"] == "Look at a thing"
    assert "Look at a thing" in (project.model_dir / "API.md").read_text()
    assert "GET /gone: describe.toml describes it" in describe_model(model, project)["text"]
