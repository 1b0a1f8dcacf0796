"""The judge of a run: the backend's own tests and a replay, on one PostgreSQL for the run."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from harness.builders.offline import seed_document
from harness.features.routes import label_of
from harness.inference.model import ApiModel
from harness.project import Project
from harness.sessions.events import Verified
from harness.sessions.judge import Verdict
from harness.sessions.specified import FOLDER as ACCEPTANCE
from harness.sessions.specified import Specified
from harness.verify.acceptance import run_acceptance
from harness.verify.errors import BackendFailed
from harness.verify.postgres import PostgresServer, socket_directories
from harness.verify.runner import (
    Command,
    Runner,
    clean_environment,
    stop_group,
)
from harness.verify.variant import variant
from harness.verify.variant.judging import right
from harness.verify.verify import Case, Verification, verify_backend

_TESTS_TIMEOUT_S = 300.0
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")


@dataclass(frozen=True, slots=True)
class OwnTests:
    """What pytest said about a backend's own tests."""

    passed: int
    failed: tuple[str, ...]


@contextmanager
def replay_judge(
    project: Project, model: ApiModel, runner: Runner, specified: Specified
) -> Iterator["ReplayJudge"]:
    """Provide the judge of a run; PostgreSQL lives as long as the context."""
    place = project.state_dir.absolute() / "postgres" / "verify"
    logs = project.state_dir / "logs"
    with PostgresServer(place) as postgres:
        yield ReplayJudge(postgres, cases(project, model), model, logs, runner, specified)


def cases(project: Project, model: ApiModel) -> list[Case]:
    """Return the recordings to replay with the states that they start in."""
    seeds = {seed.recording: seed_document(model, seed) for seed in model.seeds}
    return [
        Case(
            recording.name,
            [item for item in recording if item.request.host in model.hosts or not model.hosts],
            seeds.get(recording.name),
        )
        for recording in project.recordings()
    ]


