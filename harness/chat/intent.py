"""`understudy capture --explore INTENT`: a model explores by itself until it says it is done."""

from dataclasses import dataclass, field
from typing import Any

from harness.builders.claude.conversation import Kind
from harness.capturing import CaptureOptions, Running, capture
from harness.chat.account import Account
from harness.chat.equipment import browsing_of, system_prompt, tools_for
from harness.chat.knowledge import Knowledge
from harness.chat.talk import Talk, Terms, trouble
from harness.chat.terminal import say, told, waited
from harness.chat.toolbox import Given, Tool, offer
from harness.errors import UnderstudyError
from harness.project import Project

_MOST_REMINDERS = 3
_REMINDER = "Nobody answers. Go on by yourself, or call `done` if there is nothing left to do."


def explore_with_intent(project: Project, options: CaptureOptions, terms: Terms) -> dict[str, Any]:
    """Explore until the intent is fulfilled; return what `capture` says."""
    quests: list[Quest] = []

    async def beside(running: Running) -> None:
        account = Account(project, terms.settings, options.intent)
        quests.append(Quest(running, options.intent, terms, account, options.login))
        try:
            await quests[0].run()
        finally:
            account.close(quests[0].outcome, quests[0].turns, quests[0].summary)

    document = capture(project, options, beside)
    for quest in quests:
        if quest.trouble is not None:
            say(document["text"])
            raise quest.trouble
        document["intent"] = quest.as_dict()
        document["text"] = f"{quest.text}\n{document['text']}"
    return document


@dataclass
class Quest:
    """One intent, on its own: ends with `done`, or without turns or budget."""

    running: Running
    intent: str
    terms: Terms
    account: Account
    login: str | None = None
    outcome: str = Kind.INTERRUPTED.value
    summary: str = ""
    trouble: UnderstudyError | None = None
    _talk: Talk = field(init=False)

    def __post_init__(self) -> None:
        browsing, knowledge = browsing_of(self.running), Knowledge(self.running)
        self._talk = Talk(
            project=self.running.project,
            terms=self.terms,
            system=system_prompt(self.running, browsing, person=False, login=self.login),
            tools=[*tools_for(browsing, knowledge), self._done()],
            stopping=self.running.ending.is_set,
            said=told,
            waited=waited(self.account.waited),
            ledger=self.account.ledger,
        )

    async def run(self) -> None:
        most, text = self.terms.settings.max_turns, f"The intent: {self.intent}"
        for _ in range(1 + _MOST_REMINDERS):
            ended = await self._talk.ask(text, turns=most - self._talk.turns)
            if self.summary:
                self.outcome = Kind.DONE.value
                return
            if self.running.ending.is_set():
                return
            self.trouble = trouble(ended, self.terms)
            if ended.kind is not Kind.DONE:
                self.outcome = ended.kind.value
                return
            if self._talk.turns >= most:
                break
            text = _REMINDER
        self.outcome = Kind.MAX_TURNS.value

    @property
    def turns(self) -> int:
        return self._talk.turns

    @property
    def text(self) -> str:
        found = f": {self.summary}" if self.summary else ""
        return f"The intent ended ({self.outcome}){found}\n  used {self._talk.spent}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "summary": self.summary,
            "turns": self.turns,
            "tokens": self._talk.ledger.tokens,
            "cost_usd": round(self._talk.ledger.usd, 6),
        }

    def _done(self) -> Tool:
        async def finish(given: Given) -> str:
            self.summary = " ".join(given["summary"].split()) or "nothing to say"
            return "Then stop now, with no further tool."

        return offer(
            "done",
            "Say that the intent is fulfilled, or that it cannot be, and why.",
            finish,
            {"summary": ("string", "What was done and found, in a few sentences")},
            "summary",
        )
