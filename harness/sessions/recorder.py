"""What a builder reports, written into the journal."""

from harness.sessions.events import (
    AnyEvent,
    CommandAllowed,
    CommandBlocked,
    Conversed,
    Noted,
    Prompted,
    Spent,
    ToolRan,
    Waited,
)
from harness.sessions.journal import Journal
from security import Decision
from security.paths import PathDecision
from security.policy import digest


class JournalRecorder:
    """The builders' `Recorder`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def tool(self, name: str, detail: str) -> None:
        self._journal.append(ToolRan(name=name, detail=detail))

    def decided(self, command: str, decision: Decision | PathDecision) -> None:
        policy = digest()
        if decision.allowed:
            event: AnyEvent = CommandAllowed(command=command, rule=decision.rule, policy=policy)
        else:
            event = CommandBlocked(
                command=command,
                reason=decision.reason,
                rule=decision.rule,
                advice=decision.advice,
                policy=policy,
            )
        self._journal.append(event)

    def spent(self, tokens: int, usd: float) -> None:
        self._journal.append(Spent(tokens=tokens, usd=usd))

    def waited(self, seconds: float, reason: str) -> None:
        self._journal.append(Waited(seconds=seconds, reason=reason))

    def note(self, text: str) -> None:
        self._journal.append(Noted(text=text))

    def prompted(self, template: str, digest: str, model: str) -> None:
        self._journal.append(Prompted(template=template, digest=digest, model=model))

    def conversed(self, conversation: str, outcome: str) -> None:
        self._journal.append(Conversed(conversation=conversation, outcome=outcome))
