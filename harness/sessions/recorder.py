"""What a builder reports, written into the journal."""

from harness.sessions.events import CommandBlocked, Spent, ToolRan
from harness.sessions.journal import Journal


class JournalRecorder:
    """The builders' `Recorder`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def tool(self, name: str, detail: str) -> None:
        self._journal.append(ToolRan(name=name, detail=detail))

    def blocked(self, command: str, reason: str) -> None:
        self._journal.append(CommandBlocked(command=command, reason=reason))

    def spent(self, tokens: int, usd: float) -> None:
        self._journal.append(Spent(tokens=tokens, usd=usd))
