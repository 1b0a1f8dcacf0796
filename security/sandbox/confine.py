"""One program in a sandbox of its own, for who starts processes himself: nothing in it lasts.

Unlike a session it shares descriptors with its starter, such as a socket that listens outside, and
the project can only be read.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import bounds, bubblewrap, etc, seatbelt
from .bwrap import bwrap
from .errors import SandboxUnavailable
from .launch import INSIDE
from .mounts import HOME, TEMPORARY, Mount, plan
from .python_environment import interpreter
from .spec import SandboxSpec

_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    f" from {INSIDE.name}.alone import main; main(sys.argv[2], sys.argv[3:])"
)


@dataclass(frozen=True, slots=True)
class Confined:
    """What to start, with which descriptors inherited; they are the caller's to close."""

    argv: tuple[str, ...]
    descriptors: tuple[int, ...]
    environment: dict[str, str]
    """To be set over the program's own."""
    scratch: Path | None = None
    """A directory that the caller removes at the end."""


def confined(argv: Sequence[str], spec: SandboxSpec) -> Confined:
    """Return how to start a program confined; raise SandboxUnavailable where it cannot be.

    `root` is where it starts; it and everything else is read-only, /tmp and the home are memory.
    """
    if sys.platform == "darwin":
        return _seatbelt(argv, spec)
    program = bwrap()
    mounts = [
        replace(one, kind="readable") if one.kind == "writable" else one for one in plan(spec)
    ]
    files = {name: etc.as_descriptor(text.encode()) for name, text in etc.MADE_UP.items()}
    calls, named = bubblewrap.call_filter()
    namespaces = [one for one in bubblewrap.NAMESPACES if one != "--clearenv"]
    arguments = [
        *(*bubblewrap.PRELUDE, program, *namespaces, *bubblewrap.system(), *bubblewrap.KERNEL),
        *(*bubblewrap.made_up_etc(files), *bubblewrap.code()),
        *bubblewrap.project(mounts, spec.limits.temporary_bytes),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(spec.root.resolve())),
        *(*named, "--", str(interpreter()), "-I", "-S", "-c", _MAIN),
        *(str(bubblewrap.CODE), _settings(spec, mounts), *argv),
    ]
    environment = {"HOME": str(HOME), "TMPDIR": str(TEMPORARY)}
    return Confined(tuple(arguments), (*calls, *files.values()), environment)


def _settings(spec: SandboxSpec, mounts: list[Mount]) -> str:
    settings = {
        "landlock": bubblewrap.allowed(mounts),
        "bounds": bounds.of_all(replace(spec.limits, free_disk_bytes=0)),  # it writes to none
        "limits": bounds.of_each(spec.limits),
    }
    return json.dumps(settings)


def _seatbelt(argv: Sequence[str], spec: SandboxSpec) -> Confined:
    program = shutil.which("sandbox-exec")
    if program is None:
        raise SandboxUnavailable("sandbox-exec is missing", "It comes with macOS; look in PATH.")
    scratch = Path(tempfile.mkdtemp(prefix="sandbox-")).resolve()
    rules = seatbelt.profile(spec, scratch) + seatbelt.rule(
        "deny file-write*", "subpath", (spec.root,)
    )
    environment = {"HOME": str(scratch), "TMPDIR": str(scratch)}
    return Confined((program, "-p", rules, *argv), (), environment, scratch)
