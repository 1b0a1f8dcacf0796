"""The conftest.py of acceptance tests: their fixtures, and the report to the harness.

It is copied beside the tests and runs in their process, where nothing of the harness is.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

_REQUEST_TIMEOUT_S = 20.0


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of the backend under test."""
    transport = httpx.HTTPTransport(uds=os.environ["BACKEND_SOCKET"])
    with httpx.Client(
        transport=transport, base_url="http://testserver", timeout=_REQUEST_TIMEOUT_S
    ) as one:
        yield one


@pytest.fixture
def unique() -> Callable[..., str]:
    """A callable that makes names which nobody has used, `note-1f60c2d9` of `note`."""

    def name(prefix: str = "name") -> str:
        return f"{prefix}-{secrets.token_hex(4)}"

    return name


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed and report.nodeid:
        _say(file=report.nodeid.partition("::")[0], reason=_reason(report))


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        _say(test=item.nodeid, reason=None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped or hasattr(report, "wasxfail"):
        _say(test=report.nodeid, reason="it is skipped or expected to fail")
    elif report.failed:
        _say(test=report.nodeid, reason=_reason(report))
    elif report.when == "teardown":
        _say(test=report.nodeid, reason="")


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else report.longreprtext).strip().splitlines()
    marked = [line.removeprefix("E ") for line in lines if line.startswith("E ")]
    return str([*marked[-1:], *lines[:1], "it fails"][0]).strip()


def _say(**what: str | None) -> None:
    os.write(int(os.environ["REPORT_DESCRIPTOR"]), json.dumps(what).encode() + b"\n")
