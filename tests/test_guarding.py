import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.errors import ConfigError, UsageError
from harness.guarding import context_of, decisions
from security import Context


def test_one_command_with_its_parse_and_rule() -> None:
    result = CliRunner().invoke(app, ["guard", "ls && touch PWNED", "--json"])

    document = json.loads(result.stdout)
    assert document["allowed"] is False
    assert document["rule"] == "touch:path"
    assert [one["words"] for one in document["commands"]] == [["ls"], ["touch", "PWNED"]]


def test_a_file_has_a_decision_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"id": "a", "command": "ls"}\n\n{"id": "b", "command": "sudo ls"}\n')

    result = CliRunner().invoke(app, ["guard", "--file", str(path), "--json"])

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["id"], row["allowed"]) for row in rows] == [("a", True), ("b", False)]
    assert {"id", "allowed", "rule", "reason"} <= rows[0].keys()


def test_a_line_that_is_no_command_is_named(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"id": "a", "command": "ls"}\n{"id": "b"}\n')

    with pytest.raises(UsageError, match="Line 2"):
        decisions(path, Context())


def _project(directory: Path, security: str) -> Path:
    directory.mkdir()
    (directory / "understudy.toml").write_text(security)
    return directory


def test_a_project_allows_more(tmp_path: Path) -> None:
    text = '[security.commands.black]\noperands = "write"\nmatch = ["black app"]\n'
    project = _project(tmp_path / "shop", text)

    result = CliRunner().invoke(app, ["guard", "black app", "--project", str(project), "--json"])

    assert json.loads(result.stdout)["allowed"] is True


@pytest.mark.parametrize(
    ("security", "said"),
    [
        ("[security]\nallow = ['sudo']\n", "sudo is not optional"),
        ("[security.commands.git]\noperands = 'any'\n", "has a rule for it already"),
        ("[security.commands.black]\nmatch = ['black app']\n", "example 'black app' is refused"),
    ],
)
def test_a_project_that_cannot_be_guarded_is_refused(
    tmp_path: Path, security: str, said: str
) -> None:
    project = _project(tmp_path / "shop", security)

    with pytest.raises(ConfigError, match=said):
        context_of(project)
