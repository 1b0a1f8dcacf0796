"""Verifying a backend: every recording replayed on a fresh database with its initial state."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.traffic.exchange import Exchange
from harness.verify.backend import migrate
from harness.verify.postgres import PostgresServer
from harness.verify.replay import Judged, Label, ReplayResult, plain_label, replay
from harness.verify.report import FidelityReport
from harness.verify.runner import Runner
from harness.verify.stage import staged

_AT_ONCE = 2
_KEPT_TEMPLATES = 4
_ERROR = 400


@dataclass(frozen=True)
class Case:
    """A recording to replay: its exchanges in order, and the state it starts in.

    `id_offset` is by how much the ids of new rows are moved on.
    """

    name: str
    exchanges: Sequence[Exchange]
    seed: Mapping[str, Any] | None = None
    id_offset: int = 0


@dataclass(frozen=True)
class Verification:
    """The report, and what features are judged by: exchanges as `recording#seq`.

    `succeeded` are those whose original answer was a success; `mismatches` says in a line what
    differs first.
    """

    report: FidelityReport
    exact: frozenset[str]
    succeeded: frozenset[str]
    mismatches: dict[str, str]


def verify_backend(
    directory: Path,
    cases: Sequence[Case],
    *,
    postgres: PostgresServer,
    label: Label = plain_label,
    logs: Path | None = None,
    runner: Runner | None = None,
    until: Callable[[Judged], bool] | None = None,
) -> Verification:
    """Replay every recording against a backend, each on a database of its own.

    Raise BackendFailed when it does not migrate, load the seed or start.
    """
    template = migrated_template(directory, postgres, runner=runner)
    one = partial(
        _replay_case,
        directory,
        postgres,
        template,
        label=label,
        logs=logs,
        runner=runner,
        until=until,
    )
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        results = dict(zip([case.name for case in cases], pool.map(one, cases), strict=True))
    return _summary(results, cases)


def migrated_template(
    directory: Path, postgres: PostgresServer, *, runner: Runner | None = None
) -> str:
    """Return the name of a database with the backend's schema, migrated once per migrations."""
    name = f"schema_{_migrations_hash(directory)}"
    postgres.ensure_template(name, lambda url: migrate(directory, url, runner=runner))
    for old in postgres.admin.names("schema_")[:-_KEPT_TEMPLATES]:
        if old != name:
            postgres.drop_database(old)
    return name


def _replay_case(
    directory: Path,
    postgres: PostgresServer,
    template: str,
    case: Case,
    *,
    label: Label,
    logs: Path | None,
    runner: Runner | None,
    until: Callable[[Judged], bool] | None,
) -> ReplayResult:
    log = logs / f"{case.name}.log" if logs else None
    with staged(
        directory,
        postgres,
        template,
        seed=case.seed,
        id_offset=case.id_offset,
        log=log,
        runner=runner,
    ) as backend:
        backend.wait_ready()
        return replay(case.exchanges, backend.base_url, seed=case.seed, label=label, until=until)


def _summary(results: Mapping[str, ReplayResult], cases: Sequence[Case]) -> Verification:
    report = FidelityReport.of(results)
    first: dict[str, str] = {}
    for mismatch in report.mismatches:
        first.setdefault(mismatch.exchange, mismatch.line())
    exact = (
        f"{name}#{item.seq}"
        for name, result in results.items()
        for item in result.judged
        if item.exact
    )
    succeeded = (
        f"{case.name}#{exchange.seq}"
        for case in cases
        for exchange in case.exchanges
        if exchange.response is not None and exchange.response.status < _ERROR
    )
    return Verification(report, frozenset(exact), frozenset(succeeded), first)


def _migrations_hash(directory: Path) -> str:
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted([directory / "alembic.ini", *(directory / "alembic").rglob("*.py")]):
        digest.update(str(path.relative_to(directory)).encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
