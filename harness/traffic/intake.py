"""From exchanges to a recording: what imports and captures share."""

from collections import Counter
from typing import Protocol

from harness.traffic.exchange import Exchange
from harness.traffic.report import ImportReport
from harness.traffic.scope import ANALYTICS, OTHER, Scope, api_weight, target_host
from harness.traffic.store import RecordingWriter


class Rewriter(Protocol):
    """What each exchange passes through before it is written."""

    def apply(self, exchange: Exchange) -> Exchange: ...
    def settle(self, text: bytes) -> bytes: ...
    @property
    def doubts(self) -> int: ...


class Sieve:
    """Lets pass what is in scope; counts the rest, and how much each host looks like the API."""

    def __init__(self, scope: Scope, report: ImportReport) -> None:
        self.scope = scope
        self.report = report
        self.weights: Counter[str] = Counter()

    def passes(self, exchange: Exchange) -> bool:
        reason = self.scope.verdict(exchange)
        if reason is not None:
            host = exchange.request.host if reason in (OTHER, ANALYTICS) else ""
            self.report.drop(reason, host)
            return False
        self.weights[exchange.request.host] += api_weight(exchange)
        self.report.messages += not exchange.is_http
        self.report.unanswered += exchange.is_http and exchange.response is None
        return True


class Intake:
    """Appends what is in scope to a recording, without its secrets.

    Without `scope.hosts` the host with most API traffic is kept in the end.
    """

    def __init__(
        self,
        writer: RecordingWriter,
        scope: Scope,
        pseudonyms: Rewriter | None,
        report: ImportReport,
    ) -> None:
        self.report = report
        self._writer = writer
        self._sieve = Sieve(scope, report)
        self._pseudonyms = pseudonyms
        self._doubts = 0
        self._unsettled = 0

    def take(self, exchange: Exchange) -> int | None:
        """Append an exchange and return its number; None when it is out of scope."""
        if not self._sieve.passes(exchange):
            return None
        if self._pseudonyms is None:
            return self._append(exchange)
        seq = self._append(self._pseudonyms.apply(exchange))
        if self._pseudonyms.doubts > self._doubts:
            self._doubts, self._unsettled = self._pseudonyms.doubts, seq
        return seq

    @property
    def unsettled(self) -> bool:
        """Whether secrets may stand in what was written before they were known."""
        return self._unsettled > 1

    def settle(self) -> None:
        """Go back for secrets that were written before they were known."""
        if self.unsettled and self._pseudonyms is not None:
            self._writer.rewrite(self._pseudonyms.settle, until=self._unsettled)
        self._unsettled = 0

    def finish(self) -> None:
        """Leave only the target's exchanges, in the order in which they started."""
        self.settle()
        weights, report = self._sieve.weights, self.report
        target = None if self._sieve.scope.hosts else target_host(weights)
        if target is not None:
            narrowed = self._sieve.scope.narrowed(target)
            for host in [host for host in weights if narrowed.host_verdict(host)]:
                count = self._writer.forget(host)
                report.dropped[OTHER] += count
                report.dropped_hosts[host] += count
                del weights[host]
        self._writer.arrange()
        report.hosts = sorted(weights)
        report.kept = len(self._writer)
        report.note_emptiness()
        self._writer.set_meta({"hosts": ",".join(report.hosts)})

    def _append(self, exchange: Exchange) -> int:
        return self._writer.append(
            exchange.request,
            exchange.response,
            started=exchange.started,
            duration_ms=exchange.duration_ms,
            channel=exchange.channel,
            message=exchange.message,
            client=exchange.client,
        )
