import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import SetupError
from harness.sessions import events as e
from harness.sessions.history import History
from harness.sessions.journal import Journal
from harness.sessions.summary import summarize
from harness.sessions.wording import line
from harness.testing import ManualClock


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal.db", clock=ManualClock(100.0))
    made.run = "r"
    yield made
    made.close()


def test_events_come_back_as_they_were_with_their_place(journal: Journal) -> None:
    journal.append(e.RunStarted(run="r", pid=1, process="9", builder="offline"))
    journal.session = 3
    journal.append(e.ToolRan(name="generate", detail="users"))
    first, second = journal.entries()
    assert (first.run, first.session, first.at) == ("r", None, 100.0)
    assert second.session == 3
    assert second.event == e.ToolRan(name="generate", detail="users")
    assert [entry.id for entry in journal.entries(after=first.id)] == [second.id]


def test_a_conversation_beside_a_run_is_not_part_of_it(journal: Journal) -> None:
    journal.append(e.RunStarted(run="r", pid=1, process="9", builder="claude"))
    journal.append(e.Conversed(conversation="c1", outcome="interrupted"))
    journal.append(e.Spent(tokens=100, usd=1.0))
    journal.run = "chat-1"
    for event in (
        e.ChatStarted(),
        e.Spent(tokens=7, usd=0.25),
        e.ChatEnded(outcome="interrupted", turns=1, seconds=1.0),
    ):
        journal.append(event)
    document = summarize(journal.entries())
    assert (document["run"], document["tokens"], document["cost_usd"]) == ("r", 100, 1.0)
    assert document["conversations"] == {"count": 1, "tokens": 7, "cost_usd": 0.25}
    assert History.read(journal.entries()).interrupted == "c1"


def test_nothing_written_can_be_changed_or_removed(journal: Journal) -> None:
    journal.append(e.PauseRequested(source="test"))
    with sqlite3.connect(journal.path) as other:
        for statement in ("DELETE FROM events", "UPDATE events SET kind = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
    other.close()


def test_several_events_are_written_together_or_not_at_all(journal: Journal) -> None:
    class Unwritable(e.Event, frozen=True):
        what: object = object()

    with pytest.raises(TypeError):
        journal.append_all([e.PauseRequested(source="test"), Unwritable()])
    assert list(journal.entries()) == []


def test_listeners_hear_of_events_after_they_are_written(journal: Journal) -> None:
    heard = []
    journal.listen(lambda entry: heard.append((entry.event, len(list(journal.entries())))))
    journal.append(e.PauseRequested(source="test"))
    assert heard == [(e.PauseRequested(source="test"), 1)]


def test_a_journal_that_cannot_be_written_says_what_to_do(journal: Journal) -> None:
    journal._db.execute("PRAGMA max_page_count=1")
    journal._db.execute("PRAGMA query_only=1")
    with pytest.raises(SetupError, match="cannot be written"):
        journal.append(e.PauseRequested(source="test"))


def test_every_kind_of_event_has_a_name_and_words(journal: Journal) -> None:
    samples = {
        str: "text",
        int: 1,
        float: 1.0,
        bool: True,
        list[str]: ["a"],
        dict[str, float]: {"a": 1.0},
        dict[str, Any]: {"a": 1},
    }
    for kind in e.AnyEvent.__args__:
        values = {item.name: samples.get(item.type, []) for item in msgspec.structs.fields(kind)}
        event = kind(**values)
        journal.append(event)
        assert line(event)
    assert [type(entry.event) for entry in journal.entries()] == list(e.AnyEvent.__args__)
