"""The harness's side of the exec server: one thread reads its answers and all output."""

import selectors
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import IO, Any

from .errors import SandboxDied
from .inside.wire import receive, send
from .launch import Launch, spawn
from .output import Stream
from .spec import Bound

_START_S, _KILL_S, _CLOSE_S = 10.0, 10.0, 5.0
_MOST_UNHEARD = 64
"""How many pipes of ended commands are kept open for the servers that they left behind."""


@dataclass(eq=False)
class Job:
    """A command on its way."""

    number: int
    out: Stream
    err: Stream
    done: threading.Event = field(default_factory=threading.Event)
    code: int | None = None
    exceeded: Bound = ""


class Client:
    """An exec server and its process; at its end every job of it is done, with or without code."""

    def __init__(self) -> None:
        self._channel, self.inner = socket.socketpair()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs: dict[int, Job] = {}
        self._numbers = count(1)
        self._selector = selectors.DefaultSelector()
        self._unheard: deque[Stream] = deque()
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="sandbox-output", daemon=True)
        self._ended = threading.Event()
        self._closed = False

    @property
    def alive(self) -> bool:
        return self._reader.is_alive() and not self._ended.is_set()

    def start(self, launch: Launch, settings: Mapping[str, Any]) -> int:
        """Start the server; return the version of Landlock it runs under."""
        self._process = spawn(launch, self.inner.fileno(), self._errors)
        self.inner.close()
        self._channel.settimeout(_START_S)
        try:
            send(self._channel, dict(settings))
            answer = receive(self._channel)
        except (OSError, ValueError):
            answer = None
        if answer is None:
            self._process.kill()
            self._process.wait()
            raise SandboxDied(self.errors() or "the exec server does not answer")
        self._channel.settimeout(None)
        self._selector.register(self._channel, selectors.EVENT_READ, None)
        self._reader.start()
        return int(answer[0]["ready"])

    def errors(self) -> str:
        """Return what the server or its sandbox had to say on stderr."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace").strip()[-2000:]

    def submit(self, argv: Sequence[str], cwd: str, env: Mapping[str, str], most: int) -> Job:
        job = Job(next(self._numbers), Stream(most), Stream(most))
        request = {"start": job.number, "argv": list(argv), "cwd": cwd, "env": dict(env)}
        streams = (job.out, job.err)
        with self._lock:
            if not self.alive:
                for stream in streams:
                    stream.give_away()
                    stream.close()
                raise SandboxDied(self._obituary())
            self._jobs[job.number] = job
            for stream in streams:
                self._selector.register(stream.reading, selectors.EVENT_READ, stream)
            with suppress(OSError):  # its end is noticed by the reader
                send(self._channel, request, [stream.writing for stream in streams])
            for stream in streams:
                stream.give_away()
        return job

    def wait(self, job: Job, seconds: float | None) -> bool:
        """Wait for the end of a job; kill it after that time and return False."""
        try:
            in_time = job.done.wait(seconds)
        except BaseException:
            self.kill(job)
            raise
        if not in_time:
            self.kill(job)
            if not job.done.wait(_KILL_S):
                self.close()
        if job.code is None:
            raise SandboxDied(self._obituary())
        return in_time

    def kill(self, job: Job) -> None:
        with self._lock, suppress(OSError):
            send(self._channel, {"kill": job.number})

    def close(self) -> None:
        """End the server with all that it started; return when it is gone."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_RDWR)
        self._bury()
        if self._reader.is_alive() and threading.current_thread() is not self._reader:
            self._reader.join()
        self._channel.close()
        self.inner.close()
        self._selector.close()
        self._errors.close()

    def _bury(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _obituary(self) -> str:
        if self._closed:
            return "the sandbox is closed"
        with suppress(subprocess.TimeoutExpired, AttributeError):
            self._process.wait(1)  # type: ignore[union-attr]
        code = self._process.returncode if self._process else None
        return f"the sandbox has ended (exit code {code}) {self.errors()}".strip()

    # ------------------------------------------------------------ the reader's thread

    def _read(self) -> None:
        try:
            while self._pass():
                pass
        finally:
            self._end()

    def _pass(self) -> bool:
        for key, _ in self._selector.select():
            if key.data is None:
                if not self._message():
                    return False
            elif key.data.reading == key.fd and not key.data.read():
                self._forget(key.data)
        return True

    def _message(self) -> bool:
        received = receive(self._channel)
        if received is None:
            return False
        answer = received[0]
        with self._lock:
            job = self._jobs.pop(answer["ended"], None)
        if job is not None:
            job.code, job.exceeded = int(answer["code"]), answer["exceeded"]
            self._finish(job)
        return True

    def _finish(self, job: Job) -> None:
        for stream in (job.out, job.err):
            stream.end()
            self._unheard.append(stream)
        while len(self._unheard) > _MOST_UNHEARD:
            self._forget(self._unheard.popleft())
        job.done.set()

    def _forget(self, stream: Stream) -> None:
        if stream.reading >= 0:
            self._selector.unregister(stream.reading)
            stream.close()

    def _end(self) -> None:
        with self._lock:
            self._ended.set()
            left = list(self._jobs.values())
            self._jobs.clear()
        for job in left:
            self._forget(job.out)
            self._forget(job.err)
            job.done.set()
        for stream in self._unheard:
            self._forget(stream)
