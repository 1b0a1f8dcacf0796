"""`understudy capture`: a recording of a running application, and the API model growing with it."""

import asyncio
import importlib.util
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import SetupError, UsageError
from harness.live import LiveInference, LiveLine
from harness.project import Project
from harness.traffic.store import Recording

if TYPE_CHECKING:
    from harness.capture.session import Session, Wishes

_LISTED = 5
_PEACE_S = 20.0


@dataclass(frozen=True)
class CaptureOptions:
    """What the command line asks for. `intent` is what a model is to explore for."""

    via: Literal["proxy", "browser"] = "proxy"
    proxy_only: bool = False
    headless: bool = False
    port: int = 0
    listen: str = "127.0.0.1"
    profiles: Sequence[str] = ()
    insecure: bool = False
    keep_secrets: bool = False
    infer: bool = True
    explore: bool = False
    intent: str = ""
    login: str | None = None


@dataclass(frozen=True)
class Running:
    """A capture under way, for what works beside it: that ends when `ending` is set."""

    project: Project
    session: "Session"
    inference: LiveInference | None
    ending: asyncio.Event


Beside = Callable[[Running], Coroutine[Any, Any, None]]
"""What goes on beside a capture, and ends it by returning."""


def capture(
    project: Project, options: CaptureOptions, beside: Beside | None = None
) -> dict[str, Any]:
    """Record until the browser is closed or Ctrl+C; return what `capture` says."""
    require_extra()
    wishes = wishes_of(project, options)
    try:
        return asyncio.run(_capture(project, wishes, options, beside))
    finally:
        _remove_empty(Path(wishes.plan.path))


def way(name: str) -> Literal["proxy", "browser"]:
    """Return the way of capturing that a name stands for."""
    if name == "proxy":
        return "proxy"
    if name == "browser":
        return "browser"
    raise UsageError(f"There is no way {name!r} to capture.", do="Use --via proxy or browser.")


def require_extra() -> None:
    """Raise SetupError where the packages that capturing needs are not installed."""
    missing = [name for name in ("mitmproxy", "playwright") if not importlib.util.find_spec(name)]
    if missing:
        raise SetupError(
            f"Capturing needs {' and '.join(missing)}, and this installation has no such package.",
            do="Install the extra: uv sync --inexact --extra capture.",
        )


def wishes_of(project: Project, options: CaptureOptions) -> "Wishes":
    """Return what a session is to do; raise UsageError where that cannot be."""
    from harness.capture.messages import Plan  # noqa: PLC0415
    from harness.capture.session import Wishes  # noqa: PLC0415

    _check(project, options)
    target, path = project.config.target, _new_recording(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        path=str(path),
        hosts=target.hosts,
        extra_hosts=target.extra_hosts,
        denied_hosts=target.denied_hosts,
        pseudonym_key=None if options.keep_secrets else project.pseudonym_key(),
        personal=project.config.traffic.personal,
    )
    return Wishes(
        plan=plan,
        state=project.state_dir,
        url=None if options.proxy_only else target.url,
        via=options.via,
        proxy_only=options.proxy_only,
        headless=options.headless,
        listen=options.listen,
        port=options.port,
        profiles=tuple(options.profiles),
        insecure=options.insecure,
    )


def _check(project: Project, options: CaptureOptions) -> None:
    if options.proxy_only and options.via == "browser":
        raise UsageError("--proxy-only opens no browser.", do="Leave out --via browser.")
    if options.proxy_only and options.profiles:
        raise UsageError(
            "--as names profiles of the browser, and --proxy-only opens none.",
            do="Clients of the proxy say who they are: --proxy http://NAME@127.0.0.1:PORT.",
        )
    if options.login is not None and not options.explore:
        raise UsageError("--login says who the explorer is.", do="Add --explore.")
    if options.proxy_only and options.explore:
        raise UsageError("--proxy-only opens no browser to explore with.", do="Leave it out.")
    if options.via == "browser" and options.port:
        raise UsageError("With --via browser there is no proxy.", do="Leave out --port.")
    if len(set(options.profiles)) < len(options.profiles):
        raise UsageError("Two profiles have the same name.", do="Name each user once with --as.")
    if not options.proxy_only and project.config.target.url is None:
        raise UsageError(
            f"{project.directory} does not say where the application is.",
            do="Set `url` under [target] in understudy.toml, or use --proxy-only.",
        )


