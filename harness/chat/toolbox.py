"""How tools are offered to the model: told to the person, bounded, what strangers wrote marked."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from claude_agent_sdk import SdkMcpTool
from playwright.async_api import Error as PlaywrightError

from harness.builders.claude.gate import SERVER, Hook
from harness.builders.claude.tools import schema
from harness.errors import UnderstudyError

_MOST = 20_000

Given = dict[str, Any]
Tool = SdkMcpTool[Any]
Told = Callable[[str], None]


class RefusedError(Exception):
    """A tool does not do what it is asked; the text tells the model why."""


def data(text: str) -> str:
    """Mark text that strangers may have written; they cannot know the mark."""
    mark = f"data-{secrets.token_hex(4)}"
    short = text if len(text) <= _MOST else f"{text[:_MOST]}\n… ({len(text)} characters)"
    return f"<{mark}>\n{short}\n</{mark}>"


def offer(
    name: str,
    says: str,
    work: Callable[[Given], Awaitable[str]],
    fields: dict[str, tuple[str, str]],
    *required: str,
) -> Tool:
    """Return a tool; what it refuses, and what a page does not do, is an answer too."""

    async def handler(given: Given) -> dict[str, Any]:
        try:
            return _answer(await work(given))
        except RefusedError as error:
            return _answer(str(error), failed=True)
        except UnderstudyError as error:
            return _answer(f"{error.problem} {error.do}", failed=True)
        except PlaywrightError as error:
            first = error.message.strip().partition("\n")[0]
            return _answer(f"The browser says:\n{data(first)}", failed=True)

    return SdkMcpTool(name, says, schema(fields, *required), handler)


def _answer(text: str, *, failed: bool = False) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "is_error": failed}


def only(tools: list[Tool]) -> Hook:
    """Return the PreToolUse hook that allows these tools and refuses any other."""
    offered = frozenset(f"mcp__{SERVER}__{one.name}" for one in tools)

    async def hook(given: Given, _use: str | None, _context: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {"hookEventName": "PreToolUse", "permissionDecision": "allow"}
        if given.get("tool_name") not in offered:
            answer["permissionDecision"] = "deny"
            answer["permissionDecisionReason"] = f"refused: only the tools of {SERVER} are offered"
        return {"hookSpecificOutput": answer}

    return hook
