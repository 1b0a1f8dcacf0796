"""Sessions of the claude builder: a fresh conversation each, gone on with when the API fails."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from harness.builders import Outcome, SessionContext
from harness.builders.claude import prompts, tools
from harness.builders.claude.conversation import Ended, Kind, Watch, converse
from harness.builders.claude.gate import FILE_TOOLS, SERVER, Gate
from harness.builders.claude.launcher import INSTALL, Launcher, prepare
from harness.builders.claude.ledger import Ledger
from harness.builders.claude.settings import Credentials, Settings
from harness.errors import SetupError
from security.paths import PathGuard

Result = TypeVar("Result")
_POLL_S = 0.1
_CANCEL_S = 10.0
_BUFFER_BYTES = 64 << 20
_HOOK_TIMEOUT_S = 60.0
_GO_ON = "The API was out of reach for a while. Go on where you were."
_AGAIN = "You were interrupted. The files are as you left them. Go on where you were."
_SAME_FAILURES = 3
_FAILED = (Kind.CRASHED, Kind.FAILED)
_TRANSIENT = (Kind.API_ERROR, Kind.STALLED)


class ClaudeBuilder:
    """Works through claude-agent-sdk with the account of `key`."""

    name = "claude"
    trusted = False
    reads_specifications = True

    def __init__(self, key: Credentials, settings: Settings) -> None:
        self._key = key
        self._settings = settings
        self._failures: list[str] = []
        """How the last conversations failed, the same way each, since one did not."""

    def initialize(self, session: SessionContext) -> Outcome:
        """Let the model lay out a new backend."""
        offered = tools.coding_tools(session)
        return self._outcome(session, self._session(session, prompts.initializer(session), offered))

    def specify(self, session: SessionContext) -> Outcome:
        """Let the model find the features that only the specification names."""
        offered = tools.specifying_tools(session)
        prompt = prompts.specification(session)
        return self._outcome(session, self._session(session, prompt, offered))

    def run(self, session: SessionContext) -> Outcome:
        """Let the model work on the slice."""
        offered = tools.coding_tools(session)
        return self._outcome(session, self._session(session, prompts.coding(session), offered))

    def _session(
        self, session: SessionContext, prompt: prompts.Prompt, offered: list[tools.Tool]
    ) -> Ended:
        model = self._settings.chosen(session.background.attempt)
        session.record.prompted(prompt.template, prompt.digest, model or "the default")
        home = session.background.home / "claude"
        launcher = prepare(home, session.folder, self._key, self._settings)
        guard = PathGuard(session.folder)
        try:
            options = self._options(session, launcher, guard, offered, model)
            return self._converse(session, options, prompt.text)
        finally:
            guard.close()

    def _converse(self, session: SessionContext, options: ClaudeAgentOptions, prompt: str) -> Ended:
        """Ask, and ask again while the API fails for a time."""
        ledger = Ledger(session.record.spent)
        options.resume, text = session.background.conversation, prompt
        if options.resume:
            text = _AGAIN
        pauses = list(self._settings.pauses_s)
        while True:
            ended = _in_thread(converse(options, text, self._watch(session), ledger))
            session.record.conversed(ended.conversation or "", ended.kind.value)
            session.record.tool("claude", f"{ended.kind.value}: {ended.detail}"[:500])
            if ended.kind not in _TRANSIENT or not pauses or not self._wait(session, pauses.pop(0)):
                return ended
            options.resume, text = ended.conversation, _GO_ON if ended.conversation else prompt

    def _wait(self, session: SessionContext, seconds: float) -> bool:
        """Wait before another try; return whether it is still wanted."""
        began = time.monotonic()
        while time.monotonic() - began < seconds and not session.stopping():
            time.sleep(_POLL_S)
        session.record.waited(time.monotonic() - began, "the API does not answer")
        return not session.stopping()

    def _watch(self, session: SessionContext) -> Watch:
        return Watch(
            stopping=session.stopping,
            waited=session.record.waited,
            silence_s=self._settings.model_silence_s,
            session_s=self._settings.session_s,
            tokens=session.tokens,
            usd=session.usd,
            settles=session.background.conversation is None,
        )

    def _options(
        self,
        session: SessionContext,
        launcher: Launcher,
        guard: PathGuard,
        offered: list[tools.Tool],
        model: str | None,
    ) -> ClaudeAgentOptions:
        gate = Gate(session.folder, guard, frozenset(one.name for one in offered), session.record)
        system = launcher.readable / "system.md"
        system.write_text(prompts.system(), encoding="utf-8")
        hook: Any = gate.hook
        return ClaudeAgentOptions(
            cli_path=launcher.script,
            env=launcher.environment,
            cwd=session.folder,
            model=model,
            fallback_model=self._settings.fallback_model,
            system_prompt={"type": "file", "path": str(system)},
            tools=list(FILE_TOOLS),
            allowed_tools=[],
            permission_mode="dontAsk",
            hooks={
                "PreToolUse": [
                    HookMatcher(hooks=[hook], timeout=_HOOK_TIMEOUT_S, on_failure="block")
                ]
            },
            mcp_servers={SERVER: tools.server(offered)},
            strict_mcp_config=True,
            setting_sources=[],
            settings=json.dumps({"attribution": {"commit": "", "pr": ""}}),
            verbatim_prompts=True,
            include_partial_messages=True,
            max_buffer_size=_BUFFER_BYTES,
            max_turns=min(self._settings.max_turns, session.turns or self._settings.max_turns),
            max_budget_usd=session.usd,
        )

    def _outcome(self, session: SessionContext, ended: Ended) -> Outcome:
        """Say what came of it; what cannot get better by itself ends the run."""
        summary = f"claude: {ended.kind.value} after {ended.turns} turns"
        if ended.kind in _FAILED:
            same = [one for one in self._failures if one == ended.detail]
            self._failures = [*same, ended.detail]
        else:
            self._failures = []
        match ended.kind:
            case Kind.REFUSED:
                trouble = SetupError(
                    f"The API refuses the key in {self._key.variable}: {ended.detail}",
                    do=f"Set {self._key.variable} to a key that works, then `understudy resume`.",
                )
                return Outcome(summary, trouble=trouble)
            case Kind.NO_CLI:
                trouble = SetupError(
                    f"The CLI of claude-agent-sdk does not start: {ended.detail}",
                    do=f"Try `understudy doctor`; install it again with `{INSTALL}`.",
                )
                return Outcome(summary, trouble=trouble)
            case Kind.API_ERROR | Kind.STALLED:
                trouble = SetupError(
                    f"The API does not answer ({ended.detail or ended.kind.value}), "
                    f"after {len(self._settings.pauses_s)} pauses.",
                    do="Look at the API's status page; `understudy resume` goes on from here.",
                )
                return Outcome(summary, trouble=trouble)
            case _ if len(self._failures) >= _SAME_FAILURES:
                trouble = SetupError(
                    f"The CLI failed {len(self._failures)} times the same way: {ended.detail}",
                    do="Try `understudy doctor --online`; `understudy resume` goes on from here.",
                )
                return Outcome(summary, trouble=trouble)
            case Kind.CRASHED | Kind.FAILED | Kind.MAX_TURNS | Kind.TIME | Kind.BUDGET:
                did = " | ".join(ended.said[-6:])
                session.record.note(f"Session {session.number} {ended.kind.value}; at last: {did}")
            case _:
                pass
        return Outcome(summary)


def _in_thread(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it in a thread of its own, so that a second Ctrl+C comes through here at once.

    The CLI dies with the thread that started it.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    results: list[Result] = []
    errors: list[BaseException] = []

    def go() -> None:
        try:
            results.append(loop.run_until_complete(task))
        except BaseException as error:  # noqa: BLE001 - handed on
            errors.append(error)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    thread = threading.Thread(target=go, name="claude-conversation")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_POLL_S)
    except BaseException:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(_CANCEL_S)
        raise
    if errors:
        raise errors[0]
    return results[0]
