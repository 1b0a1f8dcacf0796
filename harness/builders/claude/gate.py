"""What the model's tools may do: one hook before each decides, and refuses what it cannot judge."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from security.paths import Access, PathDecision, PathGuard

FILE_TOOLS = ("Read", "Write", "Edit", "Glob", "Grep")
SERVER = "understudy"
_WITHOUT_SECRETS = "!**/.env*"
_MOST_SHOWN = 200

Hook = Callable[[dict[str, Any], str | None, Any], Awaitable[dict[str, Any]]]


class Decided(Protocol):
    """Where decisions on files are told."""

    def decided(self, command: str, decision: PathDecision) -> None: ...


class Gate:
    """Decides on each use of a tool; file tools go through the path guard."""

    def __init__(
        self, folder: Path, guard: PathGuard, offered: frozenset[str], record: Decided
    ) -> None:
        self._folder = folder
        self._guard = guard
        self._offered = frozenset(f"mcp__{SERVER}__{name}" for name in offered)
        self._record = record

    async def hook(self, data: dict[str, Any], _use: str | None, _context: Any) -> dict[str, Any]:
        """Answer the SDK's PreToolUse hook."""
        tool, given = data["tool_name"], dict(data["tool_input"])
        decision = self.decide(tool, given)
        if tool not in self._offered:
            self._record.decided(self._said(tool, given), decision)
        answer: dict[str, Any] = {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow" if decision.allowed else "deny",
        }
        if not decision.allowed:
            answer["permissionDecisionReason"] = f"refused: {decision.line}"
        elif tool == "Grep" and not given.get("glob"):
            answer["updatedInput"] = {**given, "glob": _WITHOUT_SECRETS}
        return {"hookSpecificOutput": answer}

    def decide(self, tool: str, given: dict[str, Any]) -> PathDecision:
        """Decide on a tool with what it is given; never raises."""
        if tool in self._offered:
            return PathDecision(True, "own-tool", f"{tool} is the harness's", "")
        match tool:
            case "Read":
                return self._guard.decide(given.get("file_path", ""), Access.READ)
            case "Write" | "Edit":
                return self._guard.decide(given.get("file_path", ""), Access.WRITE)
            case "Glob":
                return self._guard.decide_pattern(given.get("pattern", ""), _folder(given))
            case "Grep":
                return self._search(given)
            case _:
                advice = f"use {', '.join(FILE_TOOLS)} or the tools of {SERVER}"
                return PathDecision(False, "unknown-tool", f"{tool} is not offered", advice)

    def _search(self, given: dict[str, Any]) -> PathDecision:
        place = self._guard.decide(_folder(given), Access.LIST)
        if not place.allowed or not given.get("glob"):
            return place
        return self._guard.decide_pattern(given["glob"])

    def _said(self, tool: str, given: dict[str, Any]) -> str:
        """Return the use of a tool in a line, with paths as they are below the folder."""
        named = ("file_path", "pattern", "glob", "path")
        values = [str(given[name]) for name in named if given.get(name)]
        line = " ".join([tool, *(one.removeprefix(f"{self._folder}/") for one in values)])
        return line[:_MOST_SHOWN]


def _folder(given: dict[str, Any]) -> str:
    return given.get("path") or "."
