from pathlib import Path

import pytest

from harness.project import Project
from tests.capture.serving import free_port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def project(tmp_path: Path, port: int) -> Project:
    return Project.create(tmp_path / "notes", f"http://127.0.0.1:{port}/")
