"""What API.md says of WebSocket endpoints."""

from pathlib import Path

from harness.inference.documents.markdown import markdown
from harness.inference.infer import infer
from harness.traffic.exchange import Exchange
from tests.traffic.framings import conversations, meetings
from tests.traffic.framings.test_recordings import written


def said(folder: Path, exchanges: list[Exchange]) -> str:
    text = markdown(infer([written(folder / "talk.traffic.db", exchanges)]))
    return text.partition("## WebSockets")[2].partition("\n## ")[0]


def test_calls_and_events_are_told(tmp_path: Path) -> None:
    text = said(tmp_path, meetings.phoenix())
    assert "### /ws (Phoenix channels)" in text
    assert "| `notes updateNote` | `PATCH /notes/{id}` |" in text
    assert "| `noteCreated` | `POST /notes` | all, not to the writer |" in text


def test_subscriptions_are_told(tmp_path: Path) -> None:
    assert "| `notes` | `GET /notes` |" in said(tmp_path, meetings.ddp())


def test_virtual_requests_are_told_by_their_members(tmp_path: Path) -> None:
    text = said(tmp_path, conversations.shared_notes())
    assert "| method, `url`, `data` | that request |" in text
    assert "| `noteChanged` | `PATCH /notes/{id}` | those who know the row, not" in text


def test_without_sockets_there_is_no_section(tmp_path: Path) -> None:
    assert said(tmp_path, conversations.rest()) == ""
