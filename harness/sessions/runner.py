"""A run of a project, from its lock to its last word in the journal."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.builders import Background, Builder
from harness.errors import EXIT_BUG, SetupError, UnderstudyError, UsageError
from harness.features.feature import FeatureList
from harness.project import Project
from harness.repository import GitFailed, require_git
from harness.sessions.budget import Limits
from harness.sessions.builders import builders_for
from harness.sessions.control import Control
from harness.sessions.events import RunEnded, RunStarted
from harness.sessions.history import History
from harness.sessions.journal import Entry, Journal
from harness.sessions.learning import learn, list_features, require_recordings
from harness.sessions.lock import RunLock, process_mark
from harness.sessions.opening import Opening
from harness.sessions.orchestrator import End, Orchestrator
from harness.sessions.plan import Plan
from harness.sessions.recovery import recover
from harness.sessions.replay_judge import replay_judge
from harness.sessions.shell import Shells
from harness.sessions.specified import Specified
from harness.sessions.workshop import Workshop
from harness.verify.confined import runner as runner_of
from harness.verify.runner import Runner

JOURNAL = "journal.db"
PAUSE_FILE = "pause-requested"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for. `resume` goes on with the last run and its limits."""

    builder: str | None = None
    limits: Limits = field(default_factory=Limits)
    resume: bool = False
    fresh: bool = False
    check: bool = False
    """Bring the feature list up to date with the recordings, and build nothing."""
    accept_risk: bool = False
    """Run commands and generated code without a sandbox."""
    model: str | None = None
    """The model of claude sessions; None leaves it to understudy.toml."""
    continue_session: bool = False
    """Take the conversation up again that a pause interrupted."""
    builders: Callable[[str], list[Builder]] | None = None
    """Makes the builders of a name; None is those of this package."""


def journal_path(project: Project) -> Path:
    return project.state_dir / JOURNAL


def run_project(
    project: Project, options: Options, listener: Callable[[Entry], None] | None = None
) -> End:
    """Run sessions on a project until it is done or has to stop."""
    require_git()
    require_recordings(project)
    build = project.config.build
    plan = Plan(_builders(project, options), build.slice, build.stuck_after)
    runner = runner_of(accept_risk=options.accept_risk)
    with RunLock(project.state_dir / "run.lock"), _disk_trouble():
        journal = Journal(journal_path(project))
        try:
            if listener:
                journal.listen(listener)
            return _run_locked(project, options, journal, plan, runner)
        finally:
            journal.close()


def _run_locked(
    project: Project, options: Options, journal: Journal, plan: Plan, runner: Runner
) -> End:
    workshop = Workshop(project.backend_dir, project.state_dir / "session", journal)
    recover(journal, workshop)
    control = Control(project.state_dir / PAUSE_FILE)
    with control.signals():
        limits = _announce(project, options, journal)
        try:
            end = _orchestrate(project, options, journal, workshop, control, limits, plan, runner)
        except UnderstudyError as error:
            _say_end(journal, End("failed", error.problem, error.exit_code))
            raise
        except BaseException as error:
            _say_end(journal, End("failed", f"{type(error).__name__}: {error}", EXIT_BUG))
            raise
        _say_end(journal, end)
        return end


def _orchestrate(
    project: Project,
    options: Options,
    journal: Journal,
    workshop: Workshop,
    control: Control,
    limits: Limits,
    plan: Plan,
    runner: Runner,
) -> End:
    model = learn(project, journal)
    history = History.read(journal.entries())
    specified = Specified(history.specified, journal.append)
    features = FeatureList([*list_features(project, model), *specified.features])
    if options.fresh:
        set_aside(project)
    with replay_judge(project, model, runner, specified) as judge:
        control.on_stop = judge.stop
        shells = Shells(
            policy=project.config.security.policy(),
            repository=workshop.repository.git_folder,
            postgres=judge.postgres,
            accept_risk=options.accept_risk,
        )
        opening = Opening(
            model=model,
            judge=judge,
            control=control,
            shells=shells,
            specified=specified,
            background=Background(
                features=features,
                recordings=tuple(project.recordings()),
                spec=_text(project.spec_path),
                home=project.state_dir.absolute(),
            ),
        )
        return Orchestrator(
            features=features,
            journal=journal,
            workshop=workshop,
            opening=opening,
            plan=plan,
            limits=limits,
            go_on=options.continue_session,
        ).run(build=not options.check)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _builders(project: Project, options: Options) -> list[Builder]:
    name = options.builder or (_last_builder(project) if options.resume else None)
    name = name or project.config.build.builder
    if options.builders:
        return options.builders(name)
    return builders_for(name, project, options.model)


def _last_builder(project: Project) -> str | None:
    journal = Journal.existing(journal_path(project))
    if journal is None:
        return None
    try:
        last = History.read(journal.entries()).last_run
    finally:
        journal.close()
    return last.builder if last else None


def _announce(project: Project, options: Options, journal: Journal) -> Limits:
    """Write the run's beginning into the journal and return its limits."""
    last = History.read(journal.entries()).last_run
    if options.resume and last is None:
        raise UsageError(
            f"Nothing ran in {project.directory} yet, so there is nothing to resume.",
            do=f"Start with `understudy run {project.directory}`.",
        )
    again = last if options.resume else None
    limits = Limits.of(again.limits) if again else options.limits
    journal.run = again.run if again else f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    journal.append(
        RunStarted(
            run=journal.run,
            pid=os.getpid(),
            process=process_mark(os.getpid()) or "",
            builder=options.builder or project.config.build.builder,
            limits=limits.given(),
            resumed=again is not None,
        )
    )
    return limits


def _say_end(journal: Journal, end: End) -> None:
    journal.append(
        RunEnded(
            outcome=end.outcome,
            detail=end.detail,
            exit_code=end.exit_code,
            reasons=list(end.reasons),
        )
    )


def set_aside(project: Project) -> Path | None:
    """Move the backend out of the way, so that the next run begins a new one."""
    if not project.backend_dir.exists():
        return None
    target = project.state_dir / "old" / f"backend-{time.strftime('%Y%m%d-%H%M%S')}"
    while target.exists():
        target = target.with_name(f"{target.name}-{secrets.token_hex(2)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(project.backend_dir, target)
    return target


@contextmanager
def _disk_trouble() -> Iterator[None]:
    """Turn a full or read-only disk into an error that says so."""
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise _cannot_write(f"{error.strerror}{where}") from error
    except GitFailed as error:
        said = str(error)
        if not any(os.strerror(number) in said for number in numbers):
            raise
        raise _cannot_write(said) from error


def _cannot_write(why: str) -> SetupError:
    return SetupError(
        f"Nothing more can be written: {why}.",
        do="Make room on the disk, then go on with `understudy resume`.",
    )
