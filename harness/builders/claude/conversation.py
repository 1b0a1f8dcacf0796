"""One conversation with the CLI, watched: it ends typed, in time, and within its means."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    CLIConnectionError,
    ProcessError,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ToolUseBlock,
    UserMessage,
)

from harness.builders.claude.ledger import Ledger

_TICK_S = 0.1
_GRACE_S = 15.0
_NO_KEY = ("Not logged in", "Please run /login", "Invalid API key")
_UNAUTHORIZED = (401, 403)
_KEPT_LINES = 12
_SHORT = 200


class Kind(Enum):
    """How a conversation ended."""

    DONE = "done"
    MAX_TURNS = "max turns"
    BUDGET = "budget"
    TIME = "out of time"
    API_ERROR = "API error"
    REFUSED = "key refused"
    INTERRUPTED = "interrupted"
    STALLED = "stalled"
    FAILED = "failed"
    CRASHED = "crashed"
    NO_CLI = "no CLI"


@dataclass(slots=True)
class Ended:
    """`conversation` names it for going on later; `status` is the API's last bad answer."""

    kind: Kind = Kind.CRASHED
    conversation: str | None = None
    status: int | None = None
    detail: str = ""
    turns: int = 0
    said: list[str] = field(default_factory=list)
    """The last things that the model said and did, a line each."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a conversation may use, and who is told while it goes on."""

    stopping: Callable[[], bool]
    waited: Callable[[float, str], None]
    silence_s: float
    session_s: float
    tokens: int | None
    usd: float | None
    settles: bool
    """Whether the ledger holds all of the conversation, as the CLI's account does."""
    said: Callable[[str], None] = lambda _: None
    """Told what the model says, a block at a time."""


async def converse(options: ClaudeAgentOptions, prompt: str, watch: Watch, ledger: Ledger) -> Ended:
    """Ask, and follow the answer to its end; what goes wrong is in what is returned."""
    talk = _Talk(watch, ledger)
    errors: list[str] = []
    options.stderr = errors.append
    try:
        async with ClaudeSDKClient(options) as client:
            await client.query(prompt)
            await talk.follow(client)
    except CLIConnectionError as error:
        talk.end(Kind.NO_CLI, str(error))
    except ProcessError as error:
        talk.end(Kind.CRASHED, str(error))
    except ClaudeSDKError as error:
        talk.end(Kind.CRASHED, f"{type(error).__name__}: {error}")
    if errors and talk.ended.kind in (Kind.CRASHED, Kind.NO_CLI, Kind.FAILED):
        talk.ended.detail += " / " + " / ".join(line.strip() for line in errors[-3:])
    ledger.ended(None)
    return talk.ended


