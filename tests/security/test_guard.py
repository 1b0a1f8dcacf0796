"""The guard against a list of commands that were tried on real shells."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security import Context, decide
from security.guard import check_examples, checked
from security.policy import Additions, PolicyError, Rule, shipped
from security.refusal import Refused
from security.shell import read

HERE = Path(__file__).parent
ROWS = [
    json.loads(line)
    for name in ("commands.jsonl", "more_commands.jsonl")
    for line in (HERE / name).read_text().splitlines()
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


def test_every_example_of_the_policy_is_decided_as_it_says() -> None:
    examples = [one for rule in shipped().commands.values() for one in rule.examples()]

    assert len(examples) > 80
    assert checked() is shipped()


def test_a_policy_with_a_wrong_example_is_refused() -> None:
    rule = Rule(operands="path", match=("ls /etc",))

    with pytest.raises(PolicyError, match=r"commands.ls: the example 'ls /etc' is refused"):
        check_examples(shipped(), {"ls": rule})


def test_a_policy_with_an_unknown_kind_is_refused() -> None:
    with pytest.raises(PolicyError, match="no kind 'nonsense'"):
        check_examples(shipped(), {"ls": Rule(operands="nonsense")})


def test_links_that_lead_outside_are_followed(tmp_path: Path) -> None:
    (tmp_path / "out.txt").symlink_to("/etc/hostname")
    (tmp_path / "in.txt").write_text("x")
    context = Context(root=tmp_path)

    assert not decide("cat out.txt", context).allowed
    assert decide("cat in.txt", context).allowed


def test_globs_are_followed_through_links(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("/etc/hostname")

    assert not decide("cat l*.txt", Context(root=tmp_path)).allowed
    assert decide("cat m*.txt", Context(root=tmp_path)).allowed


def test_a_name_without_an_ending_may_be_written_when_it_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    (tmp_path / "link").symlink_to("notes")
    context = Context(root=tmp_path)

    assert decide("echo x > notes", context).allowed
    assert not decide("echo x > link", context).allowed
    assert not decide("echo x > more", context).allowed


def test_a_project_may_allow_more() -> None:
    additions = Additions(
        allow=["docker"],
        packages=["polars"],
        commands={"black": {"operands": "write", "flags": ["--check"]}},
    )
    context = Context(policy=shipped().extended(additions))

    for line in ("docker compose up -d", "pip install polars", "black --check app"):
        assert not decide(line).allowed
        assert decide(line, context).allowed
    assert not decide("black /etc", context).allowed
    assert not decide("docker run -v /:/host x", context).allowed


@pytest.mark.parametrize(
    ("additions", "said"),
    [
        (Additions(allow=["sudo"]), "security.allow: sudo is not optional"),
        (Additions(commands={"git": {}}), "has a rule for it already"),
        (Additions(commands={"black": {"operand": "path"}}), "black: .*operand"),
    ],
)
def test_a_project_that_allows_nonsense_is_refused(additions: Additions, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        shipped().extended(additions)


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
