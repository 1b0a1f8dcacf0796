import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.errors import UsageError
from harness.guarding import decisions


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
        decisions(path)