class StoppableRunner:
    """Starts processes as another runner does, and can end all of them at once."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        process = self._runner.start(command)
        self._started = [one for one in self._started if one.poll() is None]
        self._started.append(process)
        return process

    def stop(self) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class ReplayJudge:
    """The `Judge` that runs the real thing."""

    def __init__(
        self,
        postgres: PostgresServer,
        played: Sequence[Case],
        model: ApiModel,
        logs: Path,
        runner: Runner,
        specified: Specified,
    ) -> None:
        self.postgres = postgres
        self._cases = played
        self._label = label_of(model)
        self._logs = logs
        self._runner = StoppableRunner(runner)
        self._specified = specified
        self._salt = secrets.token_hex(8)

    def stop(self) -> None:
        """End what runs, so that a judgement under way ends at once."""
        self._runner.stop()

    def check(self, folder: Path, names: Sequence[str]) -> Mapping[str, str]:
        """Replay the recordings as far as these exchanges go, and run the tests among them."""
        last = _last_wanted(names)
        cases = [
            replace(case, exchanges=[one for one in case.exchanges if one.seq <= last[case.name]])
            for case in self._cases
            if case.name in last
        ]
        try:
            found = self._replay(folder, cases) if cases else None
            fresh = self._replay_fresh(folder, cases) if cases else None
            files = self._specified.files if any("::" in name for name in names) else {}
            tests = self.accept(folder, files)
        except BackendFailed as error:
            return dict.fromkeys(names, error.problem)
        reasons = {name: why for name, why in tests.items() if name in names}
        for name in names:
            if found and fresh and name in found.exact:
                reasons[name] = "" if name in fresh.exact else _looked_up(name, fresh)
            else:
                known = found.mismatches if found else {}
                reasons.setdefault(name, known.get(name, f"{name} was not tried"))
        return reasons

    def judge(self, folder: Path, *, held_out: bool = False) -> Verdict:
        """Run its own tests, the acceptance tests and the replay."""
        began = time.monotonic()
        with ThreadPoolExecutor(max_workers=1) as pool:
            log = self._logs / "pytest.log"
            testing = pool.submit(run_tests, folder, self.postgres, log, self._runner)
            try:
                verification = self._replay(folder, self._cases)
                accepted = self.accept(folder, self._specified.files)
                fresh = self._replay_fresh(folder, self._cases) if held_out else None
            except BackendFailed as error:
                return _broken(error.problem, testing.result(), time.monotonic() - began)
            verdict = _verdict(verification, testing.result(), time.monotonic() - began)
        return _with(verdict, accepted, fresh)

    def accept(self, folder: Path, files: Mapping[str, str]) -> dict[str, str]:
        """Run acceptance tests on the largest initial state; raise BackendFailed as they do."""
        if not files:
            return {}
        return run_acceptance(
            folder,
            files,
            postgres=self.postgres,
            runner=self._runner,
            logs=self._logs,
            seed=max((case.seed or {} for case in self._cases), key=_size, default=None),
        )

    def _replay_fresh(self, folder: Path, played: Sequence[Case]) -> Verification:
        """Replay the recordings with other names, titles, texts and ids than the builder knows."""
        found = self._replay(folder, [variant(case, self._salt).case for case in played])
        return replace(found, exact=right(played, found, self._label))

    def _replay(self, folder: Path, played: Sequence[Case]) -> Verification:
        return verify_backend(
            folder,
            played,
            postgres=self.postgres,
            label=self._label,
            logs=self._logs,
            runner=self._runner,
        )


def _looked_up(name: str, fresh: Verification) -> str:
    said = fresh.mismatches.get(name, f"{name} was not played")
    return f"right as recorded, wrong with fresh values: {said}"


def _with(verdict: Verdict, accepted: Mapping[str, str], fresh: Verification | None) -> Verdict:
    """Return the verdict with the results of acceptance tests, and of the held-out replay."""
    passed = frozenset(name for name, why in accepted.items() if not why)
    failed = {name: f"{name}: {why}" for name, why in accepted.items() if why}
    return replace(
        verdict,
        exact=verdict.exact | passed,
        mismatches={**verdict.mismatches, **failed, **_only_recorded(verdict, fresh)},
        held_out=None if fresh is None else fresh.exact | passed,
    )


def _only_recorded(verdict: Verdict, fresh: Verification | None) -> dict[str, str]:
    if fresh is None:
        return {}
    return {name: _looked_up(name, fresh) for name in verdict.exact - fresh.exact}


def _size(seed: Mapping[str, Any]) -> int:
    return sum(len(rows) for rows in seed.values() if isinstance(rows, list | dict))


def _last_wanted(names: Sequence[str]) -> dict[str, int]:
    """Return the last exchange of each recording that is among the names."""
    last: dict[str, int] = {}
    for name in names:
        recording, _, seq = name.rpartition("#")
        if recording and seq.isdigit():
            last[recording] = max(last.get(recording, 0), int(seq))
    return last


def run_tests(folder: Path, postgres: PostgresServer, log: Path, runner: Runner) -> OwnTests:
    """Run the backend's own tests on a database of their own."""
    if not (folder / "tests").is_dir():
        return OwnTests(0, ())
    name = "own_tests"
    postgres.create_database(name)
    url = postgres.url(name)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
    argv.append(f"--ignore={ACCEPTANCE}")
    with TemporaryFile() as output:
        process = runner.start(
            Command(
                argv,
                cwd=folder,
                env=clean_environment(DATABASE_URL=url, PYTHONDONTWRITEBYTECODE="1"),
                output=output,
                databases=socket_directories(url),
            )
        )
        try:
            process.wait(_TESTS_TIMEOUT_S)
        finally:
            stop_group(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
    postgres.drop_database(name)
    return read_tests(text, process.returncode)


def read_tests(text: str, code: int) -> OwnTests:
    last = text.strip().rpartition("\n")[2]
    counts = {word.rstrip("s"): int(number) for number, word in _COUNT.findall(last)}
    failed = tuple(dict.fromkeys(_FAILED.findall(text)))
    no_tests_collected = 5
    if code not in (0, no_tests_collected) and not failed:
        failed = (last or f"pytest ends with exit code {code}",)
    return OwnTests(counts.get("passed", 0), failed)


def _verdict(verification: Verification, tests: OwnTests, seconds: float) -> Verdict:
    report = verification.report
    return Verdict(
        exact=verification.exact,
        succeeded=verification.succeeded,
        mismatches=verification.mismatches,
        failed_tests=tests.failed,
        report=Verified(
            recordings=[item.model_dump() for item in report.recordings],
            exchanges=report.exchanges,
            status=report.status,
            shape=report.shape,
            exact=report.exact,
            fidelity=round(report.fidelity, 5),
            tests_passed=tests.passed,
            tests_failed=len(tests.failed),
            seconds=round(seconds, 3),
        ),
    )


def _broken(reason: str, tests: OwnTests, seconds: float) -> Verdict:
    return Verdict(
        exact=frozenset(),
        succeeded=frozenset(),
        mismatches={},
        failed_tests=tests.failed,
        broken=reason,
        report=Verified(
            recordings=[],
            exchanges=0,
            status=0,
            shape=0,
            exact=0,
            fidelity=0.0,
            tests_passed=tests.passed,
            tests_failed=len(tests.failed),
            seconds=round(seconds, 3),
        ),
    )
