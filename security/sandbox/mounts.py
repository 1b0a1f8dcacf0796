"""Which paths there are in the sandbox: a plan, parents first, that no rename can defeat."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .python_environment import prefixes, python_environment
from .spec import SandboxSpec

HOME = Path("/home/builder")
TEMPORARY = Path("/tmp")  # noqa: S108 - the sandbox has its own
SCRATCH = (TEMPORARY, HOME, Path("/dev/shm"))  # noqa: S108
SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
_KERNEL = tuple(map(Path, ("/proc", "/dev", "/sys", "/run", "/etc", "/boot")))

Kind = Literal["writable", "readable", "scratch", "pin"]


@dataclass(frozen=True, slots=True)
class Mount:
    """`scratch` is memory with a size; `pin` an empty read-only directory that holds others."""

    at: Path
    kind: Kind


def plan(spec: SandboxSpec) -> list[Mount]:
    """Return the mounts; the directories between a writable one and a mount below it are pinned.

    A mount point cannot be renamed, but a directory that holds one can: without the pins, code
    would move the parent away and put its own in its place.
    """
    root = check(spec)
    wanted: dict[Path, Kind] = dict.fromkeys(SCRATCH, "scratch")
    for path in (*spec.readable, *python_environment(root), *spec.databases):
        wanted[path.absolute()] = wanted[path.resolve()] = "readable"
    wanted[root] = "writable"
    wanted |= dict.fromkeys((_below(root, one, spec) for one in spec.read_only), "readable")
    wanted = {path: kind for path, kind in wanted.items() if not _provided(path, root)}
    wanted |= _pins(wanted)
    return [Mount(path, wanted[path]) for path in sorted(wanted, key=lambda one: len(one.parts))]


def check(spec: SandboxSpec) -> Path:
    """Return the real root; raise ValueError for one that gives too much away, or a wrong path."""
    root = spec.root.resolve()
    if not root.is_dir():
        raise ValueError(f"{spec.root} is no directory")
    for precious in (Path.home().resolve(), *SYSTEM, *_KERNEL, *SCRATCH):
        if precious.is_relative_to(root):
            raise ValueError(f"{root} cannot be the root of a sandbox: it holds {precious}")
    if root in [one.resolve() for one in prefixes()]:
        raise ValueError(f"{root} cannot be the root of a sandbox: this Python runs from it")
    for path in spec.read_only:
        place = _below(root, path, spec)
        if place.resolve() != place:
            raise ValueError(f"{path} leads over a symbolic link and cannot be kept as it is")
    for path in (*spec.read_only, *spec.readable, *spec.databases):
        if not path.exists():
            raise ValueError(f"{path} does not exist")
    return root


def _below(root: Path, path: Path, spec: SandboxSpec) -> Path:
    for base in (spec.root.absolute(), root):
        if path.is_relative_to(base):
            return root / path.relative_to(base)
    raise ValueError(f"{path} is not below {root}")


def _provided(path: Path, root: Path) -> bool:
    """What lies in /usr is there already, but must be protected where the root covers it."""
    return not path.is_relative_to(root) and any(path.is_relative_to(one) for one in SYSTEM)


def _pins(wanted: dict[Path, Kind]) -> dict[Path, Kind]:
    pins: dict[Path, Kind] = {}
    for path in wanted:
        between = _between(path, wanted)
        if between and wanted[between[-1]] in ("writable", "scratch"):
            kind: Kind = "writable" if wanted[between[-1]] == "writable" else "pin"
            pins |= dict.fromkeys(between[:-1], kind)
    return pins


def _between(path: Path, wanted: Iterable[Path]) -> list[Path]:
    """Return the parents of a path up to and with the nearest one that is a mount."""
    parents = list(path.parents)
    for count, parent in enumerate(parents, 1):
        if parent in wanted:
            return parents[:count]
    return []
