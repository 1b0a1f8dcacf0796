"""Conversations beside real captures: Chromium, the SDK with its CLI, and a scripted model."""

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from tests.capture.board_server import Board, application
from tests.capture.driving import command
from tests.capture.serving import free_port, serving
from tests.claude.conftest import PLACEHOLDER
from tests.claude.messages_api import Body, Item, MessagesApi, Turn, use


@dataclass
class Said:
    code: int
    out: str
    err: str


@dataclass
class Scene:
    """A message board, a project of it, and a model that follows a script."""

    project: Project
    board: Board
    origin: str
    monkeypatch: pytest.MonkeyPatch

    @contextlib.contextmanager
    def model(self, script: Iterable[Item]) -> Iterator[MessagesApi]:
        with MessagesApi(script) as api:
            self.monkeypatch.setenv("ANTHROPIC_API_KEY", PLACEHOLDER)
            self.monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
            yield api

    def chat(self, *lines: str, options: Iterable[str] = ()) -> Said:
        arguments = ["chat", self.project.directory, "--headless", *options]
        with command(*arguments, stdin=subprocess.PIPE) as process:
            out, err = process.communicate("\n".join(lines), timeout=100)
            return Said(process.returncode, out, err)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    board, port = Board(), free_port()
    project = Project.create(tmp_path / "board", f"http://127.0.0.1:{port}/")
    with serving(application(board), port) as origin:
        yield Scene(project, board, origin, monkeypatch)


def on(tool: str, element: str, **given: Any) -> Callable[[Body], Turn]:
    """Return an item that uses a tool on an element, found in the last snapshot by its name."""

    def item(body: Body) -> Turn:
        found = re.findall(rf"{re.escape(element)}.*?\[ref=(\w+)\]", last_snapshot(body))
        return use(tool, element=found[0] if found else "e9999", **given)

    return item


def last_snapshot(body: Body) -> str:
    return next((text for text in reversed(answers(body)) if "[ref=" in text), "")


def answers(body: Body) -> list[str]:
    """Return what tools answered until a request, in order."""
    found = []
    for message in body["messages"]:
        content = message["content"]
        for block in [] if isinstance(content, str) else content:
            if block["type"] == "tool_result":
                inner = block["content"]
                texts = [inner] if isinstance(inner, str) else [one["text"] for one in inner]
                found.append("\n".join(texts))
    return found
