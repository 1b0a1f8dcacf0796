"""What a sandbox is asked for and what a command in it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

_MIB = 1 << 20
_GIB = 1 << 30
Kind = Literal["bubblewrap", "sandbox-exec", "none"]
Bound = Literal["processes", "memory", "disk", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds. Those marked `*` hold for all commands of the sandbox together."""

    memory_bytes: int = 4 * _GIB
    """*; and the address space of each process."""
    processes: int = 512
    """*; threads count."""
    file_bytes: int = _GIB
    open_files: int = 1024
    temporary_bytes: int = _GIB
    """Of /tmp, of the home directory and of /dev/shm, each."""
    free_memory_bytes: int = 256 * _MIB
    """*; what the machine must have left, or everything that runs is killed."""
    free_disk_bytes: int = _GIB
    """*; the same for the disk of the project."""
    output_bytes: int = _MIB
    """Of stdout and of stderr of a command; the rest is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """A sandbox around one directory.

    The system's programs and the running Python with its packages are readable without being
    named. Nothing else of the machine is there.
    """

    root: Path
    """The only directory that is writable and lasts."""
    readable: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    """Existing paths below the root that commands must not change, move or replace."""
    databases: tuple[Path, ...] = ()
    """Directories with the sockets of PostgreSQL servers."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """All that commands see besides PATH, HOME, LANG and their like."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    exit_code: int
    """As a shell counts: 128 + N after signal N, 127 for a program that is not there."""
    stdout: str
    stderr: str
    timed_out: bool
    truncated: bool
    seconds: float
    exceeded: Bound = ""
    """The common bound for which everything that ran was killed."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Which sandbox this machine has; `reason` and `remedy` say more where it does not work."""

    kind: Kind
    works: bool
    reason: str = ""
    remedy: str = ""
    landlock: int = 0
    """Version of Landlock that is active inside as a second layer; 0 is none."""
