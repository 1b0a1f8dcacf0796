"""What a dead process left behind: finish what was announced, set aside what was not."""

from harness.sessions.events import Crashed, SessionEnded
from harness.sessions.history import History
from harness.sessions.journal import Journal
from harness.sessions.workshop import Workshop


def recover(journal: Journal, workshop: Workshop) -> bool:
    """Bring a project in order after a crash; return whether there was one.

    The caller holds the lock of the project: no process that the journal knows of is alive.
    """
    history = History.read(journal.entries())
    crashed = history.open_run
    if crashed is not None:
        journal.run = crashed.run
        journal.append(Crashed(run=crashed.run, detail="the process ended without a word"))
    if workshop.repository.exists:
        if history.landing is not None:
            workshop.finish_landing(history.landing, history.passing)
        workshop.stash(history.open_session or history.sessions, "the process died")
    if history.open_session is not None:
        journal.session = history.open_session
        journal.append(
            SessionEnded(
                number=history.open_session,
                outcome="crashed",
                summary="the process died; unfinished work is on a stash branch",
            )
        )
        journal.session = None
    return crashed is not None
