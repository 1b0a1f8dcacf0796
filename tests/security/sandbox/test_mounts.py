"""What is there: the project to write, some folders to read, and nothing that can be moved away."""

import os
import sys
from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxSpec
from security.sandbox.mounts import plan

pytestmark = pytest.mark.sandbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a file that is kept two folders deep."""
    kept = tmp_path / "project" / "one" / "two"
    kept.mkdir(parents=True)
    (kept / "kept").write_text("kept\n")
    return tmp_path / "project"


@pytest.mark.parametrize(
    "attack",
    [
        "echo changed > one/two/kept",
        "echo changed >> one/two/kept",
        "rm -f one/two/kept",
        "rm -rf one",
        "mv one/two/kept moved",
        "mv one/two moved && mkdir one/two && echo changed > one/two/kept",
        "mv one moved && mkdir -p one/two && echo changed > one/two/kept",
        "echo changed > new && mv new one/two/kept",
        "ln -sf /dev/null one/two/kept",
        "ln one/two/kept link && echo changed > link",
        "ln -s one link && echo changed > link/two/kept",
        "chmod 777 one/two/kept && echo changed > one/two/kept",
        "truncate -s 0 one/two/kept",
        "mount --bind /dev/null one/two/kept || umount one/two/kept && echo x > one/two/kept",
        'python3 -c \'import os; os.rename("one/two", "one/three")\'',
        'python3 -c \'import os; os.replace("new", "one/two/kept")\'',
    ],
)
def test_a_kept_file_stays_in_its_place(attack: str, root: Path) -> None:
    spec = SandboxSpec(root=root, read_only=(root / "one/two/kept",))
    with Sandbox(spec) as sandbox:
        assert sandbox.run(f"touch new; {attack}").exit_code != 0
        assert sandbox.run("cat one/two/kept").stdout == "kept\n"
    assert (root / "one/two/kept").read_text() == "kept\n"


def test_beside_a_kept_file_everything_goes_on(root: Path) -> None:
    with Sandbox(SandboxSpec(root=root, read_only=(root / "one/two/kept",))) as sandbox:
        line = "echo a > one/two/a && mkdir one/b && mv one/b one/c && rm one/two/a && echo d > d"
        assert sandbox.run(line).stderr == ""
    assert sorted(path.name for path in root.rglob("*")) == ["c", "d", "kept", "one", "two"]


def test_a_kept_folder_stays_with_all_that_is_in_it(root: Path) -> None:
    with Sandbox(SandboxSpec(root=root, read_only=(root / "one",))) as sandbox:
        for line in ("touch one/new", "touch one/two/new", "rm one/two/kept", "mv one moved"):
            assert sandbox.run(line).exit_code != 0
    assert [path.name for path in (root / "one").rglob("*")] == ["two", "kept"]


def test_a_readable_folder_cannot_be_written(root: Path, tmp_path: Path) -> None:
    readable = tmp_path / "library" / "deep"
    readable.mkdir(parents=True)
    (readable / "file").write_text("content\n")
    (readable.parent / "beside").write_text("secret\n")
    with Sandbox(SandboxSpec(root=root, readable=(readable,))) as sandbox:
        assert sandbox.run(f"cat {readable}/file").stdout == "content\n"
        for line in (
            f"echo x > {readable}/file",
            f"touch {readable}/new",
            f"mv {readable} {readable}-moved",
            f"mv {readable.parent} {tmp_path}/moved",
            f"touch {readable.parent}/new",
            f"cat {readable.parent}/beside",
            f"ln -s {readable} link && touch link/new",
        ):
            assert sandbox.run(line).exit_code != 0, line
    assert (readable / "file").read_text() == "content\n"
    assert [path.name for path in readable.iterdir()] == ["file"]


def test_a_link_in_the_project_leads_nowhere_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "folder").symlink_to(tmp_path)
    with Sandbox(SandboxSpec(root=root)) as sandbox:
        assert sandbox.run("cat link folder/outside").stdout == ""
        assert sandbox.run("echo x > folder/new").exit_code != 0


def test_a_readable_link_leads_where_it_leads(root: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("content\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with Sandbox(SandboxSpec(root=root, readable=(tmp_path / "link",))) as sandbox:
        assert sandbox.run(f"cat {tmp_path}/link/file").stdout == "content\n"


@pytest.mark.parametrize("name", ["/", "/usr", "/etc", "/tmp", "/home", "~"])  # noqa: S108
def test_some_roots_would_give_too_much_away(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the root"):
        plan(SandboxSpec(root=Path(name).expanduser()))


def test_a_root_above_the_running_python_keeps_it_from_changes() -> None:
    environment = Path(sys.prefix)
    kinds = {mount.at: mount.kind for mount in plan(SandboxSpec(root=environment.parent))}
    assert (kinds[environment.parent], kinds[environment]) == ("writable", "readable")


@pytest.mark.parametrize(
    ("field", "name", "match"),
    [
        ("read_only", "missing", "does not exist"),
        ("read_only", "../beside", "is not below"),
        ("read_only", "link/two", "symbolic link"),
        ("readable", "missing", "does not exist"),
        ("databases", "missing", "does not exist"),
    ],
)
def test_wrong_paths_are_refused(field: str, name: str, match: str, root: Path) -> None:
    (root / "link").symlink_to(root / "one")
    root.with_name("beside").mkdir()
    path = Path(os.path.normpath(root / name))
    with pytest.raises(ValueError, match=match):
        plan(SandboxSpec(root=root, **{field: (path,)}))


def test_a_root_must_be_a_directory(root: Path) -> None:
    with pytest.raises(ValueError, match="is no directory"):
        plan(SandboxSpec(root=root / "one/two/kept"))
