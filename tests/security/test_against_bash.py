"""What the guard reports is what bash runs: generated lines, allowed ones run in the sandbox."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from security import Decision, decide
from security.sandbox import Limits, Sandbox, SandboxSpec
from security.shell import Command
from tests.security.lines import LINES

CANARY = Path(__file__).with_name("canary.py")
_PATIENCE_S = 300


def generated(count: int) -> list[str]:
    """Return so many different lines, the same every time."""
    found: dict[str, None] = {}

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(LINES)
    def collect(line: str) -> None:
        found[line] = None

    collect()
    return list(found)


def unreported(lines: Iterable[str], folder: Path) -> tuple[dict[str, set[str]], int]:
    """Return the lines that ran what the guard did not report, and how many lines ran."""
    decisions = {line: decide(line) for line in lines}
    allowed = [line for line, decision in decisions.items() if decision.allowed]
    shutil.copy(CANARY, folder / "canary.py")
    (folder / "lines.json").write_text(json.dumps(allowed))
    limits = Limits(output_bytes=64 << 20)
    with Sandbox(SandboxSpec(root=folder, limits=limits)) as sandbox:
        command = "/usr/bin/python3 canary.py < lines.json"
        done = sandbox.run(command, timeout_s=_PATIENCE_S)
    assert done.exit_code == 0, done.stderr
    ran = dict(zip(allowed, json.loads(done.stdout), strict=True))
    extra = {line: set(words) - reported(decisions[line], line) for line, words in ran.items()}
    return {line: words for line, words in extra.items() if words}, len(allowed)


def reported(decision: Decision, line: str) -> set[str]:
    words = {word for command in decision.parsed for word in _words(command)}
    return words | ({"pwd"} if "$(pwd)" in line else set()) | ({"["} if "test" in words else set())


def _words(command: Command) -> Iterable[str]:
    yield from command.words[:1]
    if command.words[:1] == ("time",):  # a keyword: bash runs what comes after it
        yield from command.words[1:2]
    for _, inner in command.computed:
        for one in inner:
            yield from _words(one)


@pytest.mark.sandbox
def test_bash_runs_nothing_that_the_guard_did_not_report(tmp_path: Path) -> None:
    extra, ran = unreported(generated(500), tmp_path)

    assert extra == {}
    assert ran > 50


@pytest.mark.sandbox
def test_the_canaries_notice_what_bash_runs(tmp_path: Path) -> None:
    lines = [
        "ls; $(evil)",
        "'e'vil",
        "./evil",
        "eval evil",
        "command touch PWNED",
        "f() { evil; }; f",
    ]
    shutil.copy(CANARY, tmp_path / "canary.py")
    (tmp_path / "lines.json").write_text(json.dumps(lines))
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        done = sandbox.run("/usr/bin/python3 canary.py < lines.json")

    assert json.loads(done.stdout) == [
        ["evil", "ls"],
        ["evil"],
        ["./evil"],
        ["eval", "evil"],
        ["command", "touch"],
        ["evil", "f"],
    ]


def main() -> None:
    """Try many more: python -m tests.security.test_against_bash 20000."""
    import sys  # noqa: PLC0415 - only the command line needs them
    import tempfile  # noqa: PLC0415

    lines = generated(int(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        extra, ran = unreported(lines, Path(folder))
    failed = sum(decide(line).rule == "guard-failed" for line in lines)
    print(f"{len(lines)} different lines, {ran} allowed and run, {failed} the guard failed on")  # noqa: T201
    for line, words in extra.items():
        print(f"{line!r} ran {sorted(words)}")  # noqa: T201
    raise SystemExit(bool(extra))


if __name__ == "__main__":
    main()
