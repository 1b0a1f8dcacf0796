"""A recording that grows while traffic is watched."""

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.capture.messages import Plan
from harness.errors import SetupError
from harness.traffic.exchange import Exchange
from harness.traffic.intake import Intake
from harness.traffic.pseudonyms import Pseudonyms
from harness.traffic.report import ImportReport
from harness.traffic.scope import Scope
from harness.traffic.store import RecordingWriter, name_of

_SHARE = 20
"""Going back for secrets may take one part in so many of the time."""


class Recorder:
    """Appends exchanges as they happen; each is on disk when `record` returns.

    When the disk is full, `failure` says so and what comes later is not recorded.
    """

    def __init__(self, plan: Plan) -> None:
        path = Path(plan.path)
        self.report = ImportReport(name=name_of(path), kind="capture")
        self.clients: Counter[str] = Counter()
        self.failure: SetupError | None = None
        self.changes = 0
        self._writer = RecordingWriter(path, meta={"source": plan.source})
        self._scope = Scope(plan.hosts, plan.extra_hosts, plan.denied_hosts)
        pseudonyms = None
        if plan.pseudonym_key is not None:
            pseudonyms = Pseudonyms(plan.pseudonym_key, personal=plan.personal)
        self._intake = Intake(self._writer, self._scope, pseudonyms, self.report)
        self._may_settle_at = 0.0

    def wants(self, host: str) -> bool:
        """Whether anything of a host can be in scope."""
        return self._scope.host_verdict(host) is None

    def keeps(self, exchange: Exchange) -> bool:
        """Whether an exchange is in scope, whatever its bodies."""
        return self._scope.verdict(exchange) is None

    def record(self, exchange: Exchange) -> None:
        if self.failure is not None:
            return
        self.changes += 1
        self.report.entries += 1
        try:
            if self._intake.take(exchange) is not None:
                self.report.kept += 1
                self.clients[exchange.client] += 1
        except SetupError as error:
            self.failure = error

    def drop(self, reason: str) -> None:
        """Count what cannot be recorded for a reason of the scope's."""
        self.report.drop(reason)
        self.changes += 1

    def note(self, text: str) -> None:
        self.report.note(text)
        self.changes += 1

    def settle(self) -> None:
        """Go back for secrets that were written before they were known, now and then."""
        now = time.monotonic()
        if self.failure is None and self._intake.unsettled and now >= self._may_settle_at:
            try:
                self._intake.settle()
                self._writer.flush()
            except SetupError as error:
                self.failure = error
            took = time.monotonic() - now
            self._may_settle_at = now + took * _SHARE

    def as_dict(self) -> dict[str, Any]:
        """Return what was recorded until now as JSON values."""
        return {**self.report.as_dict(), "clients": dict(self.clients.most_common())}

    def close(self) -> dict[str, Any]:
        """Put the exchanges in order, leave one file behind, and say what is in it."""
        if self.failure is None:
            try:
                self._intake.finish()
            except SetupError as error:
                self.failure = error
        with suppress(SetupError):
            self._writer.close()
        return self.as_dict()


def repair(plan: Plan) -> dict[str, Any]:
    """Close a recording that its recorder left open; return what can be said about it."""
    path = Path(plan.path)
    if not path.exists():
        return {}
    with suppress(SetupError), RecordingWriter(path) as writer:
        writer.arrange()
        return {"name": name_of(path), "kept": len(writer)}
    return {"name": name_of(path)}
