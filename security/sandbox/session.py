"""A session: commands one after another in the same surroundings, and nothing left at its end."""

import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from . import bounds
from .client import Client, Job
from .errors import SandboxDied, SandboxUnavailable
from .launch import Launch
from .python_environment import prefixes
from .spec import Result, SandboxSpec

_SHELL = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"  # noqa: PTH110
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EMPTY: Mapping[str, str] = MappingProxyType({})


class Session(ABC):
    """What every kind of sandbox has in common; use it in a `with` block."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.landlock = 0
        """Version of Landlock that commands run under; 0 is none."""
        self._client: Client | None = None
        self._launch: Launch | None = None

    @abstractmethod
    def _prepare(self, channel: int) -> Launch:
        """Say how the exec server is started; it inherits the descriptor `channel`."""

    def _explain(self, trouble: str) -> SandboxUnavailable:
        return SandboxUnavailable(trouble, "Look for what stopped it in the system's log.")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Open the session; raise SandboxUnavailable where it cannot be had."""
        client = Client()
        try:
            self._launch = self._prepare(client.inner.fileno())
            self.landlock = client.start(self._launch, self._settings(self._launch))
        except BaseException as error:
            client.close()
            self.close()
            if isinstance(error, SandboxDied):
                raise self._explain(str(error)) from None
            raise
        finally:
            for descriptor in self._launch.descriptors if self._launch else ():
                os.close(descriptor)
        self._client = client

    @property
    def alive(self) -> bool:
        return self._client is not None and self._client.alive

    def run(
        self,
        command: str | Sequence[str],
        cwd: Path | None = None,
        *,
        timeout_s: float | None = 120.0,
        env: Mapping[str, str] = _EMPTY,
    ) -> Result:
        """Run a shell line or a program to its end; what it leaves running goes on.

        Raise SandboxDied when the sandbox ends before the command does.
        """
        if self._client is None or self._launch is None:
            raise SandboxDied("the sandbox is not open")
        argv = [_SHELL, "-c", command] if isinstance(command, str) else list(command)
        place = self._launch.root / (cwd or "")
        started = time.monotonic()
        job = self._client.submit(
            argv,
            str(place),
            {**self.environment(self._launch), **env},
            self.spec.limits.output_bytes,
        )
        in_time = self._client.wait(job, timeout_s)
        return _result(job, timed_out=not in_time, seconds=time.monotonic() - started)

    def close(self) -> None:
        """End everything that the commands left behind; may be called again."""
        if self._client is not None:
            self._client.close()
        if self._launch is not None and self._launch.scratch is not None:
            shutil.rmtree(self._launch.scratch, ignore_errors=True)

    def environment(self, launch: Launch) -> dict[str, str]:
        """Return all that commands see of an environment: nothing of it comes from the harness."""
        binaries = [str(prefix / "bin") for prefix in prefixes()]
        return {
            "PATH": ":".join([*binaries, _PATH]),
            "HOME": str(launch.home),
            "TMPDIR": str(launch.temporary),
            "USER": "builder",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **self.spec.environment,
        }

    def _settings(self, launch: Launch) -> dict[str, Any]:
        return {
            "place": str(launch.root),
            "landlock": dict(launch.landlock),
            "bounds": bounds.of_all(self.spec.limits),
            "limits": bounds.of_each(self.spec.limits),
        }


def _result(job: Job, *, timed_out: bool, seconds: float) -> Result:
    code = job.code or 0
    return Result(
        exit_code=128 - code if code < 0 else code,
        stdout=job.out.text,
        stderr=job.err.text,
        timed_out=timed_out,
        truncated=job.out.truncated or job.err.truncated,
        seconds=seconds,
        exceeded=job.exceeded,
    )