def _new_recording(project: Project) -> Path:
    name = datetime.now().astimezone().strftime("capture-%Y%m%d-%H%M%S")
    path, number = project.recording_path(name), 1
    while path.exists():
        number += 1
        path = project.recording_path(f"{name}-{number}")
    return path


async def _capture(
    project: Project, wishes: "Wishes", options: CaptureOptions, beside: Beside | None
) -> dict[str, Any]:
    from harness.capture.explore.exploring import explore, given_credentials  # noqa: PLC0415
    from harness.capture.session import Session  # noqa: PLC0415

    credentials = given_credentials(options.login)
    inference = LiveInference(project.directory) if options.infer else None
    line = LiveLine(sys.stderr, inference, quiet=beside is not None)
    session = Session(wishes, line.show)
    stop = _Stop()
    try:
        async with session:
            _say(session.greeting())
            if inference is not None:
                inference.start()
            working = [explore(session, credentials)] if options.explore and not beside else []
            ends = [session.wait(), stop.asked.wait(), *working]
            if beside is None:
                await _first_of(*ends)
            else:
                await _while_open(
                    beside, Running(project, session, inference, asyncio.Event()), ends
                )
            stop.asked.set()
            if inference is not None:
                await inference.pause()
    finally:
        line.close()
    endpoints = None
    if inference is not None and session.report.get("kept"):
        _say("Inferring the API model; Ctrl+C leaves it as it is.")
        await _first_of(inference.finish(), stop.asked_again.wait())
        endpoints = inference.endpoints
    return _outcome(project, session, endpoints)


class _Stop:
    """The first Ctrl+C ends the capture, the second what is done with it afterwards."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.asked_again = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        (self.asked_again if self.asked.is_set() else self.asked).set()


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Return when one of them is through; raise what it raised, and cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for task in done:
        task.result()


def _remove_empty(path: Path) -> None:
    """Leave no recording behind in which nothing is."""
    if path.exists() and not len(Recording(path)):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


async def _while_open(
    beside: Beside, running: Running, ends: Sequence[Coroutine[Any, Any, Any]]
) -> None:
    """Let something go on until it is through or the capture ends, and then end in peace."""
    work = asyncio.ensure_future(beside(running))
    await _first_of(*ends, asyncio.wait({work}))
    running.ending.set()
    await asyncio.wait({work}, timeout=_PEACE_S)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    if not work.cancelled():
        work.result()


def _outcome(project: Project, session: "Session", endpoints: int | None) -> dict[str, Any]:
    report, path = session.report, Path(session.wishes.plan.path)
    kept = report.get("kept", 0)
    if session.failure is not None:
        held = f"{kept} exchanges are kept in {path}. " if kept else ""
        raise SetupError(session.failure.problem, do=held + session.failure.do)
    document = {
        "recording": report.get("name") if kept else None,
        "path": str(path) if kept else None,
        "endpoints": endpoints,
        **{name: value for name, value in report.items() if name not in ("name", "kind")},
    }
    return {**document, "text": _text(project, document)}


def _text(project: Project, document: dict[str, Any]) -> str:
    kept, dropped = document.get("kept", 0), document.get("dropped", {})
    if kept:
        who = ", ".join(f"{name} {count}" for name, count in document["clients"].items())
        counted = f"{kept} exchanges, {document['messages']} of them WebSocket messages"
        lines = [f"{document['recording']}: {counted}, from {', '.join(document['hosts'])} ({who})"]
    else:
        lines = ["Nothing was recorded."]
    lines += [f"  left out: {count} times {reason}" for reason, count in dropped.items()]
    lines += [f"  {note}" for note in document.get("notes", ())]
    others = list(document.get("dropped_hosts", {}))[:_LISTED]
    if others:
        lines.append(f"  other hosts: {', '.join(others)} (`extra_hosts` under [target] keeps one)")
    if document["endpoints"]:
        lines.append(f"{document['endpoints']} endpoints: see {project.model_dir / 'API.md'}")
    if kept:
        lines.append(f"Next: understudy run {project.directory}")
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
