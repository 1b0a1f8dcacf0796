"""The conversation with the model, a message at a time, through the contained CLI."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from harness.builders.claude import tools as model_tools
from harness.builders.claude.conversation import Ended, Kind, Watch, converse
from harness.builders.claude.gate import SERVER
from harness.builders.claude.launcher import prepare
from harness.builders.claude.ledger import Ledger
from harness.builders.claude.settings import Credentials, Settings
from harness.chat.toolbox import Tool, only
from harness.errors import SetupError
from harness.project import Project

_BUFFER_BYTES = 64 << 20
_HOOK_TIMEOUT_S = 60.0
_LASTING = (Kind.REFUSED, Kind.NO_CLI)
_FINE = (Kind.DONE, Kind.MAX_TURNS, Kind.BUDGET, Kind.TIME, Kind.INTERRUPTED)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Whose account a conversation is on, with which model, and for how much."""

    key: Credentials
    settings: Settings
    usd: float | None = None
    tokens: int | None = None


@dataclass
class Talk:
    """Goes on from message to message; `said` is told what the model says."""

    project: Project
    terms: Terms
    system: str
    tools: list[Tool]
    stopping: Callable[[], bool]
    said: Callable[[str], None]
    waited: Callable[[float, str], None]
    ledger: Ledger
    turns: int = 0
    _conversation: str | None = None

    @property
    def spent(self) -> str:
        return f"{self.ledger.tokens} tokens, {self.ledger.usd:.2f} US dollars"

    @property
    def is_over_budget(self) -> bool:
        usd, tokens = self.terms.usd, self.terms.tokens
        return (usd is not None and self.ledger.usd >= usd) or (
            tokens is not None and self.ledger.tokens >= tokens
        )

    async def ask(self, text: str, *, turns: int | None = None) -> Ended:
        """Say something to the model and follow what it does, for at most so many turns."""
        ended = await converse(self._options(turns), text, self._watch(), self.ledger)
        self._conversation = ended.conversation or self._conversation
        self.turns += ended.turns
        return ended

    def _watch(self) -> Watch:
        settings = self.terms.settings
        return Watch(
            stopping=self.stopping,
            waited=self.waited,
            silence_s=settings.model_silence_s,
            session_s=settings.session_s,
            tokens=self.terms.tokens,
            usd=self.terms.usd,
            settles=True,
            said=self.said,
        )

    def _options(self, turns: int | None) -> ClaudeAgentOptions:
        home = self.project.state_dir / "chat"
        folder = home / "empty"
        folder.mkdir(parents=True, exist_ok=True)
        settings, usd = self.terms.settings, self.terms.usd
        launcher = prepare(home, folder, self.terms.key, settings)
        system = launcher.readable / "system.md"
        system.write_text(self.system, encoding="utf-8")
        hook: Any = only(self.tools)
        return ClaudeAgentOptions(
            cli_path=launcher.script,
            env=launcher.environment,
            cwd=folder.absolute(),
            model=settings.model,
            fallback_model=settings.fallback_model,
            system_prompt={"type": "file", "path": str(system)},
            tools=[],
            allowed_tools=[],
            permission_mode="dontAsk",
            hooks={
                "PreToolUse": [
                    HookMatcher(hooks=[hook], timeout=_HOOK_TIMEOUT_S, on_failure="block")
                ]
            },
            mcp_servers={SERVER: model_tools.server(self.tools)},
            strict_mcp_config=True,
            setting_sources=[],
            settings=json.dumps({"attribution": {"commit": "", "pr": ""}}),
            verbatim_prompts=True,
            include_partial_messages=True,
            max_buffer_size=_BUFFER_BYTES,
            max_turns=turns or settings.max_turns,
            max_budget_usd=None if usd is None else max(usd - self.ledger.usd, 0.0),
            resume=self._conversation,
        )


def trouble(ended: Ended, terms: Terms) -> SetupError | None:
    """Return what is wrong, where the model could not answer."""
    if ended.kind is Kind.REFUSED:
        name = terms.key.variable
        return SetupError(
            f"The API refuses the key in {name}: {ended.detail}",
            do=f"Set {name} to a key that works.",
        )
    if ended.kind is Kind.NO_CLI:
        return SetupError(
            f"The CLI of claude-agent-sdk does not start: {ended.detail}",
            do="Try `understudy doctor`; install it again with `uv sync --extra claude`.",
        )
    if ended.kind not in _FINE:
        return SetupError(
            f"The model does not answer ({ended.kind.value}): {ended.detail}",
            do="Try again in a while; `understudy doctor --online` looks at the connection.",
        )
    return None


def lasts(ended: Ended) -> bool:
    """Whether trouble cannot go away by itself."""
    return ended.kind in _LASTING
