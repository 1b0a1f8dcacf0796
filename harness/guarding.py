"""`understudy guard`: what the shell guard decides, and by which rule."""

import json
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.project import Project
from security import Context, Decision, decide
from security.shell import joined


def context_of(directory: Path | None) -> Context:
    """Return where commands are judged: in a project's backend, or by names alone."""
    if directory is None:
        return Context()
    project = Project.open(directory)
    root = project.backend_dir if project.backend_dir.is_dir() else None
    return Context(root=root, policy=project.config.security.policy())


def explain_command(command: str, context: Context) -> dict[str, Any]:
    """Return the decision on one command with its parse."""
    decision = decide(command, context)
    return {"command": command, **_plain(decision), "commands": joined(decision.parsed)}


def decisions(path: Path, context: Context) -> list[dict[str, Any]]:
    """Return a decision for each line of a JSON-lines file of `{"id", "command"}`."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", do="Name a JSON-lines file.") from error
    return [
        _decided(path, number, line, context)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def text_of(document: dict[str, Any]) -> str:
    """Return a decision for people."""
    verdict = "allowed" if document["allowed"] else "refused"
    lines = [f"{verdict} by {document['rule']}: {document['reason']}"]
    if document["advice"]:
        lines.append(f"  instead: {document['advice']}")
    lines += [f"  runs: {' '.join(map(repr, one['words']))}" for one in document["commands"]]
    return "\n".join(lines)


def _decided(path: Path, number: int, line: str, context: Context) -> dict[str, Any]:
    try:
        row = json.loads(line)
        name, decision = row.get("id", number), decide(row["command"] + "", context)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"Line {number} of {path} is no command.",
            do='Write one JSON object a line: {"id": "1", "command": "ls"}.',
        ) from error
    return {"id": name, **_plain(decision)}


def _plain(decision: Decision) -> dict[str, Any]:
    return {
        "allowed": decision.allowed,
        "rule": decision.rule,
        "reason": decision.reason,
        "advice": decision.advice,
    }
