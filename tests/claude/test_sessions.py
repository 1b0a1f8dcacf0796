"""Whole runs of the claude builder: the real SDK and CLI, and a model that follows a script."""

import re
from pathlib import Path

import pytest

from harness.builders.claude.builder import ClaudeBuilder
from harness.builders.claude.settings import Credentials, Settings
from harness.builders.offline_session import OfflineBuilder
from harness.features.feature import FeatureList
from harness.project import Project
from harness.sessions.command import status_document
from harness.sessions.runner import Options, run_project
from tests.claude import parcels
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


ROUTER = "app/routers/parcels.py"


def improved(folder: Path) -> Turn:
    """Return a turn that writes what the model makes of the generated router."""
    text = (folder / ROUTER).read_text()
    for name, old, new in (
        ("label", r'text="[^"]*"', 'text=f"{parcel.sender[::-1].upper()}/{parcel.id}"'),
        ("quote", r"price=\d+", "price=450 + 120 * max(0, -(-parcel.weight // 500) - 1)"),
    ):
        text = re.sub(old, new, text)
        text = text.replace(
            f"    await parcels.get_parcels_{name}(session, parcel_id)",
            "    parcel = await parcels.get_parcel(session, parcel_id)",
        )
    stats = '''@router.get("/stats")
async def get_stats(session: Session) -> dict[str, int]:
    """Count and weigh all parcels."""
    rows = await parcels.list_parcels(session)
    return {"count": len(rows), "weight": sum(row.weight for row in rows)}


'''
    first = text.index('@router.get(\n    "/{parcel_id}"')
    return use("Write", file_path=str(folder / ROUTER), content=text[:first] + stats + text[first:])


def test_offline_goes_first_and_claude_does_the_rest(tmp_path: Path) -> None:
    project = parcels.record(tmp_path / "parcels")
    folder = (project.state_dir / "session").absolute()
    specifying = [
        use("propose_feature", **parcels.PROPOSAL | {"tests": "def test_nothing(client): pass"}),
        use("propose_feature", **parcels.PROPOSAL | {"tests": f"import app.main\n{parcels.STATS}"}),
        use("propose_feature", **parcels.PROPOSAL | {"tests": parcels.VACUOUS}),
        use("propose_feature", **parcels.PROPOSAL),
        use("propose_feature", **parcels.PROPOSAL),
        say("That is all of it."),
    ]
    coding = [
        use("verify"),
        use("traffic", path="/quote"),
        use("explain", what="GET /parcels/{id}/quote"),
        use("Read", file_path=ROUTER),
        lambda _: improved(folder),
        use("verify", features=["get-parcels-quote-200", "parcel-stats"]),
        use("note", text="Prices rise with every 500 g."),
        say("Done."),
    ]
    with MessagesApi([*specifying, *coding]) as api:
        made = [OfflineBuilder(), builder(api)]
        end = run_project(project, Options(builders=lambda _: list(made)))
        answers = [api.results(number) for number in range(len(api.asked))]

    assert end.outcome == "done", (end, answers)
    assert "asserts nothing" in answers[1]
    assert "test from outside" in answers[2]
    assert "decides nothing" in answers[3]
    assert "taken" in answers[4]
    assert "already" in answers[5]
    assert "fails: get-parcels-quote-200: story#" in answers[7]
    assert "2 of 2 pass" in answers[12]
    document = status_document(project)
    assert document["features"] == {"total": 9, "passing": 9}
    assert [one["builder"] for one in document["sessions"]][-1] == "claude"
    listed = FeatureList.parse((project.backend_dir / "feature_list.json").read_text())
    assert listed["parcel-stats"].acceptance.tests == [
        "test_parcel_stats.py::test_parcels_are_counted_and_weighed"
    ]
    kept = project.backend_dir / "tests/acceptance/test_parcel_stats.py"
    assert kept.read_text() == parcels.STATS
    assert document["tampering"] == []


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
