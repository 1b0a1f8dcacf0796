"""How a run stands, read from the journal and nothing else."""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from harness.sessions.budget import used
from harness.sessions.events import (
    ChatStarted,
    FeaturesWritten,
    HardCoded,
    Landed,
    Regressed,
    RunEnded,
    RunStarted,
    SessionEnded,
    SessionStarted,
    Spent,
    Stashed,
    Tampered,
    Verified,
)
from harness.sessions.history import History
from harness.sessions.journal import Entry
from harness.sessions.lock import process_mark

_STATES = {"done": "done", "paused": "paused", "stuck": "stuck", "budget": "paused"}


def summarize(entries: Iterable[Entry], now: float | None = None) -> dict[str, Any]:
    """Return the summary of the last run as JSON values (the contract of `run` and `status`)."""
    entries = list(entries)
    history = History.read(entries)
    started = history.last_run
    run = started.run if started else ""
    teller = _Teller()
    for entry in entries:
        teller.take(entry, run)
    alive = bool(started and history.open_run and _is_alive(started))
    usage = used(entries, run, (now or time.time()) if alive else None)
    return {
        "run": run,
        "state": _state(history, alive=alive),
        "outcome": history.run_outcome,
        "detail": teller.detail,
        "features": {"total": teller.total, "passing": len(history.passing)},
        "sessions": list(teller.sessions.values()),
        "fidelity": teller.fidelity,
        "reasons": teller.reasons,
        "regressions": teller.regressions,
        "stashes": teller.stashes,
        "tampering": teller.tampering,
        "hard_coded": sorted(set(teller.hard_coded)),
        "commit": history.landed or None,
        "wall_s": round(usage.wall_s, 2),
        "working_s": round(usage.working_s, 2),
        "tokens": usage.tokens,
        "cost_usd": round(usage.usd, 4),
        "cost_per_feature_usd": _cost_per_feature(teller.sessions.values(), usage.usd),
        "conversations": _conversations(entries),
        "process": started.pid if started and alive else None,
    }


def _conversations(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return what all conversations beside captures used; no run includes it."""
    entries = list(entries)
    chats = {entry.run for entry in entries if isinstance(entry.event, ChatStarted)}
    spent = [e.event for e in entries if e.run in chats and isinstance(e.event, Spent)]
    return {
        "count": len(chats),
        "tokens": sum(one.tokens for one in spent),
        "cost_usd": round(sum(one.usd for one in spent), 4),
    }


def _cost_per_feature(sessions: Iterable[dict[str, Any]], usd: float) -> float | None:
    """Return what a feature cost that a session with costs gained; None without one."""
    gained = sum(one.get("gained", 0) for one in sessions if one.get("usd"))
    return round(usd / gained, 4) if gained else None


def _is_alive(started: RunStarted) -> bool:
    return process_mark(started.pid) == started.process


def _state(history: History, *, alive: bool) -> str:
    if history.last_run is None:
        return "new"
    if history.run_outcome is None:
        return "running" if alive else "crashed"
    return _STATES.get(history.run_outcome, "crashed")


class _Teller:
    """Collects what the last run did."""

    def __init__(self) -> None:
        self.total = 0
        self.detail = ""
        self.reasons: list[str] = []
        self.fidelity: dict[str, Any] = {}
        self.sessions: dict[int, dict[str, Any]] = {}
        self.regressions: list[dict[str, Any]] = []
        self.stashes: list[str] = []
        self.tampering: list[str] = []
        self.hard_coded: list[str] = []
        self._verified: dict[str, Any] = {}

    def take(self, entry: Entry, run: str) -> None:
        """Totals and fidelity hold for the project, the rest for its last run."""
        match entry.event:
            case FeaturesWritten(total=total):
                self.total = total
            case Verified() as report:
                self._verified = msgspec.to_builtins(report)
                self._verified.pop("event")
            case Landed():
                self.fidelity = self._verified
            case event if entry.run == run:
                self._take_of_run(event)
            case _:
                pass

    def _take_of_run(self, event: object) -> None:
        match event:
            case SessionStarted() as session:
                plain = msgspec.to_builtins(session)
                plain.pop("event")
                self.sessions[session.number] = {**plain, "outcome": "running"}
            case SessionEnded() as session:
                plain = msgspec.to_builtins(session)
                plain.pop("event")
                self.sessions.setdefault(session.number, {}).update(plain)
            case Regressed() as found:
                self.regressions.append(
                    {
                        "session": found.by_session,
                        "features": found.features,
                        "landed": found.landed,
                    }
                )
            case Stashed(branch=branch):
                self.stashes.append(branch)
            case Tampered(what=what):
                self.tampering.append(what)
            case HardCoded(features=features):
                self.hard_coded += features
            case RunStarted():
                self.detail, self.reasons = "", []
            case RunEnded(detail=detail, reasons=reasons):
                self.detail, self.reasons = detail, reasons
            case _:
                pass
