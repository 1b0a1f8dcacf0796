"""What a conversation costs, in the journal from message to message."""

import secrets
import time

from harness.builders.claude import prompts
from harness.builders.claude.ledger import Ledger
from harness.builders.claude.settings import Settings
from harness.project import Project
from harness.sessions.events import ChatEnded, ChatStarted
from harness.sessions.journal import Journal
from harness.sessions.recorder import JournalRecorder
from harness.sessions.runner import journal_path

TEMPLATE = "chat.md.j2"


class Account:
    """Writes under a name of its own: what a conversation costs is not part of any run."""

    def __init__(self, project: Project, settings: Settings, intent: str = "") -> None:
        self._journal = Journal(journal_path(project))
        self._journal.run = f"chat-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        self._began = time.monotonic()
        recorder = JournalRecorder(self._journal)
        self._journal.append(ChatStarted(intent=intent))
        recorder.prompted(TEMPLATE, prompts.digest(TEMPLATE), settings.model or "the default")
        self.ledger = Ledger(recorder.spent)
        self.waited = recorder.waited

    def close(self, outcome: str, turns: int, summary: str = "") -> None:
        self._journal.append(
            ChatEnded(
                outcome=outcome,
                turns=turns,
                seconds=round(time.monotonic() - self._began, 2),
                tokens=self.ledger.tokens,
                usd=round(self.ledger.usd, 6),
                summary=summary,
            )
        )
        self._journal.close()