class _Talk:
    """Reads the messages of one answer, and interrupts where it has to."""

    def __init__(self, watch: Watch, ledger: Ledger) -> None:
        self.ended = Ended()
        self._watch = watch
        self._ledger = ledger
        self._running: set[str] = set()
        self._why: tuple[Kind, str] | None = None
        self._began = self._heard = time.monotonic()
        self._waited = 0.0

    def end(self, kind: Kind, detail: str) -> None:
        self.ended.kind, self.ended.detail = kind, detail

    async def follow(self, client: ClaudeSDKClient) -> None:
        messages = client.receive_response().__aiter__()
        pending: asyncio.Future[Any] | None = None
        given_up = 0.0
        try:
            while True:
                pending = pending or asyncio.ensure_future(messages.__anext__())
                done, _ = await asyncio.wait({pending}, timeout=_TICK_S)
                if done:
                    try:
                        self._take(pending.result())
                    except StopAsyncIteration:
                        return
                    pending = None
                if self._why is None and (why := self._reason_to_stop()):
                    self._why, given_up = why, time.monotonic() + _GRACE_S
                    with contextlib.suppress(ClaudeSDKError):
                        await client.interrupt()
                if self._why and time.monotonic() > given_up:
                    self.end(*self._why)
                    return
        finally:
            if pending is not None and not pending.done():
                pending.cancel()

    def _reason_to_stop(self) -> tuple[Kind, str] | None:  # noqa: PLR0911 - one each
        watch, now = self._watch, time.monotonic()
        if self.ended.status in _UNAUTHORIZED:
            return Kind.REFUSED, f"the API answers {self.ended.status}"
        if watch.stopping() and not self._running:
            return Kind.INTERRUPTED, "a pause was asked for"
        if watch.tokens is not None and self._ledger.tokens >= watch.tokens:
            return Kind.BUDGET, f"{self._ledger.tokens} of {watch.tokens} tokens are used"
        if watch.usd is not None and self._ledger.usd >= watch.usd:
            return Kind.BUDGET, f"{self._ledger.usd:.2f} of {watch.usd:.2f} US dollars are used"
        if now - self._began - self._waited > watch.session_s:
            return Kind.TIME, f"{watch.session_s:.0f} s are over"
        if not self._running and now - self._heard > watch.silence_s:
            return Kind.STALLED, f"no sign of the model for {watch.silence_s:.0f} s"
        return None

    def _take(self, message: Any) -> None:
        if isinstance(message, StreamEvent) and message.event.get("type") == "ping":
            return
        self._heard = time.monotonic()
        match message:
            case StreamEvent(event={"type": "message_start", "message": begun}):
                self.ended.status = None
                self._ledger.started(begun.get("model", ""), begun.get("usage") or {})
            case StreamEvent(event={"type": "message_delta", "usage": usage}):
                self._ledger.ended(usage)
            case AssistantMessage():
                self._said(message)
            case UserMessage():
                self._running.clear()
            case SystemMessage(subtype="init", data=data):
                self.ended.conversation = data.get("session_id")
            case SystemMessage(subtype="api_retry", data=data):
                self._retried(data)
            case ResultMessage():
                self._result(message)
            case _:
                pass

    def _said(self, message: AssistantMessage) -> None:
        for block in message.content:
            if isinstance(block, ToolUseBlock):
                self._running.add(block.id)
                self._keep(f"{block.name} {_short(block.input)}")
            elif isinstance(block, TextBlock) and not message.error:
                self._keep(_short(block.text))
                self._watch.said(block.text)

    def _keep(self, line: str) -> None:
        self.ended.said = [*self.ended.said, line][-_KEPT_LINES:]

    def _retried(self, data: dict[str, Any]) -> None:
        status, wait_s = data.get("error_status"), float(data.get("retry_delay_ms") or 0) / 1000
        self.ended.status = status
        if status not in _UNAUTHORIZED:
            self._waited += wait_s
            self._heard += wait_s
            self._watch.waited(
                wait_s, f"the API answers {status or data.get('error') or 'nothing'}"
            )

    def _result(self, result: ResultMessage) -> None:
        ended = self.ended
        ended.conversation, ended.turns = result.session_id, result.num_turns
        ended.status = result.api_error_status or ended.status
        detail = "; ".join(result.errors or []) or (result.result or "")[:500]
        if self._watch.settles and result.total_cost_usd:
            self._ledger.settle(result.total_cost_usd)
        kind = _kind(result)
        if kind is Kind.INTERRUPTED and self._why:
            kind, detail = self._why
        elif kind in (Kind.API_ERROR, Kind.FAILED) and _refused(ended.status, detail):
            kind = Kind.REFUSED
        self.end(kind, detail)


def _kind(result: ResultMessage) -> Kind:
    """Say how it ended; the subtype alone says "success" where the API failed."""
    if result.subtype == "error_max_turns":
        return Kind.MAX_TURNS
    if result.subtype == "error_max_budget_usd":
        return Kind.BUDGET
    if (result.terminal_reason or "").startswith("aborted"):
        return Kind.INTERRUPTED
    if result.terminal_reason == "api_error" or result.api_error_status:
        return Kind.API_ERROR
    return Kind.FAILED if result.is_error else Kind.DONE


def _refused(status: int | None, detail: str) -> bool:
    return status in _UNAUTHORIZED or any(words in detail for words in _NO_KEY)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
