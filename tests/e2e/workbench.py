"""What a reviewer runs on a generated backend: its tools, its tests, and a fuzzer.

`python -m tests.e2e.workbench PROJECT FOLDER` writes the backend of a project to a folder.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.builders.offline import generate
from harness.inference.infer import infer
from harness.inference.model import ApiModel
from harness.project import Project
from harness.verify.runner import clean_environment


def learned(directory: Path) -> ApiModel:
    """Return what is inferred from the recordings of a project."""
    project = Project.open(directory)
    return infer(project.recordings(), title=project.title)


def write_backend(model: ApiModel, directory: Path) -> Path:
    for path, text in generate(model).items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
    for script in directory.glob("*.sh"):
        script.chmod(0o755)
    return directory


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    command: str
    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    def __str__(self) -> str:
        return f"`{self.command}` ends with {self.code}:\n{self.output}"


def module(directory: Path, *arguments: str, **environment: str) -> Done:
    """Run `python -m ARGUMENTS` in the folder of a backend."""
    return command(directory, sys.executable, "-m", *arguments, **environment)


def command(directory: Path, *argv: str, **environment: str) -> Done:
    done = subprocess.run(
        argv,
        check=False,
        capture_output=True,
        text=True,
        cwd=directory,
        env=clean_environment(PYTHONDONTWRITEBYTECODE="1", **environment),
    )
    return Done(" ".join(argv), done.returncode, done.stdout + done.stderr)


@dataclass(frozen=True)
class Fuzzed:
    """What Schemathesis found: `failures` are (kind, operation), `said` is its own report."""

    cases: int
    server_errors: int
    failures: frozenset[tuple[str, str]]
    said: str


def fuzz(
    base_url: str, folder: Path, *, examples: int, headers: Mapping[str, str] | None = None
) -> Fuzzed:
    """Run all checks of Schemathesis against a running backend; the same seed every time."""
    report, events = folder / "report.json", folder / "events.ndjson"
    executable = Path(sys.executable).with_name("schemathesis")
    given = [part for pair in (headers or {}).items() for part in ("-H", ": ".join(pair))]
    done = subprocess.run(
        [
            str(executable), "run", f"{base_url}/openapi.json", "--checks", "all", "--seed", "1",
            "--max-examples", str(examples), "--continue-on-failure", "--report", "json,ndjson",
            "--report-json-path", str(report), "--report-ndjson-path", str(events), *given,
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert report.exists(), done.stdout + done.stderr
    document = json.loads(report.read_text())
    assert document["complete"], done.stdout
    assert not document["errors"], done.stdout
    return Fuzzed(
        cases=document["test_cases"]["generated"],
        server_errors=len(re.findall(r'"status_code": ?5\d\d', events.read_text())),
        failures=frozenset(
            (item["type"], operation)
            for item in document["failures"]
            for operation in item["operations"]
        ),
        said=done.stdout,
    )


def counted(said: str) -> dict[str, Any]:
    """Return what pytest's last line counts, and its seconds."""
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", said)}
    seconds = re.search(r"in ([\d.]+)s", said)
    return {**found, "seconds": float(seconds.group(1)) if seconds else 0.0}


if __name__ == "__main__":
    write_backend(learned(Path(sys.argv[1])), Path(sys.argv[2]))
