"""Captures of any kind, into exchanges and into recordings."""

import gzip
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from harness.errors import TrafficError
from harness.traffic.exchange import Exchange
from harness.traffic.har import read_har
from harness.traffic.report import ImportReport
from harness.traffic.scope import ANALYTICS, OTHER, Scope, api_weight, target_host
from harness.traffic.store import Recording, RecordingWriter, name_of

__all__ = ["ImportReport", "import_file", "load", "read"]

_GZIP = b"\x1f\x8b"
_SQLITE = b"SQLite format 3\x00"
_BATCH = 500


class Rewriter(Protocol):
    """What an import passes each exchange through before it is written."""

    def apply(self, exchange: Exchange) -> Exchange: ...
    def settle(self, text: bytes) -> bytes: ...
    @property
    def learned(self) -> int: ...


def read(path: Path, report: ImportReport) -> Iterator[Exchange]:
    """Yield the exchanges of a HAR, a mitmproxy flow file or a recording, whatever its suffix."""
    report.name = report.name or path.name
    if not path.is_file():
        raise TrafficError(f"there is no file {path}", do="Give the path of a HAR or flow file.")
    with _opened(path) as file:
        head = file.peek(64)[:64]
        if head.startswith(_SQLITE):
            report.kind = "recording"
            yield from _read_recording(path, report)
            return
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"{"):
            report.kind = "har"
            yield from read_har(cast(BinaryIO, file), report)
            return
    raise TrafficError(
        f"{path} is no capture that can be read",
        do="Give a HAR 1.2 file, a mitmproxy flow file or a recording.",
    )


def _opened(path: Path) -> io.BufferedReader:
    file = path.open("rb")
    if file.peek(2)[:2] == _GZIP:
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=file)), 1 << 20)
    return file


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
    learned = last_lesson = 0
    for exchange in exchanges:
        seq = _append(writer, pseudonyms.apply(exchange))
        if pseudonyms.learned > learned:
            learned, last_lesson = pseudonyms.learned, seq
    if last_lesson > 1:
        writer.rewrite(pseudonyms.settle, until=last_lesson)


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
    writer.set_meta({"hosts": ",".join(report.hosts)})


def _remove(partial: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
