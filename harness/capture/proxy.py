"""The proxy's process: settings come in on stdin, messages go out on stdout.

mitmproxy runs here and not in the harness: it takes its process over. The process ends with the
recording closed when it is told to stop, when stdin ends, and on SIGTERM.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path
from typing import BinaryIO

from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options

from harness.capture.addon import CaptureAddon
from harness.capture.authority import spki_hash
from harness.capture.messages import (
    Done,
    Failed,
    Message,
    Progress,
    Ready,
    Settings,
    decode_settings,
    encode,
)
from harness.capture.recorder import Recorder
from harness.errors import EXIT_SETUP, SetupError

_CERTIFICATE = "mitmproxy-ca-cert.pem"
_PROGRESS_S = 0.25


class PortTakenError(SetupError):
    """Nothing can listen there."""

    def __init__(self, listen: str, port: int, reason: str) -> None:
        super().__init__(
            f"The proxy cannot listen on {listen}:{port}: {reason}.",
            do="Choose another port with --port, or leave it out: a free one is taken.",
        )


class _Announcing:
    """Says when the proxy is ready."""

    def __init__(self, settings: Settings, ports: list[int], out: BinaryIO) -> None:
        self._settings = settings
        self._ports = ports
        self._out = out

    def running(self) -> None:
        certificate = Path(self._settings.authority) / _CERTIFICATE
        say(self._out, Ready(self._ports, str(certificate), spki_hash(certificate.read_bytes())))


def main() -> None:
    out = sys.stdout.buffer
    settings = decode_settings(sys.stdin.buffer.readline())
    try:
        ports = _free_ports(settings)
        recorder = Recorder(settings.plan)
    except SetupError as error:
        say(out, Failed(error.problem, error.do, EXIT_SETUP))
        return
    asyncio.run(_serve(settings, ports, recorder, out))
    report = recorder.close()
    if recorder.failure is not None:
        say(out, Failed(recorder.failure.problem, recorder.failure.do, EXIT_SETUP))
    say(out, Done(report))


async def _serve(settings: Settings, ports: list[int], recorder: Recorder, out: BinaryIO) -> None:
    master = Master(Options(confdir=settings.authority))
    names = dict(zip(ports, settings.profiles, strict=False))
    master.addons.add(
        core.Core(),
        disable_h2c.DisableH2C(),
        proxyserver.Proxyserver(),
        next_layer.NextLayer(),
        tlsconfig.TlsConfig(),
        CaptureAddon(recorder, names),
        _Announcing(settings, ports, out),
    )
    master.options.update(
        mode=[f"regular@{settings.listen}:{port}" for port in ports],
        ssl_insecure=settings.insecure,
    )
    _end_on_signals(master)
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), master.shutdown)
    watching = asyncio.create_task(_report(recorder, master, out))
    await master.run()
    watching.cancel()
    # Connections that are still open are cut off now; that is no news.
    loop.set_exception_handler(lambda *_: None)


def _end_on_signals(master: Master) -> None:
    """Also while the recording is being closed no signal may end the process."""

    def end(*_: object) -> None:
        with contextlib.suppress(RuntimeError):  # there is no loop any more: it is ending
            master.shutdown()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


async def _report(recorder: Recorder, master: Master, out: BinaryIO) -> None:
    """Tell the harness what was recorded, and end when nothing more can be."""
    told = 0
    while True:
        await asyncio.sleep(_PROGRESS_S)
        recorder.settle()
        if recorder.changes != told:
            told = recorder.changes
            say(out, Progress(recorder.as_dict()))
        if recorder.failure is not None:
            master.shutdown()


def say(out: BinaryIO, message: Message) -> None:
    """Write a message; a harness that is gone needs none."""
    try:
        out.write(encode(message) + b"\n")
        out.flush()
    except BrokenPipeError:
        return


def _free_ports(settings: Settings) -> list[int]:
    """Return a port for each profile, at least one; raise PortTakenError where one is taken."""
    wanted = [settings.port, *[0] * (len(settings.profiles) - 1)]
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    sockets = [socket.socket(family) for _ in wanted]
    try:
        for each, port in zip(sockets, wanted, strict=True):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                each.bind((settings.listen, port))
            except OSError as error:
                reason = error.strerror or str(error)
                raise PortTakenError(settings.listen, port, reason) from error
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


if __name__ == "__main__":
    main()
