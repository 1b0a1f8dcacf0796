"""Traffic of a file, for verification and serving."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.checking import exchanges_of
from harness.errors import UsageError
from harness.inference.model import ApiModel, Operation, ResponseTemplate
from harness.project import Project
from harness.testing import exchange
from harness.traffic.store import RecordingWriter

MODEL = ApiModel(
    title="Diary",
    hosts=["diary.example:8102"],
    operations=[
        Operation(
            id="list_pages",
            method="GET",
            path="/pages",
            resource="pages",
            kind="list",
            summary="List pages",
            response=ResponseTemplate(status=200),
        )
    ],
)


def project(folder: Path) -> Project:
    made = Project.create(folder / "diary", url="http://diary.example:8102")
    text = '[target]\nhosts = ["diary.example:8102"]\n'
    (made.directory / "understudy.toml").write_text(text)
    return Project.open(made.directory)


def capture(folder: Path, host: str, path: str) -> Path:
    file = folder / "capture.traffic.db"
    with RecordingWriter(file) as writer:
        for number in range(1, 4):
            sample = exchange(number, "GET", path, None, 200, [])
            assert sample.response is not None
            request = replace(sample.request, host=host, headers=(("host", host),))
            writer.append(request, sample.response, started=float(number), duration_ms=1.0)
    return file


@pytest.mark.parametrize("host", ["diary.example:8102", "127.0.0.1:9317"])
def test_the_application_is_known_by_its_host_or_else_by_its_paths(
    tmp_path: Path, host: str
) -> None:
    found = exchanges_of(project(tmp_path), MODEL, capture(tmp_path, host, "/pages"))
    assert [each.request.host for each in found] == [host] * 3


def test_another_application_is_refused_with_its_hosts(tmp_path: Path) -> None:
    file = capture(tmp_path, "shop.example", "/orders")
    with pytest.raises(UsageError, match=r"no traffic of diary\.example:8102") as caught:
        exchanges_of(project(tmp_path), MODEL, file)
    assert "shop.example" in caught.value.do
