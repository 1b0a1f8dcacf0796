"""Acceptance tests of features that only a specification names, run against a live backend.

The tests were written before the code and are frozen. They run in a process of their own that
sees the backend's socket and nothing of its files; the backend runs in another one.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Any

import msgspec

from harness.verify.postgres import PostgresServer
from harness.verify.runner import Command, LocalRunner, Runner, clean_environment, stop_group
from harness.verify.stage import staged
from harness.verify.verify import migrated_template

_TIMEOUT_S = 120.0
_NAME = re.compile(r"(?:[\w-]+/)*test_\w+\.py")
_REFUSED = "it is not named like test_something.py"
_RAN_ALL = (0, 1, 5)
"""Exit codes of pytest: all passed, some failed, there was none."""
_LONGEST_REASON = 300
_LONGEST_REPORT = 1 << 24
_CONFIGURATION = "[pytest]\npython_files = test_*.py\n"
_PYTEST = (
    *("-P", "-m", "pytest", "-q", "-c", "pytest.ini", "--rootdir", ".", "--confcutdir", "."),
    *("--import-mode=importlib", "--continue-on-collection-errors", "-p", "no:cacheprovider"),
)
_FIXTURES = Path(__file__).with_name("acceptance_conftest.py")


class _Said(msgspec.Struct):
    """A line of the report: of a file that cannot be read, or of a test; `None` is not yet run."""

    file: str = ""
    test: str = ""
    reason: str | None = None


def run_acceptance(
    directory: Path,
    files: Mapping[str, str],
    *,
    postgres: PostgresServer,
    runner: Runner | None = None,
    logs: Path | None = None,
    seed: Mapping[str, Any] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> dict[str, str]:
    """Run test files (name: text) against a backend; return `file.py::test`: why it fails.

    The reason of a test that passed is empty. A file that cannot be collected, or holds no test,
    has a reason under its own name. Skipped tests do not pass, and none that is not done in time.
    Raise BackendFailed when the backend does not migrate, load the seed or start.
    """
    refused = {name: _REFUSED for name in files if not _NAME.fullmatch(name)}
    accepted = {name: text for name, text in files.items() if name not in refused}
    if not accepted:
        return refused
    template = migrated_template(directory, postgres, runner=runner)
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        place, sockets = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            for prefix in ("us-acceptance-", "us-backend-")
        )
        _lay_out(place, accepted)
        unix = sockets / "http"
        log = logs / "acceptance-backend.log" if logs else None
        backend = stack.enter_context(
            staged(directory, postgres, template, seed=seed, unix=unix, log=log, runner=runner)
        )
        backend.wait_ready(timeout_s)
        report = stack.enter_context(tempfile.TemporaryFile())
        output = stack.enter_context((logs / "acceptance.log").open("wb")) if logs else DEVNULL
        process = (runner or LocalRunner()).start(_command(place, unix, report, output))
        ended = _ended(process, deadline - time.monotonic(), timeout_s)
        return refused | _results(accepted, _read(report), ended)


def _lay_out(place: Path, files: Mapping[str, str]) -> None:
    ours = {"conftest.py": _FIXTURES.read_text(encoding="utf-8"), "pytest.ini": _CONFIGURATION}
    for name, text in {**files, **ours}.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="replace"))


def _command(place: Path, unix: Path, report: IO[bytes], output: IO[bytes] | int) -> Command:
    return Command(
        [sys.executable, *_PYTEST],
        cwd=place,
        env=clean_environment(
            BACKEND_SOCKET=str(unix),
            REPORT_DESCRIPTOR=str(report.fileno()),
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
            PYTHONDONTWRITEBYTECODE="1",
        ),
        output=output,
        pass_fds=(report.fileno(),),
        databases=(unix.parent,),
    )


def _ended(process: subprocess.Popen[bytes], left_s: float, timeout_s: float) -> str:
    """Wait for pytest, at most so long; return what kept it from running every test."""
    try:
        code = process.wait(max(left_s, 0.0))
    except subprocess.TimeoutExpired:
        return f"it was not done when the {timeout_s:g} s for all tests were over"
    finally:
        stop_group(process, grace_s=0)
    return "" if code in _RAN_ALL else f"pytest ended with exit code {code} before it was done"


def _read(report: IO[bytes]) -> Iterator[_Said]:
    report.seek(0)
    for line in report.read(_LONGEST_REPORT).splitlines():
        with suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(line, type=_Said)


def _results(files: Iterable[str], said: Iterable[_Said], ended: str) -> dict[str, str]:
    """Return the results; what failed once has failed, and what was not collected counts not."""
    results = dict.fromkeys(files, ended or "it holds no test")
    failed: dict[str, str] = {}
    for one in said:
        file = one.file or one.test.partition("::")[0]
        if file not in files:
            continue
        if one.file:
            results[file] = failed[file] = _short(one.reason or "it cannot be collected")
        elif one.reason is None:
            results.setdefault(one.test, ended or "it did not run to its end")
        elif one.test in results and one.test not in failed:
            results[one.test] = _short(one.reason)
            if one.reason:
                failed[one.test] = one.reason
    with_tests = {name.partition("::")[0] for name in results if "::" in name}
    return {
        name: reason for name, reason in results.items() if name not in with_tests or name in failed
    }


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
