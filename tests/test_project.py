import os
import stat
from pathlib import Path

import pytest

from harness.errors import ConfigError, SetupError, UsageError
from harness.project import Project
from harness.traffic.store import RecordingWriter


def configured(directory: Path, text: str) -> Project:
    directory.mkdir(exist_ok=True)
    (directory / "understudy.toml").write_text(text)
    return Project.open(directory)


def test_a_new_project_opens(tmp_path: Path) -> None:
    spec = tmp_path / "about.md"
    spec.write_text("# A shop\n")
    project = Project.create(tmp_path / "my-shop", "http://localhost:3000/app", spec)
    again = Project.open(tmp_path / "my-shop")
    assert again.config == project.config
    assert again.config.target.url == "http://localhost:3000/app"
    assert again.config.target.hosts == ["localhost:3000"]
    assert again.spec_path.read_text() == "# A shop\n"
    assert again.recordings_dir.is_dir()
    assert again.recordings() == []
    assert again.title == "My Shop"


def test_a_project_without_a_site_infers_its_host_later(tmp_path: Path) -> None:
    assert Project.create(tmp_path / "shop").config.target.hosts == []


def test_a_project_is_not_created_twice(tmp_path: Path) -> None:
    Project.create(tmp_path / "shop")
    with pytest.raises(UsageError, match="a project already"):
        Project.create(tmp_path / "shop")


@pytest.mark.parametrize("url", ["shop.test", "ftp://shop.test", "https://", "localhost:3000"])
def test_an_address_that_is_none_leaves_nothing_behind(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="no address of a site"):
        Project.create(tmp_path / "shop", url)
    assert not (tmp_path / "shop").exists()


def test_a_missing_specification_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"about\.md"):
        Project.create(tmp_path / "shop", spec=tmp_path / "about.md")
    assert not (tmp_path / "shop").exists()


def test_a_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Project.create(tmp_path / "shop")


def test_an_unknown_directory_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="understudy new") as caught:
        Project.open(tmp_path / "nowhere")
    assert caught.value.exit_code == 2


def test_a_directory_without_configuration_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="understudy new"):
        Project.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[target\n", "line 1"),
        ("[target]\nhost = ['a']\n", r"(?s)unknown key `target\.host`.*Did you mean `hosts`"),
        ("[budgets]\nusd = 1\n", r"(?s)unknown key `budgets`.*Did you mean `budget`"),
        ("[budget]\nqwxz = 1\n", r"(?s)unknown key `budget\.qwxz`.*Known here: max_sessions"),
        ("[budget]\nusd = -1\n", r"budget\.usd: .*greater than 0"),
        ("[build]\nbuilder = 'magic'\n", r"build\.builder: .*'auto', 'offline'"),
    ],
)
def test_mistakes_in_the_configuration_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        configured(tmp_path, text)
    assert "understudy.toml" in str(caught.value)


def test_a_configuration_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "understudy.toml").write_bytes(b'[target]\ntitle = "\xff"\n')
    with pytest.raises(ConfigError, match="not UTF-8"):
        Project.open(tmp_path)


def test_settings_are_read(tmp_path: Path) -> None:
    text = (
        "[target]\ntitle = 'Shop'\nhosts = ['a']\n[traffic]\npersonal = true\n"
        "[build]\nbuilder = 'offline'\n[budget]\nmax_sessions = 3\nwall_s = 1.5\n"
    )
    project = configured(tmp_path, text)
    assert project.title == "Shop"
    assert project.config.traffic.personal
    assert project.config.build.builder == "offline"
    assert (project.config.budget.max_sessions, project.config.budget.wall_s) == (3, 1.5)


def test_recordings_are_listed_by_name(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    for name in ("b", "a"):
        RecordingWriter(project.recording_path(name)).close()
    (project.recordings_dir / "notes.txt").write_text("")
    assert [recording.name for recording in project.recordings()] == ["a", "b"]


def test_the_pseudonym_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    key = project.pseudonym_key()
    assert len(key) == 32
    assert Project.open(tmp_path / "shop").pseudonym_key() == key
    (path,) = project.state_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Project.create(tmp_path / "other").pseudonym_key() != key


def test_parts_of_a_project(tmp_path: Path) -> None:
    project = Project.create(tmp_path)
    names = [project.model_dir, project.backend_dir, project.state_dir]
    assert [os.path.relpath(path, tmp_path) for path in names] == [
        "model",
        "backend",
        ".understudy",
    ]


def test_a_damaged_pseudonym_key_is_named(tmp_path: Path) -> None:
    project = Project.create(tmp_path)
    project.pseudonym_key()
    (path,) = project.state_dir.iterdir()
    path.write_text("not hexadecimal")
    with pytest.raises(ConfigError, match="does not hold a key"):
        project.pseudonym_key()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot create"):
        Project.create(tmp_path / "file" / "shop")
