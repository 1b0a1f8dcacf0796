"""Every bad input has one clear error that names what to do next, and the right exit code."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import cli
from harness.project import Project
from harness.testing import exchange
from harness.traffic.store import RecordingWriter

RUN = [sys.executable, "-c", "from harness.cli import main; main()"]


@dataclass
class Said:
    code: int
    out: str
    err: str


Understudy = Callable[..., Said]


@pytest.fixture
def understudy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Understudy:
    """The command line, in this process."""

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "shop", "http://app.test")


@pytest.fixture
def recorded(project: Project) -> Project:
    record(
        project,
        exchange(1, "POST", "/items", {"name": "a"}, 201, {"id": 1, "name": "a"}),
        exchange(2, "GET", "/items/1", None, 200, {"id": 1, "name": "a"}),
        exchange(3, "GET", "/items", None, 200, [{"id": 1, "name": "a"}]),
    )
    return project


def record(project: Project, *exchanges: Any) -> None:
    with RecordingWriter(project.recording_path("rec")) as writer:
        for one in exchanges:
            writer.append(one.request, one.response, started=one.started, duration_ms=1.0)


def write_har(path: Path, *urls: str) -> Path:
    entries = [
        {
            "startedDateTime": "2026-01-01T00:00:00Z",
            "time": 1,
            "request": {"method": "GET", "url": url, "headers": [], "queryString": []},
            "response": {
                "status": 200,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"mimeType": "application/json", "text": '{"id": 1}'},
            },
        }
        for url in urls
    ]
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


def apart(*arguments: object, env: dict[str, str] | None = None, **more: Any) -> Said:
    """The command line, in a process of its own."""
    done = subprocess.run(
        [*RUN, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        **more,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        ["import", "?", "x.har"],
        ["infer", "?"],
        ["explain", "?", "GET /items"],
        ["run", "?"],
        ["resume", "?"],
        ["pause", "?"],
        ["status", "?"],
        ["log", "?"],
        ["verify", "?"],
        ["serve", "?"],
    ],
)
def test_unknown_directory(understudy: Understudy, tmp_path: Path, command: Sequence[str]) -> None:
    said = understudy(*[tmp_path / "no" if part == "?" else part for part in command])
    assert said.code == 2
    assert "there is no directory" in said.err
    assert "understudy new" in said.err
    assert said.out == ""


def test_a_directory_that_is_no_project(understudy: Understudy, tmp_path: Path) -> None:
    said = understudy("run", tmp_path)
    assert said.code == 2
    assert "understudy.toml" in said.err
    assert "understudy new" in said.err


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[build\nslice = 1", "line 1"),
        ("[build]\nslise = 1", "Did you mean `slice`?"),
        ("[bild]\nslice = 1", "Did you mean `build`?"),
        ("[build]\nslice = 0", "build.slice"),
        ('[build]\nbuilder = "magic"', "build.builder"),
    ],
)
def test_a_broken_configuration(
    understudy: Understudy, project: Project, text: str, hint: str
) -> None:
    (project.directory / "understudy.toml").write_text(text)
    said = understudy("run", project.directory)
    assert said.code == 2
    assert hint in said.err
    assert "understudy.toml" in said.err


@pytest.mark.parametrize("command", [["run"], ["infer"], ["explain", "GET /items"]])
def test_no_recording(understudy: Understudy, project: Project, command: Sequence[str]) -> None:
    said = understudy(command[0], project.directory, *command[1:])
    assert said.code == 2
    assert "no recording" in said.err
    assert "understudy import" in said.err


def test_a_capture_of_another_host(
    understudy: Understudy, project: Project, tmp_path: Path
) -> None:
    har = write_har(tmp_path / "other.har", "https://other.test/api/items")
    said = understudy("import", project.directory, har)
    assert said.code == 2
    assert "other.test" in said.err
    assert "hosts" in said.err
    assert project.recordings() == []


def test_recordings_that_the_configuration_no_longer_wants(
    understudy: Understudy, recorded: Project
) -> None:
    config = recorded.directory / "understudy.toml"
    config.write_text('[target]\nhosts = ["new.test"]\n')
    said = understudy("infer", recorded.directory)
    assert said.code == 2
    assert "app.test" in said.err
    assert "new.test" in said.err


def test_an_empty_capture(understudy: Understudy, project: Project, tmp_path: Path) -> None:
    said = understudy("import", project.directory, write_har(tmp_path / "empty.har"))
    assert said.code == 2
    assert "Nothing in" in said.err


def test_a_file_that_is_not_there(understudy: Understudy, project: Project) -> None:
    said = understudy("import", project.directory, "missing.har")
    assert said.code == 2
    assert "missing.har" in said.err


def test_no_backend_yet(understudy: Understudy, recorded: Project) -> None:
    for command in ("verify", "serve"):
        said = understudy(command, recorded.directory)
        assert said.code == 2
        assert "understudy run" in said.err


def test_nothing_runs_and_nothing_ran(understudy: Understudy, recorded: Project) -> None:
    assert "understudy run" in understudy("pause", recorded.directory).err
    assert understudy("resume", recorded.directory).code == 2
    assert "Nothing ran here yet" in understudy("status", recorded.directory).out
    assert understudy("log", recorded.directory, 3).code == 2


def test_a_builder_that_is_not_there(understudy: Understudy, recorded: Project) -> None:
    said = understudy("run", recorded.directory, "--builder", "magic")
    assert said.code == 2
    assert "--builder offline" in said.err


def test_postgresql_that_cannot_start(
    understudy: Understudy, recorded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    said = understudy("run", recorded.directory)
    assert said.code == 5
    assert "PostgreSQL" in said.err
    assert "understudy doctor" in said.err
    assert understudy("doctor").code == 5
    state = json.loads(understudy("status", recorded.directory, "--json").out)
    assert state["outcome"] == "failed"


def test_no_git(recorded: Project, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    said = apart("run", recorded.directory, env={"PATH": str(tmp_path / "bin")})
    assert said.code == 5
    assert "git is not installed" in said.err


def small_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))


def test_a_disk_that_is_full(recorded: Project) -> None:
    said = apart("run", recorded.directory, preexec_fn=small_disk)
    assert said.code == 5, said.err
    assert "Error:" in said.err
    assert "Traceback" not in said.err
    assert apart("status", recorded.directory).code == 0


def test_errors_are_json_where_json_was_asked_for(understudy: Understudy, tmp_path: Path) -> None:
    said = understudy("status", tmp_path / "no", "--json")
    assert json.loads(said.out)["exit_code"] == 2
    assert "there is no directory" in said.err


def test_help_shows_every_command_with_an_example(understudy: Understudy) -> None:
    overview = understudy("--help")
    assert overview.code == 0
    for command in cli.app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"\n  {name} " in overview.out
        assert f"Example: understudy {name} " in understudy(name, "--help").out


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['understudy', '--help']\n"
        "from harness.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(n for n in sys.modules if n in "
        "{'pydantic', 'rich', 'sqlalchemy', 'fastapi', 'asyncpg', 'jinja2', 'yaml', 'httpx'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_new_import_infer_explain(
    understudy: Understudy, tmp_path: Path, recorded: Project
) -> None:
    made = understudy("new", tmp_path / "mine", "--url", "https://app.test")
    assert made.code == 0
    assert "understudy import" in made.out
    again = understudy("new", tmp_path / "mine")
    assert again.code == 2
    har = write_har(tmp_path / "one.har", *(f"https://app.test/items/{n}" for n in range(3)))
    report = json.loads(understudy("import", tmp_path / "mine", har, "--json").out)
    assert [item["kept"] for item in report["recordings"]] == [3]
    described = json.loads(understudy("infer", recorded.directory, "--json").out)
    assert described["operations"] == 3
    for path in described["files"]:
        assert Path(path).stat().st_size > 0
    explained = understudy("explain", recorded.directory, "POST /items")
    assert explained.code == 0
    assert "rec#1" in explained.out
