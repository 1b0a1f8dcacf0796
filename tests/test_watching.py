"""A new recording against what is known: with and without a backend."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import TrafficError
from harness.features.feature import FeatureList
from harness.project import Project
from harness.sessions.runner import Options, run_project
from harness.traffic.exchange import Exchange, parse_json
from harness.traffic.framings.framing import text_of
from harness.traffic.store import RecordingWriter
from harness.watching import watch_project
from tests.traffic.framings import conversations as told


def written(path: Path, exchanges: list[Exchange]) -> Path:
    with RecordingWriter(path) as writer:
        for each in exchanges:
            writer.append(
                each.request,
                each.response,
                started=each.started,
                duration_ms=each.duration_ms,
                channel=each.channel,
                message=each.message,
            )
    return path


def known(folder: Path) -> Project:
    project = Project.create(folder / "notes", url="http://app.test")
    written(project.recording_path("monday"), told.rest())
    return project


def with_answers(change: Any) -> list[Exchange]:
    """The same conversation with other answers where notes are shown."""
    found = []
    for each in told.rest():
        response = each.response
        assert response is not None
        if response.status in (200, 201) and each.request.path != "/notes":
            body = text_of(change(parse_json(response.body))).encode()
            response = replace(response, body=body)
        found.append(replace(each, response=response))
    return found


def test_new_endpoints_and_fields_are_told_with_their_evidence(tmp_path: Path) -> None:
    project = known(tmp_path)
    exchanges = with_answers(lambda note: {**note, "stars": 3})
    first = exchanges[0]
    archive = replace(first.request, path="/archive")
    exchanges.append(replace(first, seq=99, request=archive, started=200.0))
    document = watch_project(project, written(tmp_path / "new.traffic.db", exchanges))
    assert document["recording"] == "new"
    said = {(each["kind"], each["where"], each["detail"]) for each in document["changes"]}
    assert ("new endpoint", "GET /archive", "was not seen before") in said
    assert ("changed schema", "GET /notes/{id}", "answer 200: `stars` is new") in said
    assert all(name.startswith("new#") for each in document["changes"] for name in each["evidence"])
    (feature,) = document["features"]["new"]
    assert feature["evidence"] == ["new#18"]
    assert [each.name for each in project.recordings()] == ["monday", "new"]


def test_what_shows_nothing_new_is_not_kept(tmp_path: Path) -> None:
    project = known(tmp_path)
    document = watch_project(project, written(tmp_path / "monday.traffic.db", told.rest()))
    assert document["recording"] is None
    assert document["changes"] == []
    assert "nothing that is not known" in document["text"]
    assert [each.name for each in project.recordings()] == ["monday"]


def test_a_file_that_cannot_be_read_leaves_everything_as_it_was(tmp_path: Path) -> None:
    project = known(tmp_path)
    with pytest.raises(TrafficError, match="cannot read"):
        watch_project(project, tmp_path / "none.har")
    assert [each.name for each in project.recordings()] == ["monday"]


@pytest.mark.e2e
def test_features_that_the_clone_does_not_show_any_more_are_reopened(tmp_path: Path) -> None:
    project = known(tmp_path)
    run_project(project, Options(builder="offline", accept_risk=True))
    before = FeatureList.parse((project.backend_dir / "feature_list.json").read_text())
    assert not before.failing
    same = written(tmp_path / "monday.traffic.db", told.rest())
    assert watch_project(project, same, accept_risk=True)["recording"] is None
    changed = with_answers(lambda note: {**note, "title": note["title"].upper()})
    file = written(tmp_path / "friday.traffic.db", changed)
    document = watch_project(project, file, accept_risk=True)
    assert document["differing"]["GET /notes/{id}"] > 0
    reopened = {each["id"] for each in document["features"]["reopened"]}
    after = FeatureList.parse((project.backend_dir / "feature_list.json").read_text())
    assert reopened
    assert reopened <= {each.id for each in after.failing}
