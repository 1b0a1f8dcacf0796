"""The exec server: starts commands, tells when they end, and takes everything with it."""

import os
import select
import socket
import time
import traceback
from typing import Any, NoReturn

from . import landlock
from .command import Start, start
from .processes import kill_all, kill_session
from .shield import drain, shield
from .watch import Watch
from .wire import receive, send

_DYING_S = 1.0


def main(descriptor: int) -> NoReturn:
    """Serve the socket until the harness hangs up; nothing that was started survives it."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 1 << 16)
    os.set_inheritable(descriptor, False)
    try:
        with socket.socket(fileno=descriptor) as channel:
            _serve(channel)
    except BaseException:  # noqa: BLE001 - the end is the same, but the harness can say why
        traceback.print_exc()
    finally:
        kill_all()
        os._exit(0)


def _serve(channel: socket.socket) -> None:
    first = receive(channel)
    if first is None:
        return
    settings = first[0]
    wake = shield()
    version = landlock.restrict(**settings["landlock"]) if settings["landlock"] else 0
    watch = Watch(settings["bounds"], settings["place"])
    send(channel, {"ready": version})
    _Server(channel, wake, watch, settings["limits"]).run()


class _Server:
    def __init__(
        self, channel: socket.socket, wake: int, watch: Watch, limits: dict[str, int]
    ) -> None:
        self._channel = channel
        self._wake = wake
        self._watch = watch
        self._limits = limits
        self._jobs: dict[int, int] = {}
        self._exceeded: dict[int, str] = {}
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._poll.register(wake, select.POLLIN)

    def run(self) -> None:
        idle = True
        while True:
            wait_ms = None if idle else self._watch.period_s * 1000
            ready = {descriptor for descriptor, _ in self._poll.poll(wait_ms)}
            if self._wake in ready:
                drain(self._wake)
            if self._channel.fileno() in ready and not self._obey():
                return
            idle = self._reap()
            if not idle:
                self._look()

    def _obey(self) -> bool:
        received = receive(self._channel)
        if received is None:
            return False
        request, descriptors = received
        if "start" in request:
            self._start(request, *descriptors)
        else:
            for pid, job in self._jobs.items():
                if job == request["kill"]:
                    kill_session(pid)
        return True

    def _start(self, request: dict[str, Any], out: int, err: int) -> None:
        command = Start(request["argv"], request["cwd"], request["env"], self._limits)
        try:
            self._jobs[start(command, out, err)] = request["start"]
        except OSError as error:
            os.write(err, f"no process can be started: {error.strerror}\n".encode())
            self._tell(request["start"], 126)
        finally:
            os.close(out)
            os.close(err)

    def _reap(self) -> bool:
        """Collect what has ended; return whether nothing runs any more.

        In the midst of a fork bomb more ends than can be collected, so this stops after a while.
        """
        stop = time.monotonic() + self._watch.period_s
        while time.monotonic() < stop:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid in self._jobs:
                self._tell(self._jobs.pop(pid), os.waitstatus_to_exitcode(status))
        return False

    def _look(self) -> None:
        exceeded = self._watch.exceeded()
        if exceeded:
            self._exceeded |= dict.fromkeys(self._jobs.values(), exceeded)
            kill_all()
            stop = time.monotonic() + _DYING_S
            while not self._reap() and time.monotonic() < stop:
                time.sleep(0.001)

    def _tell(self, job: int, code: int) -> None:
        exceeded = self._exceeded.pop(job, "")
        send(self._channel, {"ended": job, "code": code, "exceeded": exceeded})
