"""Where the running Python and its packages lie, wherever that is."""

import os
import sys
from functools import cache
from pathlib import Path

_PARTS = ("bin", "lib", "lib64", "libexec", "include", "ssl")
"""A prefix may be somebody's ~/.local, in which there is more than Python."""
_MOST_LINKS = 40


def python_environment(root: Path) -> tuple[Path, ...]:
    """Return what has to be readable, under the names it is called by and the real ones.

    What lies below `root` is returned whole, so that nothing in it is left to be replaced.
    """
    found: dict[Path, None] = {}
    for prefix in prefixes():
        if (prefix / "pyvenv.cfg").exists() or prefix.is_relative_to(root):
            found[prefix] = None
        else:
            found |= {prefix / part: None for part in _PARTS if (prefix / part).exists()}
    for link in _chain(Path(sys.executable)):
        if not any(link.is_relative_to(one) for one in found):
            found[link] = None
    for path in tuple(found):
        found[path.resolve()] = None
    return tuple(found)


def interpreter() -> Path:
    """Return the interpreter without its virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


@cache
def prefixes() -> dict[Path, None]:
    """Return the directories that Python is installed in, as they are called."""
    named = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    found = dict.fromkeys(Path(one) for one in named)
    for link in _chain(Path(sys.executable)):
        if link.parent.name == "bin" and (link.parent.parent / "lib").is_dir():
            found[link.parent.parent] = None
    return found


def _chain(path: Path) -> list[Path]:
    """Return a path and every path that it leads over."""
    steps = [path]
    while path.is_symlink() and len(steps) < _MOST_LINKS:
        path = Path(os.path.normpath(path.parent / path.readlink()))
        steps.append(path)
    return steps
