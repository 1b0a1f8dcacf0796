"""Events that other clients are told, where every recorded time agrees."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.inference.infer import infer
from harness.inference.model import LiveEvent
from harness.traffic.exchange import Exchange
from harness.traffic.framings.framing import text_of
from harness.traffic.framings.recipes import Fixed, Items, Members, Taken
from tests.traffic.framings import conversations, meetings
from tests.traffic.framings.test_recordings import written

TOLD = Members({"space": Fixed([]), "arguments": Items((Taken(("answer",)),))})


def learned(folder: Path, exchanges: list[Exchange]) -> list[LiveEvent]:
    (socket,) = infer([written(folder / "talk.traffic.db", exchanges)]).sockets
    return socket.events


def test_what_follows_every_write_is_an_event(tmp_path: Path) -> None:
    (event,) = learned(tmp_path, conversations.shared_notes())
    assert (event.operation, event.name) == ("update_note", "noteChanged")
    assert event.told == TOLD
    assert event.key == Taken(("path", 1))
    assert not event.writer
    assert len(event.evidence) == 2


def _told(exchange: Exchange) -> bool:
    return b"noteChanged" in exchange.message


def test_an_event_that_was_missed_once_is_none(tmp_path: Path) -> None:
    exchanges = conversations.shared_notes()
    first = next(each.seq for each in exchanges if _told(each))
    assert learned(tmp_path, [each for each in exchanges if each.seq != first]) == []


def _also_told(names: Sequence[str]) -> list[Exchange]:
    """What the second client is told, the next of these is told too."""
    lines, left = [], list(names)
    for each in conversations.shared_notes():
        if not each.is_http:
            who = (each.request.header("sec-websocket-key") or "").rstrip("=")
            way = ">" if each.channel == "sent" else "<"
            lines.append((who, way, each.message.decode()))
            if _told(each) and left:
                lines.append((left.pop(0), way, each.message.decode()))
    lines += [(who, ">", '42["bye"]') for who in ("ann", "ben", "cem")]
    return conversations.meeting(lines, "/socket.io/", "EIO=4")


@pytest.mark.parametrize("names", [["ben"], ["ben", "ben"], ["cem"]])
def test_an_event_that_went_twice_or_once_to_others_is_none(
    tmp_path: Path, names: list[str]
) -> None:
    assert learned(tmp_path, _also_told(names)) == []


def test_an_event_that_always_goes_to_all_others_is_for_everybody_else(tmp_path: Path) -> None:
    (event,) = learned(tmp_path, _also_told(["cem", "cem"]))
    assert (event.name, event.key, event.writer) == ("noteChanged", None, False)


def test_an_event_that_goes_to_all_is_for_the_writer_too(tmp_path: Path) -> None:
    (one, two, three) = learned(tmp_path, meetings.actioncable())
    assert {each.name for each in (one, two, three)} == {"message"}
    assert all(each.writer and each.key is None for each in (one, two, three))


def test_what_is_written_over_http_is_told_too(tmp_path: Path) -> None:
    (event,) = learned(tmp_path, meetings.over_http())
    assert (event.operation, event.name, event.writer) == ("create_note", "note:new", True)
    assert event.told == Members(
        {"space": Fixed([]), "arguments": Items((Members({"note": Taken(("answer",))}),))}
    )


def test_an_event_that_says_what_no_answer_says_is_none(tmp_path: Path) -> None:
    more = text_of({"id": "1", "title": "?", "seen": True})
    lines = [("ann", ">", "40"), ("ben", ">", "40"), ("ben", "<", f'42["noteChanged",{more}]')]
    exchanges = conversations.shared_notes()
    kept = [each for each in exchanges if not _told(each)]
    assert learned(tmp_path, kept + conversations.meeting(lines, "/socket.io/", "EIO=4")) == []


def test_what_is_told_but_not_understood_is_found(tmp_path: Path) -> None:
    exchanges = conversations.shared_notes()
    first = next(each.seq for each in exchanges if _told(each))
    kept = [each for each in exchanges if each.seq != first]
    model = infer([written(tmp_path / "once.traffic.db", kept)])
    (finding,) = [each for each in model.findings if "noteChanged" in each.detail]
    assert (finding.level, finding.where) == ("warning", "PATCH /notes/{id}")
    assert "who is told" in finding.detail


def test_what_follows_no_write_is_found(tmp_path: Path) -> None:
    tick = [("ann", "<", '42["tick",{"at":"noon"}]'), ("ann", ">", '42["bye"]')]
    opened = [("ann", "<", '0{"sid":"a"}'), ("ann", ">", "40"), ("ann", "<", '40{"sid":"b"}')]
    talk = conversations.meeting([*opened, *tick], "/socket.io/", "EIO=4&transport=websocket")
    model = infer([written(tmp_path / "tick.traffic.db", talk)])
    (finding,) = [each for each in model.findings if "tick" in each.detail]
    assert (finding.level, finding.where) == ("info", "/socket.io/")


def test_strangers_are_not_among_those_who_are_told(tmp_path: Path) -> None:
    events = learned(tmp_path, meetings.signed_in())
    assert {each.name for each in events} == {"noteCreated", "noteUpdated", "noteDeleted"}
    assert all(each.signed for each in events)
    assert not any(each.signed for each in learned(tmp_path, meetings.phoenix()))
