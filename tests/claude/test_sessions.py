"""Whole runs of the claude builder: the real SDK and CLI, and a model that follows a script."""

from pathlib import Path

import pytest

from harness.builders.claude.builder import ClaudeBuilder
from harness.builders.claude.settings import Credentials, Settings
from harness.project import Project
from harness.sessions.command import status_document
from harness.sessions.runner import Options, run_project
from tests.claude.conftest import PLACEHOLDER
from tests.claude.messages_api import Body, MessagesApi, Turn, say, use
from tests.e2e.notes import ORIGINAL, record

pytestmark = [pytest.mark.claude, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return record(tmp_path_factory.mktemp("claude") / "notes")


def builder(api: MessagesApi, **settings: object) -> ClaudeBuilder:
    key = Credentials("ANTHROPIC_API_KEY", PLACEHOLDER, api.url)
    return ClaudeBuilder(key, Settings(**{"retries": 0, "pauses_s": (), **settings}))  # type: ignore[arg-type]


def writing(folder: Path, names: list[str]) -> Turn:
    """Return a turn that writes files of the original into the session's folder."""
    return Turn(
        uses=tuple(
            ("Write", {"file_path": str(folder / name), "content": (ORIGINAL / name).read_text()})
            for name in names
        )
    )


def test_from_nothing_to_all_features(recorded: Project) -> None:
    folder = (recorded.state_dir / "session").absolute()
    skeleton = [
        "alembic.ini",
        "alembic/env.py",
        "alembic/versions/0001_create.py",
        "app/__init__.py",
        "app/seed.py",
    ]
    main = (ORIGINAL / "app/main.py").read_text()
    head = main.partition("\n\n\n@app.")[0] + "\n"

    def code(_: Body) -> Turn:
        return Turn(uses=(("Write", {"file_path": str(folder / "app/main.py"), "content": main}),))

    script = [
        writing(folder, skeleton),
        use("Write", file_path=str(folder / "app/main.py"), content=head),
        use("bash", command="alembic upgrade head && python -c 'import app.main'"),
        say("It is laid out."),
        use("next_features"),
        use("traffic", path="/notes"),
        use("Read", file_path=str(folder / "app/main.py")),
        code,
        use("bash", command="python -m py_compile app/main.py"),
        use("verify"),
        say("They pass."),
    ]
    with MessagesApi(script) as api:
        made = builder(api)
        end = run_project(recorded, Options(builders=lambda _: [made]))
        document = status_document(recorded)

        assert end.outcome == "done", (end, [api.results(n)[:600] for n in range(len(api.asked))])
        assert document["features"]["passing"] == document["features"]["total"] > 10
        assert document["tokens"] > 0
        assert document["cost_usd"] > 0
        assert "exit 0" in api.results(3)
        assert "story#" in api.results(6)
        assert {one["x-api-key"] for one in map(_lower, api.headers)} == {PLACEHOLDER}


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
