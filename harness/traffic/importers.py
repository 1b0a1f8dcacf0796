"""Captures of any kind, into exchanges and into recordings."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from harness.errors import TrafficError
from harness.traffic.capture_file import CaptureFile
from harness.traffic.exchange import Exchange
from harness.traffic.flows import read_flows
from harness.traffic.har import read_har
from harness.traffic.report import ImportReport
from harness.traffic.scope import ANALYTICS, OTHER, Scope, api_weight, target_host
from harness.traffic.store import Recording, RecordingWriter, name_of

__all__ = ["ImportReport", "import_file", "load", "read"]

_SQLITE = b"SQLite format 3\x00"
_FLOW = re.compile(rb"\d+:")
_BATCH = 500


class Rewriter(Protocol):
    """What an import passes each exchange through before it is written."""

    def apply(self, exchange: Exchange) -> Exchange: ...
    def settle(self, text: bytes) -> bytes: ...
    @property
    def doubts(self) -> int: ...


def read(path: Path, report: ImportReport) -> Iterator[Exchange]:
    """Yield the exchanges of a HAR, a mitmproxy flow file or a recording, whatever its suffix."""
    report.name = report.name or path.name
    with CaptureFile(path, report) as file:
        if not file.head.strip():
            raise TrafficError(f"{path} is empty", do="Capture again, with some traffic in it.")
        if file.head.startswith(_SQLITE):
            report.kind = "recording"
            yield from _read_recording(path, report)
        elif file.head.lstrip().startswith(b"{"):
            report.kind = "har"
            yield from read_har(file, report)
        elif _FLOW.match(file.head):
            report.kind = "flows"
            yield from read_flows(file, report)
        else:
            raise TrafficError(
                f"{path} is neither a HAR nor a flow file nor a recording",
                do="Export the traffic as HAR 1.2, or save it with mitmproxy.",
            )


def _read_recording(path: Path, report: ImportReport) -> Iterator[Exchange]:
    for exchange in Recording(path):
        report.entries += 1
        yield exchange


def load(path: Path, scope: Scope) -> tuple[list[Exchange], ImportReport]:
    """Return a capture's exchanges in scope, as they are, in memory; seq counts from 1."""
    report = ImportReport()
    weights: Counter[str] = Counter()
    exchanges = list(_in_scope(read(path, report), scope, report, weights))
    target = None if scope.hosts else target_host(weights)
    if target is not None:
        narrowed = scope.narrowed(target)
        others = [one for one in exchanges if narrowed.host_verdict(one.request.host)]
        exchanges = [one for one in exchanges if not narrowed.host_verdict(one.request.host)]
        for exchange in others:
            report.drop(OTHER, exchange.request.host)
    exchanges.sort(key=lambda exchange: exchange.started)
    ordered = [replace(exchange, seq=seq) for seq, exchange in enumerate(exchanges, start=1)]
    report.hosts = sorted({exchange.request.host for exchange in ordered})
    report.kept = len(ordered)
    _note_emptiness(report)
    return ordered, report


def import_file(
    path: Path, destination: Path, scope: Scope, pseudonyms: Rewriter | None
) -> ImportReport:
    """Write a capture's exchanges in scope to a new recording; all or nothing.

    Without `scope.hosts` the host with most API traffic is kept.
    """
    report = ImportReport()
    weights: Counter[str] = Counter()
    partial = destination.with_name(f"{destination.name}.partial")
    destination.parent.mkdir(parents=True, exist_ok=True)
    _remove(partial)
    try:
        with RecordingWriter(partial, meta={"source": path.name}, batch=_BATCH) as writer:
            exchanges = _in_scope(read(path, report), scope, report, weights)
            if pseudonyms is None:
                for exchange in exchanges:
                    _append(writer, exchange)
            else:
                _append_without_secrets(writer, exchanges, pseudonyms)
            _finish(writer, scope, report, weights)
        partial.replace(destination)
    finally:
        _remove(partial)
    report.name = name_of(destination)
    return report


def _in_scope(
    exchanges: Iterable[Exchange], scope: Scope, report: ImportReport, weights: Counter[str]
) -> Iterator[Exchange]:
    """Pass on what is in scope; count the rest, and how much each host looks like the API."""
    for exchange in exchanges:
        reason = scope.verdict(exchange)
        if reason is not None:
            report.drop(reason, exchange.request.host if reason in (OTHER, ANALYTICS) else "")
            continue
        weights[exchange.request.host] += api_weight(exchange)
        report.messages += not exchange.is_http
        report.unanswered += exchange.is_http and exchange.response is None
        yield exchange


def _append(writer: RecordingWriter, exchange: Exchange) -> int:
    return writer.append(
        exchange.request,
        exchange.response,
        started=exchange.started,
        duration_ms=exchange.duration_ms,
        channel=exchange.channel,
        message=exchange.message,
    )


def _append_without_secrets(
    writer: RecordingWriter, exchanges: Iterable[Exchange], pseudonyms: Rewriter
) -> None:
    """Append under pseudonyms; go back for secrets that were written before they were known."""
    doubts = last_doubt = 0
    for exchange in exchanges:
        seq = _append(writer, pseudonyms.apply(exchange))
        if pseudonyms.doubts > doubts:
            doubts, last_doubt = pseudonyms.doubts, seq
    if last_doubt > 1:
        writer.rewrite(pseudonyms.settle, until=last_doubt)


def _finish(
    writer: RecordingWriter, scope: Scope, report: ImportReport, weights: Counter[str]
) -> None:
    """Leave only the target's exchanges, in the order in which they started."""
    target = None if scope.hosts else target_host(weights)
    if target is not None:
        narrowed = scope.narrowed(target)
        for host in [host for host in weights if narrowed.host_verdict(host)]:
            count = writer.forget(host)
            report.dropped[OTHER] += count
            report.dropped_hosts[host] += count
            del weights[host]
    writer.arrange()
    report.hosts = sorted(weights)
    report.kept = len(writer)
    _note_emptiness(report)
    writer.set_meta({"hosts": ",".join(report.hosts)})


def _note_emptiness(report: ImportReport) -> None:
    if report.entries == 0:
        report.note("The capture is empty. Capture again, with some traffic in it.")
    elif report.kept == 0:
        report.note("Nothing in the capture is in scope. Name its API's host in [target] hosts.")


def _remove(partial: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
