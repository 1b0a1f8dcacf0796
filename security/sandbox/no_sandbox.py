"""No sandbox, for those who said that they accept the risk."""

import tempfile
from pathlib import Path
from typing import Any

from .launch import INSIDE, Launch, server_command
from .mounts import check
from .python_environment import interpreter
from .session import Session


class NoSandbox(Session):
    """The same commands with the rights of whoever started the harness.

    Timeouts, limits, the clean environment and the end of everything that was started hold here
    as well. Where the kernel has Landlock, only the project can be written to; but all files can be
    read, the network is open, and processes outside can be signalled.
    """

    def _prepare(self, channel: int) -> Launch:
        root = check(self.spec)
        scratch = Path(tempfile.mkdtemp(prefix="no-sandbox-"))
        return Launch(
            argv=server_command(interpreter(), INSIDE.parent, channel),
            root=root,
            home=scratch,
            temporary=scratch,
            scratch=scratch,
            landlock={
                "readable": ["/"],
                "writable": [str(root), str(scratch), "/dev/shm"],  # noqa: S108
                "devices": ["/dev"],
            },
        )

    def _settings(self, launch: Launch) -> dict[str, Any]:
        settings = super()._settings(launch)
        # Without a namespace of its own it would count everything that the user runs.
        settings["limits"].pop("RLIMIT_NPROC", None)
        return settings
