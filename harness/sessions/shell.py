"""The shell of a session: the guard decides, the journal keeps it, the sandbox runs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.builders import Ran, Recorder
from harness.features.feature import FILE
from harness.verify.confined import no_sandbox
from harness.verify.postgres import PostgresServer, socket_directories
from security import Context, decide
from security.policy import Policy
from security.sandbox import NoSandbox, Sandbox, SandboxDied, SandboxSpec, SandboxUnavailable
from security.sandbox.session import Session

_KEPT = (FILE, "tests/acceptance")


class GuardedShell:
    """Runs what the guard allows, in a sandbox that is opened for the first command."""

    def __init__(self, context: Context, record: Recorder, opened: Callable[[], Session]) -> None:
        self._context = context
        self._record = record
        self._opened = opened
        self._session: Session | None = None

    def run(self, command: str, *, timeout_s: float = 120.0) -> Ran:
        """Run a line to its end; servers that it starts go on until the session ends."""
        decision = decide(command, self._context)
        self._record.decided(command, decision)
        if not decision.allowed:
            return Ran(None, f"refused: {decision.line}")
        try:
            done = self._open().run(command, timeout_s=timeout_s)
        except SandboxDied as error:
            return Ran(None, f"{error}; a new one is opened for the next command")
        notes = [done.stdout, done.stderr]
        notes += [f"(ended after {timeout_s:.0f} s)"] * done.timed_out
        notes += ["(the rest of the output is left out)"] * done.truncated
        notes += [f"(everything was ended: too much {done.exceeded})"] * bool(done.exceeded)
        return Ran(done.exit_code, "\n".join(filter(None, (note.rstrip() for note in notes))))

    def close(self) -> None:
        """End the sandbox with all that runs in it."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Session:
        if self._session is None or not self._session.alive:
            self.close()
            session = self._opened()
            try:
                session.start()
            except SandboxUnavailable as error:
                raise no_sandbox(error) from error
            self._session = session
        return self._session


@dataclass(frozen=True, slots=True)
class Shells:
    """Opens the shells of a run's sessions: each with a sandbox and an empty database."""

    policy: Policy
    repository: Path
    """Can be read, so that `git diff` and `git log` work; commits are the harness's."""
    postgres: PostgresServer
    accept_risk: bool = False

    @contextmanager
    def __call__(self, folder: Path, record: Recorder) -> Iterator[GuardedShell]:
        context = Context(root=folder, policy=self.policy)
        shell = GuardedShell(context, record, lambda: self._session(folder))
        try:
            yield shell
        finally:
            shell.close()

    def _session(self, folder: Path) -> Session:
        url = self.postgres.session_database()
        spec = SandboxSpec(
            root=folder,
            read_only=tuple(path for name in _KEPT if (path := folder / name).exists()),
            readable=(self.repository,),
            databases=socket_directories(url),
            environment={
                "DATABASE_URL": url,
                "PYTHONDONTWRITEBYTECODE": "1",
                "GIT_OPTIONAL_LOCKS": "0",
            },
        )
        return NoSandbox(spec) if self.accept_risk else Sandbox(spec)
