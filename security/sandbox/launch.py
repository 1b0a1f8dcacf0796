"""Starting an exec server: what it takes, and the thread that does it."""

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

INSIDE = Path(__file__).with_name("inside")
_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from {package}.server import main; main(int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start the exec server, and how the world looks to it."""

    argv: tuple[str, ...]
    root: Path
    home: Path
    temporary: Path
    landlock: Mapping[str, list[str]] = field(default_factory=dict)
    scratch: Path | None = None
    """A directory of the session's own, removed at its end."""
    descriptors: tuple[int, ...] = ()
    """Inherited by the process, and closed here once it is started."""


def server_command(python: Path, code: Path, channel: int) -> tuple[str, ...]:
    """Return the command line of the exec server, whose package lies in `code`."""
    main = _MAIN.format(package=INSIDE.name)
    return (str(python), "-I", "-S", "-c", main, str(code), str(channel))


def spawn(launch: Launch, channel: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it with an empty environment, which /proc would show to everyone inside."""
    return _spawner().submit(_spawn, launch, channel, errors).result()


@cache
def _spawner() -> ThreadPoolExecutor:
    """A thread that lives as long as the harness: bubblewrap dies with the thread, not with it."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-spawner")


def _spawn(launch: Launch, channel: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        launch.argv,
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        pass_fds=(channel, *launch.descriptors),
    )
