"""A session of the claude builder by itself: a folder, a recorder, a scripted model."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.builders import Outcome, SessionContext
from harness.builders.claude.builder import ClaudeBuilder
from harness.builders.claude.settings import Credentials, Settings
from harness.testing import feature, session
from tests.claude.messages_api import MessagesApi

PLACEHOLDER = "placeholder-of-the-tests"


@dataclass
class Recorded:
    """Remembers what a builder reports."""

    tools: list[tuple[str, str]] = field(default_factory=list)
    decisions: list[tuple[str, Any]] = field(default_factory=list)
    spendings: list[tuple[int, float]] = field(default_factory=list)
    waits: list[tuple[float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    prompts: list[tuple[str, str, str]] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)

    def tool(self, name: str, detail: str) -> None:
        self.tools.append((name, detail))

    def decided(self, command: str, decision: Any) -> None:
        self.decisions.append((command, decision))

    def spent(self, tokens: int, usd: float) -> None:
        self.spendings.append((tokens, usd))

    def waited(self, seconds: float, reason: str) -> None:
        self.waits.append((seconds, reason))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def prompted(self, template: str, digest: str, model: str) -> None:
        self.prompts.append((template, digest, model))

    def conversed(self, conversation: str, outcome: str) -> None:
        self.ends.append((conversation, outcome))


@dataclass
class Desk:
    """One session after the other in a folder."""

    folder: Path
    record: Recorded = field(default_factory=Recorded)

    def context(self, **given: Any) -> SessionContext:
        one = feature("make-thing", ["rec#1"])
        return session(self.folder, self.record, **{"slice": (one,), **given})

    def builder(self, api: MessagesApi, **settings: Any) -> ClaudeBuilder:
        key = Credentials("ANTHROPIC_API_KEY", PLACEHOLDER, api.url)
        return ClaudeBuilder(key, Settings(**{"retries": 0, "pauses_s": (), **settings}))

    def run(
        self, api: MessagesApi, settings: dict[str, Any] | None = None, **given: Any
    ) -> Outcome:
        return self.builder(api, **(settings or {})).run(self.context(**given))

    @property
    def ends(self) -> list[str]:
        return [outcome for _, outcome in self.record.ends]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "session"
    (folder / "app").mkdir(parents=True)
    (folder / "app/main.py").write_text("old = 1\n")
    return Desk(folder)


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for place in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            children = [int(word) for word in place.read_text().split()]
            found += children
            waiting += children
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cli_processes() -> list[int]:
    """Return the CLIs that descend from this process."""
    return [pid for pid in descendants(os.getpid()) if _name(pid) == "claude"]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def kill_cli() -> None:
    for pid in cli_processes():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.05)

    return wait
