"""The sandbox of macOS: a profile for sandbox-exec, which shares the network's loopback."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .errors import SandboxUnavailable
from .launch import INSIDE, Launch, server_command
from .mounts import check
from .python_environment import interpreter, python_environment
from .spec import SandboxSpec

_SYSTEM = tuple(
    map(
        Path,
        (
            *("/bin", "/sbin", "/usr", "/System", "/Library/Developer", "/Library/Frameworks"),
            *("/opt/homebrew", "/private/etc/ssl", "/private/etc/hosts"),
            *("/private/etc/localtime", "/private/var/db/timezone", "/private/var/db/dyld"),
            *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
        ),
    )
)
_HEAD = """\
(version 1)
(deny default)
(allow process-fork)
(allow process-exec)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow file-read-metadata)
(allow file-read-data (literal "/"))
"""
_NETWORK = """\
(allow network-bind (local ip "localhost:*"))
(allow network-inbound (local ip "localhost:*"))
(allow network-outbound (remote ip "localhost:*"))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
"""


def launch(spec: SandboxSpec, channel: int) -> Launch:
    """Return how to start the exec server in sandbox-exec; raise SandboxUnavailable without it."""
    program = shutil.which("sandbox-exec")
    if program is None:
        raise SandboxUnavailable("sandbox-exec is missing", "It comes with macOS; look in PATH.")
    scratch = Path(tempfile.mkdtemp(prefix="sandbox-")).resolve()
    server = server_command(interpreter(), INSIDE.parent, channel)
    return Launch(
        argv=(program, "-p", profile(spec, scratch), *server),
        root=spec.root.resolve(),
        home=scratch,
        temporary=scratch,
        scratch=scratch,
    )


def profile(spec: SandboxSpec, scratch: Path) -> str:
    """Return the rules; the last one that matches a request decides."""
    root = check(spec)
    readable = [*_SYSTEM, INSIDE, *python_environment(root), *spec.readable]
    kept = [*spec.read_only, *(one for one in python_environment(root) if _below(one, root))]
    rules = [
        _HEAD,
        rule("allow file-read*", "subpath", (*readable, root, scratch)),
        rule("allow file-write*", "subpath", (root, scratch)),
        _NETWORK,
        rule("allow network-outbound", "subpath", spec.databases),
        rule("deny file-write*", "subpath", kept),
        rule("deny file-write*", "literal", _parents(kept, root)),
    ]
    return "".join(rules)


def rule(action: str, match: str, paths: Iterable[Path]) -> str:
    named = dict.fromkeys(one for path in paths for one in (path.absolute(), path.resolve()))
    filters = "".join(f"\n  ({match} {_quoted(path)})" for path in named)
    return f"({action}{filters})\n" if filters else ""


def _parents(kept: Iterable[Path], root: Path) -> list[Path]:
    """Return the directories whose renaming would move a kept path away."""
    resolved = (one.resolve() for one in kept)
    return [parent for one in resolved for parent in one.parents if _below(parent, root)]


def _below(path: Path, root: Path) -> bool:
    return path != root and path.is_relative_to(root)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
