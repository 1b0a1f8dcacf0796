"""Features that only the specification names: which are taken, and that their tests stay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.builders import Proposal
from harness.features.feature import FeatureList
from harness.sessions import events as e
from harness.sessions.specified import Specified
from harness.testing import ScriptedBuilder, feature, makes_exact

TESTS = "def test_it(client):\n    assert client.get('/x').status_code == 200\n"
Make = Callable[..., Any]


def proposal(**given: str) -> Proposal:
    plain = {"id": "archive-note", "category": "writing", "resource": "notes", "tests": TESTS}
    return Proposal(description="A note is archived", steps=("Archive it",), **plain | given)


def propose(told: list[e.FeatureSpecified], **given: str) -> str:
    known = FeatureList([feature("known", ["rec#1"])])
    return Specified([], told.append).propose(proposal(**given), known, lambda _: "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id": "Archive Note"}, "lower case"),
        ({"id": "known"}, "already"),
        ({"id": "a" * 90}, "lower case"),
        ({"category": "magic"}, "category"),
        ({"tests": "def test_it(client"}, "no Python"),
        ({"tests": "x = 1"}, "no function"),
        ({"tests": "def test_it():\n    assert 1\n"}, "does not take the fixture"),
        ({"tests": "def test_it(client):\n    client.get('/x')\n"}, "asserts nothing"),
        ({"tests": f"from app import main\n{TESTS}"}, "import app"),
        ({"tests": f"import harness.verify\n{TESTS}"}, "import harness"),
        ({"tests": TESTS + "#" * 30_000}, "longer"),
    ],
)
def test_what_decides_nothing_is_refused(given: dict[str, str], said: str) -> None:
    told: list[e.FeatureSpecified] = []
    assert said in propose(told, **given)
    assert told == []


def test_a_feature_is_taken_and_kept(tmp_path: Path) -> None:
    told: list[e.FeatureSpecified] = []
    assert propose(told) == ""
    again = Specified(told, told.append)
    (one,) = again.features

    assert one.acceptance.tests == ["test_archive_note.py::test_it"]
    assert again.put_back(tmp_path) == []
    place = tmp_path / "tests/acceptance"
    (place / "test_archive_note.py").write_text("def test_it(client): pass\n")
    (place / "conftest.py").write_text("raise SystemExit\n")
    assert sorted(again.put_back(tmp_path)) == ["conftest.py", "test_archive_note.py"]
    assert [path.name for path in place.iterdir()] == ["test_archive_note.py"]
    assert (place / "test_archive_note.py").read_text() == TESTS


def test_the_specification_is_read_once(bench: Make) -> None:
    made = bench({"notes": ["rec#1"]})
    made.spec = "Notes can be archived."
    builder = ScriptedBuilder(
        [makes_exact("rec#1")], specification=[proposal(), proposal()], trusted=False
    )
    end = made.run(builder)

    assert len(builder.refused) == 1
    assert end.outcome == "stuck"
    assert [one.feature["id"] for one in made.events(e.FeatureSpecified)] == ["archive-note"]
    assert len(made.events(e.SpecificationRead)) == 1
    assert [one.id for one in made.orchestrator.features.failing] == ["archive-note"]


def test_looked_up_answers_do_not_count(bench: Make) -> None:
    made = bench({"notes": ["rec#1", "rec#2"]})
    made.judge.looked_up = frozenset({"rec#2"})
    builder = ScriptedBuilder([makes_exact("rec#1", "rec#2")], trusted=False)
    made.run(builder)

    assert made.events(e.HardCoded)[0].features == ["rec-2"]
    assert made.orchestrator.features.passing == {"rec-1"}
