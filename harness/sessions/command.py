"""What `run`, `resume`, `pause`, `status` and `log` do."""

import json
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.project import Project
from harness.sessions.budget import Limits
from harness.sessions.control import request_pause
from harness.sessions.events import CommandBlocked
from harness.sessions.journal import Entry, Journal
from harness.sessions.progress import progress
from harness.sessions.report import run_text
from harness.sessions.runner import PAUSE_FILE, Options, journal_path, run_project
from harness.sessions.summary import summarize
from harness.sessions.wording import line


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks of a run; None leaves it to understudy.toml."""

    builder: str | None = None
    max_sessions: int | None = None
    max_features: int | None = None
    usd: float | None = None
    tokens: int | None = None
    wall_s: float | None = None
    fresh: bool = False
    resume: bool = False
    accept_risk: bool = False
    model: str | None = None
    continue_session: bool = False

    def limits(self, project: Project) -> Limits:
        budget = project.config.budget
        return Limits(
            sessions=self.max_sessions or budget.max_sessions,
            features=self.max_features or budget.max_features,
            wall_s=budget.wall_s if self.wall_s is None else self.wall_s,
            working_s=budget.work_s,
            tokens=self.tokens or budget.tokens,
            usd=budget.usd if self.usd is None else self.usd,
            turns=budget.turns,
            session_tokens=budget.session_tokens,
            session_usd=budget.session_usd,
        )


def run_command(project: Project, wishes: Wishes, *, as_json: bool) -> int:
    """Run, show progress on stderr and the result on stdout; return the exit code."""
    options = Options(
        builder=wishes.builder,
        limits=wishes.limits(project),
        resume=wishes.resume,
        fresh=wishes.fresh,
        accept_risk=wishes.accept_risk,
        model=wishes.model,
        continue_session=wishes.continue_session,
    )
    with progress() if not as_json else nullcontext() as listener:
        end = run_project(project, options, listener)
    document = status_document(project)
    if as_json:
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(run_text(document, project.directory) + "\n")
    return end.exit_code


def pause_command(project: Project) -> dict[str, Any]:
    """Ask a running run for a pause."""
    document = status_document(project)
    if document["state"] != "running":
        raise UsageError(
            f"Nothing runs in {project.directory}.",
            do=f"Start with `understudy run {project.directory}`.",
        )
    request_pause(project.state_dir / PAUSE_FILE)
    return {
        "process": document["process"],
        "text": "The run stops when its session is verified. "
        f"Go on with `understudy resume {project.directory}`.",
    }


def status_document(project: Project) -> dict[str, Any]:
    """Return how the last run stands."""
    document = summarize(_entries(project))
    return {"project": project.title, "directory": str(project.directory), **document}


def log_entries(
    project: Project, session: int | None, *, blocked: bool = False
) -> list[dict[str, Any]]:
    """Return the journal's entries as JSON values, in order; `blocked` are refused commands."""
    entries = _entries(project)
    if session is not None and not any(entry.session == session for entry in entries):
        raise UsageError(
            f"There was no session {session} in {project.directory}.",
            do=f"See all of them with `understudy status {project.directory}`.",
        )
    return [
        _plain(entry)
        for entry in entries
        if session in (None, entry.session)
        and (not blocked or isinstance(entry.event, CommandBlocked))
    ]


def _entries(project: Project) -> list[Entry]:
    journal = Journal.existing(journal_path(project))
    if journal is None:
        return []
    try:
        return list(journal.entries())
    finally:
        journal.close()


def _plain(entry: Entry) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.at, UTC)
    return {
        "id": entry.id,
        "time": at.isoformat(timespec="milliseconds"),
        "run": entry.run,
        "session": entry.session,
        "text": line(entry.event),
        **msgspec.to_builtins(entry.event),
    }
