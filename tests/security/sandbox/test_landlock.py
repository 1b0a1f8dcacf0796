"""Landlock: the second layer, tried where the first one would let things through."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from security.sandbox import NoSandbox, Sandbox, SandboxSpec, protection
from security.sandbox.confine import confined
from security.sandbox.inside.landlock import abi
from security.sandbox.launch import Launch

pytestmark = pytest.mark.sandbox

_RESTRICT = """
import sys
from security.sandbox.confine import confined
from security.sandbox.inside.landlock import restrict
readable, writable, outside = sys.argv[1:]
version = restrict(["/usr", "/lib", "/lib64", readable], [writable])
tried = (readable, "r"), (writable, "r"), (writable, "w"), (readable, "w"), (outside, "r")
for path, mode in tried:
    try:
        open(path + "/file", mode).close()
        print(mode, "allowed", end=" ")
    except PermissionError:
        print(mode, "refused", end=" ")
print(version)
"""


def with_hole(argv: tuple[str, ...], root: Path, hole: Path) -> tuple[str, ...]:
    """Return the arguments of bwrap with a folder more, mounted right after the root."""
    ends = (at + 3 for at in range(len(argv)) if argv[at + 1 : at + 3] == (str(root), str(root)))
    place = next(ends)
    return (*argv[:place], "--bind", str(hole), str(hole), *argv[place:])


class TooGenerous(Sandbox):
    """A sandbox whose first layer has a hole: a folder more that can be written."""

    def __init__(self, spec: SandboxSpec, hole: Path) -> None:
        super().__init__(spec)
        self._hole = hole

    def _prepare(self, channel: int) -> Launch:
        launch = super()._prepare(channel)
        return replace(launch, argv=with_hole(launch.argv, launch.root, self._hole))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that is not below /tmp, where Landlock allows to write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        yield Path(place)


def test_a_hole_in_the_mounts_is_covered(root: Path, outside: Path) -> None:
    (outside / "file").write_text("secret")
    with TooGenerous(SandboxSpec(root=root), outside) as sandbox:
        read = sandbox.run(f"cat {outside}/file")
        written = sandbox.run(f"echo x > {outside}/new")
        assert sandbox.run("echo x > own && cat own").stdout == "x\n"
        assert sandbox.run(f"ls {outside}").stdout == "file\n", "the first layer has the hole"
    covered = abi() > 0
    assert sandbox.landlock == abi()
    assert (read.stdout == "") is covered
    assert (written.exit_code != 0) is covered
    assert (outside / "new").exists() is not covered


def test_it_covers_confined_programs_too(root: Path, outside: Path) -> None:
    line = f"ls -d {outside} && touch {outside}/new"
    inside = confined(["sh", "-c", line], SandboxSpec(root=root))
    argv = with_hole(inside.argv, root, outside)
    done = subprocess.run(argv, check=False, pass_fds=inside.descriptors, capture_output=True)
    for descriptor in inside.descriptors:
        os.close(descriptor)
    assert done.stdout.decode() == f"{outside}\n", "the first layer has the hole"
    assert (done.returncode != 0) is (abi() > 0), done.stderr
    assert (outside / "new").exists() is (abi() == 0)


def test_protection_says_whether_it_is_there() -> None:
    assert protection().landlock == abi()


def test_without_a_sandbox_it_keeps_writes_in_the_project(root: Path, tmp_path: Path) -> None:
    with NoSandbox(SandboxSpec(root=root)) as session:
        session.run(f"echo x > {tmp_path}/new; echo x > own; echo x > $TMPDIR/scratch")
        assert session.landlock == abi()
    assert (tmp_path / "new").exists() is (abi() == 0)
    assert (root / "own").exists()


def test_a_process_restricts_itself(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("readable", "writable", "outside")]
    for place in places:
        place.mkdir()
        (place / "file").touch()
    done = subprocess.run(
        [sys.executable, "-c", _RESTRICT, *map(str, places)],
        check=True,
        capture_output=True,
        text=True,
    )
    free = ["allowed"] * 5
    expected = ["allowed", "allowed", "allowed", "refused", "refused"] if abi() else free
    assert done.stdout.split()[1:10:2] == expected
    assert done.stdout.split()[-1] == str(abi())
