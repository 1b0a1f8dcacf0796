"""The guard against a list of commands that were tried on real shells."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security import Context, decide
from security.guard import POLICY, policy
from security.shell import Refused, read

ROWS = [
    json.loads(line) for line in Path(__file__).with_name("commands.jsonl").read_text().splitlines()
]
PIECES = [
    "ls",
    "touch PWNED",
    "git status",
    ";",
    "&&",
    "|",
    "\n",
    "$(",
    ")",
    "`",
    "'",
    '"',
    "<<EOF",
    "EOF",
    "{",
    "}",
    "(",
    "$'",
    "\\",
    ">",
    "<",
    "&",
    "a.py",
    "python -c",
    "X=1",
    "#",
    " ",
    "if",
    "then",
    "fi",
    "for f in a; do",
    "done",
    "case x in",
    "esac",
    "[[",
    "]]",
    "!",
    "\t",
    "é",
    "\x00",
    "-",
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_decides_as_a_sane_guard_would(row: dict) -> None:
    decision = decide(row["command"])

    assert decision.allowed != row["should_block"], decision.line


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=60))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_is_total(line: str) -> None:
    assert decide(line).rule != "guard-failed"


def test_the_examples_of_the_policy_are_checked_when_it_loads() -> None:
    examples = [
        example
        for rule in tomllib.loads(POLICY.read_text())["commands"].values()
        for example in [*rule.get("match", []), *rule.get("not_match", [])]
    ]

    assert len(examples) > 40
    assert policy()["version"] == 1


def test_links_that_lead_outside_are_followed(tmp_path: Path) -> None:
    (tmp_path / "out.txt").symlink_to("/etc/hostname")
    (tmp_path / "in.txt").write_text("x")
    context = Context(root=tmp_path)

    assert not decide("cat out.txt", context).allowed
    assert decide("cat in.txt", context).allowed


def test_a_project_may_allow_more_commands() -> None:
    assert not decide("jq . a.json").allowed
    assert decide("jq . a.json", Context(commands=("jq",))).allowed
    assert not decide("jq . /etc/passwd", Context(commands=("jq",))).allowed


def test_a_refusal_is_one_line_that_says_what_to_do_instead() -> None:
    decision = decide("cat /etc/passwd")

    assert decision.rule == "cat:path"
    assert "outside the project" in decision.line
    assert "\n" not in decision.line
    assert decision.advice


def test_what_the_parser_skips_is_not_skipped() -> None:
    words = decide("git commit -F - <<'EOF'\nx\nEOF").parsed[0].words

    assert words == ("git", "commit", "-F", "-")


def test_a_line_that_two_parsers_read_differently_is_refused() -> None:
    with pytest.raises(Refused, match="differently"):
        read("ls; pwd", lambda _line: {0: 1})


def test_without_shfmt_nothing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("security.guard.programs", _missing)

    assert decide("ls").rule == "guard-failed"
    assert decide("ls", Context(second_opinion=False)).allowed


def _missing(_line: str) -> dict[int, int] | None:
    raise FileNotFoundError("shfmt")
