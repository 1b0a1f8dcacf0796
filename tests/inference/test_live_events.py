"""Events that other clients are told, where every recorded time agrees."""

from pathlib import Path

import pytest

from harness.inference.infer import infer
from harness.inference.model import LiveEvent
from harness.traffic.exchange import Exchange
from harness.traffic.framings.framing import text_of
from tests.traffic.framings import conversations
from tests.traffic.framings.test_recordings import written


def learned(folder: Path, exchanges: list[Exchange]) -> list[LiveEvent]:
    (socket,) = infer([written(folder / "talk.traffic.db", exchanges)]).sockets
    return socket.events


def test_what_follows_every_write_is_an_event(tmp_path: Path) -> None:
    (event,) = learned(tmp_path, conversations.shared_notes())
    assert (event.operation, event.name) == ("update_note", "noteChanged")
    assert event.members == ["id", "title", "done"]
    assert len(event.evidence) == 2


def _told(exchange: Exchange) -> bool:
    return b"noteChanged" in exchange.message


def test_an_event_that_was_missed_once_is_none(tmp_path: Path) -> None:
    exchanges = conversations.shared_notes()
    first = next(each.seq for each in exchanges if _told(each))
    assert learned(tmp_path, [each for each in exchanges if each.seq != first]) == []


@pytest.mark.parametrize("name", ["ben", "cem"])
def test_an_event_that_went_to_others_too_or_twice_is_none(tmp_path: Path, name: str) -> None:
    lines = []
    for each in conversations.shared_notes():
        if not each.is_http:
            who = (each.request.header("sec-websocket-key") or "").rstrip("=")
            way = ">" if each.channel == "sent" else "<"
            lines.append((who, way, each.message.decode()))
            if _told(each):
                lines.append((name, way, each.message.decode()))
    assert learned(tmp_path, conversations.meeting(lines, "/socket.io/", "EIO=4")) == []


def test_an_event_that_says_what_no_answer_says_is_none(tmp_path: Path) -> None:
    more = text_of({"id": "1", "title": "?", "seen": True})
    lines = [("ann", ">", "40"), ("ben", ">", "40"), ("ben", "<", f'42["noteChanged",{more}]')]
    exchanges = conversations.shared_notes()
    kept = [each for each in exchanges if not _told(each)]
    assert learned(tmp_path, kept + conversations.meeting(lines, "/socket.io/", "EIO=4")) == []
