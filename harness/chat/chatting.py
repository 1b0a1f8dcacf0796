"""`understudy chat`: a person and a model use an application together, and describe it."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from harness.builders.claude import traffic
from harness.builders.claude.conversation import Kind
from harness.capturing import CaptureOptions, Running, capture
from harness.chat.account import Account
from harness.chat.equipment import browsing_of, system_prompt, tools_for
from harness.chat.knowledge import Knowledge
from harness.chat.lines import Lines
from harness.chat.talk import Talk, Terms, lasts, trouble
from harness.chat.terminal import say, speak, waited
from harness.errors import UnderstudyError
from harness.project import Project

_MOST_FLOWS = 30
_GREETING = (
    "Say what to do or ask; /help lists commands, /quit or Ctrl+C ends. "
    "The browser is the model's until you /pause."
)


def chat(project: Project, options: CaptureOptions, terms: Terms) -> str:
    """Talk until the person ends it; return what to say in the end."""
    chats: list[Chat] = []

    async def beside(running: Running) -> None:
        account = Account(project, terms.settings)
        chats.append(Chat(running, terms, account))
        try:
            await chats[0].run()
        finally:
            account.close(chats[0].outcome, chats[0].talk.turns)

    document = capture(project, options, beside)
    for each in chats:
        say(f"The conversation used {each.talk.spent}.")
        if each.trouble is not None:
            speak(document["text"])
            raise each.trouble
    return str(document["text"])


class Chat:
    """One conversation, from the greeting to its end."""

    def __init__(self, running: Running, terms: Terms, account: Account) -> None:
        self.trouble: UnderstudyError | None = None
        self.outcome = Kind.DONE.value
        self._ending = running.ending
        self._browsing = browsing_of(running)
        self._knowledge = Knowledge(running)
        self._lines = Lines(sys.stdin)
        self._waiting: deque[str] = deque()
        self.talk = Talk(
            project=running.project,
            terms=terms,
            system=system_prompt(running, self._browsing, person=True),
            tools=tools_for(self._browsing, self._knowledge),
            stopping=self._ending.is_set,
            said=speak,
            waited=waited(account.waited),
            ledger=account.ledger,
        )
        self._commands: dict[str, tuple[str, Callable[[], Awaitable[None]]]] = {
            "/flows": ("what was recorded until now", self._flows),
            "/endpoints": ("the endpoints that are known by now", self._endpoints),
            "/spec": ("spec.md as it is now", self._spec),
            "/pause": ("take the browser: to log in, to solve a captcha", self._pause),
            "/resume": ("give the browser back", self._resume),
            "/quit": ("end the capture; what was recorded is kept", self._quit),
            "/help": ("this list", self._help),
        }

    async def run(self) -> None:
        """Take lines until there are no more, or the capture ends."""
        say(_GREETING)
        self._lines.start()
        try:
            while (line := await self._next_line()) is not None:
                if line.startswith("/"):
                    await self._command(line)
                elif line:
                    await self._message(line)
        finally:
            self._lines.stop()

    async def _next_line(self) -> str | None:
        if self._waiting and not self._ending.is_set():
            return self._waiting.popleft()
        if self._lines.is_person and not self._ending.is_set():
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = asyncio.ensure_future(self._lines.next())
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait({line, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (line, ending):
            task.cancel()
        return None if self._ending.is_set() or not line.done() else line.result()

    # ------------------------------------------------------------------- messages

    async def _message(self, text: str) -> None:
        if self.talk.is_over_budget:
            say(f"The budget is spent ({self.talk.spent}). Commands still work; /quit ends.")
            return
        turn = asyncio.ensure_future(self.talk.ask(text))
        while self._lines.is_person and not turn.done():
            await self._interjection(turn)
        ended = await turn
        wrong = trouble(ended, self.talk.terms)
        if self._ending.is_set():
            return  # Ctrl+C reaches the CLI too
        if wrong is not None and lasts(ended):
            self.trouble, self.outcome = wrong, ended.kind.value
            self._ending.set()
        elif wrong is not None:
            say(f"{wrong.problem}\n{wrong.do}")
        elif ended.kind not in (Kind.DONE, Kind.INTERRUPTED):
            say(f"The model stopped: {ended.kind.value}. Say how to go on.")

    async def _interjection(self, turn: "asyncio.Future[Any]") -> None:
        """Commands that a person types count at once; what else they say has to wait."""
        typed = asyncio.ensure_future(self._lines.next())
        await asyncio.wait({turn, typed}, return_when=asyncio.FIRST_COMPLETED)
        if not typed.done():
            typed.cancel()
            return
        line = typed.result()
        if line is None:
            await self._quit()
            await turn
        elif line.startswith("/"):
            await self._command(line)
        elif line:
            self._waiting.append(line)
            say("The model is at work; that comes next. /pause stops its hands.")

    # ------------------------------------------------------------------- commands

    async def _command(self, line: str) -> None:
        name = line.split()[0].lower()
        if name in self._commands:
            await self._commands[name][1]()
        else:
            say(f"There is no command {name}; there are {', '.join(self._commands)}.")

    async def _flows(self) -> None:
        flows = self._knowledge.flows()
        for name, exchange in flows[-_MOST_FLOWS:]:
            speak(traffic.line(name, exchange))
        speak(f"{len(flows)} exchanges until now")

    async def _endpoints(self) -> None:
        known = await self._knowledge.operations()
        speak("\n".join(one.line for one in known) or "No endpoint is known yet.")

    async def _spec(self) -> None:
        speak(self._knowledge.spec().rstrip() or "There is no spec.md yet.")

    async def _pause(self) -> None:
        self._browsing.with_person = True
        say("The browser is yours. /resume gives it back.")

    async def _resume(self) -> None:
        self._browsing.with_person = False
        say("The browser is the model's again.")

    async def _quit(self) -> None:
        self._ending.set()

    async def _help(self) -> None:
        for name, (says, _) in self._commands.items():
            say(f"  {name:<11} {says}")
