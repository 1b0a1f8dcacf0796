"""What the harness offers a model: the guarded shell, the judge's replay, the recordings, notes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from claude_agent_sdk import SdkMcpTool, create_sdk_mcp_server, tool
from claude_agent_sdk.types import McpSdkServerConfig

from harness.builders import Proposal, SessionContext
from harness.builders.claude import traffic
from harness.builders.claude.gate import SERVER
from harness.features.feature import Feature
from harness.inference.explain.explaining import explain, render

_LONGEST_S = 600.0
_MOST = 20_000
_MOST_FOUND = 40
_MOST_FEATURES = 15

Answer = dict[str, Any]
Tool = SdkMcpTool[Any]


def coding_tools(session: SessionContext) -> list[Tool]:
    """Return the tools of a coding session."""
    return [*_reading(session), _bash(session), _next_features(session), _verify(session)]


def specifying_tools(session: SessionContext) -> list[Tool]:
    """Return the tools of a session that reads the specification."""
    return [*_reading(session), _propose(session)]


def server(tools: list[Tool]) -> McpSdkServerConfig:
    return create_sdk_mcp_server(SERVER, tools=tools)


def describe(feature: Feature) -> str:
    """Return a feature as a model reads it."""
    steps = "\n".join(f"   {number}. {step}" for number, step in enumerate(feature.steps, 1))
    decided = ", ".join(feature.acceptance.all[:6])
    more = len(feature.acceptance.all) - 6
    decided += f" and {more} more" if more > 0 else ""
    return f"- {feature.id}: {feature.description}\n{steps}\n   decided by {decided}"


def _reading(session: SessionContext) -> list[Tool]:
    recordings = session.background.recordings

    @tool(
        "traffic",
        "Search the recordings of the original, or show one exchange in full.",
        schema(
            {
                "exchange": ("string", "Show this one, as in name#12"),
                "method": ("string", "GET, POST, ..."),
                "path": ("string", "Part of path and query"),
                "status": ("integer", "Status of the answer"),
                "text": ("string", "Part of a body"),
            }
        ),
    )
    async def look(given: dict[str, Any]) -> Answer:
        if name := given.get("exchange"):
            one = traffic.named(recordings, name)
            return _text(traffic.shown(name, one) if one else f"there is no exchange {name}")
        hits = list(traffic.found(recordings, traffic.Query.of(given)))
        lines = [traffic.line(*hit) for hit in hits[:_MOST_FOUND]]
        lines += [f"... and {len(hits) - _MOST_FOUND} more"] * (len(hits) > _MOST_FOUND)
        return _text("\n".join(lines) or "nothing matches")

    @tool(
        "explain",
        "Say what was inferred about an operation, entity or field, and on which evidence.",
        schema({"what": ("string", "As in 'POST /api/notes' or 'note.title'")}, "what"),
    )
    async def why(given: dict[str, Any]) -> Answer:
        return _text(render(explain(session.model, given["what"])))

    @tool(
        "note",
        "Keep a note for the sessions that follow: what you found out, what you tried.",
        schema({"text": ("string", "A few sentences")}, "text"),
    )
    async def note(given: dict[str, Any]) -> Answer:
        session.record.note(given["text"][:2000])
        return _text("kept")

    return [_told(session, one) for one in (look, why, note)]


def _bash(session: SessionContext) -> Tool:
    @tool(
        "bash",
        "Run a shell line in the backend's folder, in a sandbox without a network. PostgreSQL is "
        "at DATABASE_URL. Servers that you start answer in later commands.",
        schema(
            {
                "command": ("string", "One line; what is not allowed is refused with advice"),
                "timeout_s": ("number", f"At most {_LONGEST_S:.0f}; 120 by default"),
            },
            "command",
        ),
    )
    async def bash(given: dict[str, Any]) -> Answer:
        patience = min(float(given.get("timeout_s") or 120), _LONGEST_S)
        ran = await asyncio.to_thread(session.shell.run, given["command"], timeout_s=patience)
        said = ran.output if ran.exit_code is None else f"exit {ran.exit_code}\n{ran.output}"
        return _text(said, failed=ran.exit_code is None)

    return bash


def _next_features(session: SessionContext) -> Tool:
    @tool("next_features", "List the features of this session that fail, with their steps.", {})
    async def following(_: dict[str, Any]) -> Answer:
        return _text("\n".join(describe(one) for one in session.slice[:_MOST_FEATURES]))

    return _told(session, following)


def _verify(session: SessionContext) -> Tool:
    @tool(
        "verify",
        "Replay what decides features against the code as it is now; says what differs.",
        {
            "type": "object",
            "properties": {"features": {"type": "array", "items": {"type": "string"}}},
        },
    )
    async def verify(given: dict[str, Any]) -> Answer:
        wanted = list(given.get("features") or [one.id for one in session.slice])
        results = await asyncio.to_thread(session.desk.verify, wanted)
        passing = [name for name, why in results.items() if not why]
        lines = [f"{len(passing)} of {len(results)} pass"]
        lines += [f"passes: {name}" for name in passing]
        lines += [f"fails: {name}: {why}" for name, why in results.items() if why]
        return _text("\n".join(lines))

    return _told(session, verify)


def _propose(session: SessionContext) -> Tool:
    @tool(
        "propose_feature",
        "Add one behaviour that the specification names and the recordings do not show.",
        {
            "type": "object",
            "properties": {
                **schema(
                    {
                        "id": ("string", "Lower case words with dashes"),
                        "category": (
                            "string",
                            "auth, reading, writing, lists, validation, errors or permissions",
                        ),
                        "resource": ("string", "The resource it belongs to"),
                        "description": ("string", "The behaviour in one sentence"),
                        "tests": ("string", "A pytest file; see the instructions"),
                    }
                )["properties"],
                "steps": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["id", "category", "resource", "description", "steps", "tests"],
        },
    )
    async def propose(given: dict[str, Any]) -> Answer:
        proposal = Proposal(
            id=given["id"],
            category=given["category"],
            resource=given["resource"],
            description=given["description"],
            steps=tuple(given["steps"]),
            tests=given["tests"],
        )
        reason = await asyncio.to_thread(session.desk.propose, proposal)
        return _text(reason or "taken", failed=bool(reason))

    return _told(session, propose)


def _told(session: SessionContext, one: Tool) -> Tool:
    """Tell the journal of each use."""
    inner: Callable[[Any], Awaitable[Answer]] = one.handler

    async def handler(given: Any) -> Answer:
        session.record.tool(one.name, " ".join(str(value) for value in given.values())[:200])
        return await inner(given)

    one.handler = handler
    return one


def schema(fields: dict[str, tuple[str, str]], *required: str) -> dict[str, Any]:
    properties = {
        name: {"type": kind, "description": says} for name, (kind, says) in fields.items()
    }
    return {"type": "object", "properties": properties, "required": list(required)}


def _text(text: str, *, failed: bool = False) -> Answer:
    short = text if len(text) <= _MOST else f"{text[:_MOST]}\n… ({len(text)} characters)"
    return {"content": [{"type": "text", "text": short}], "is_error": failed}
