"""Captures of any kind, into exchanges and into recordings."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.errors import TrafficError
from harness.traffic.capture_file import CaptureFile
from harness.traffic.exchange import Exchange
from harness.traffic.flows import read_flows
from harness.traffic.har import read_har
from harness.traffic.intake import Intake, Rewriter, Sieve
from harness.traffic.report import ImportReport
from harness.traffic.scope import OTHER, Scope, target_host
from harness.traffic.store import Recording, RecordingWriter, name_of

__all__ = ["ImportReport", "import_file", "load", "read"]

_SQLITE = b"SQLite format 3\x00"
_FLOW = re.compile(rb"\d+:")
_BATCH = 500


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
    sieve = Sieve(scope, report)
    exchanges = [exchange for exchange in read(path, report) if sieve.passes(exchange)]
    target = None if scope.hosts else target_host(sieve.weights)
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
    report.note_emptiness()
    return ordered, report


def import_file(
    path: Path, destination: Path, scope: Scope, pseudonyms: Rewriter | None
) -> ImportReport:
    """Write a capture's exchanges in scope to a new recording; all or nothing.

    Without `scope.hosts` the host with most API traffic is kept.
    """
    report = ImportReport()
    partial = destination.with_name(f"{destination.name}.partial")
    destination.parent.mkdir(parents=True, exist_ok=True)
    _remove(partial)
    try:
        with RecordingWriter(partial, meta={"source": path.name}, batch=_BATCH) as writer:
            intake = Intake(writer, scope, pseudonyms, report)
            for exchange in read(path, report):
                intake.take(exchange)
            intake.finish()
        partial.replace(destination)
    finally:
        _remove(partial)
    report.name = name_of(destination)
    return report


def _remove(partial: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
