from pathlib import Path

from harness.traffic.exchange import Exchange
from harness.traffic.framings.recordings import TranslatedRecording
from harness.traffic.store import RecordingWriter
from tests.traffic.framings import conversations as told


def written(path: Path, exchanges: list[Exchange]) -> TranslatedRecording:
    with RecordingWriter(path) as writer:
        for each in exchanges:
            writer.append(
                each.request,
                each.response,
                started=each.started,
                duration_ms=each.duration_ms,
                channel=each.channel,
                message=each.message,
            )
    return TranslatedRecording(path)


def test_a_recording_is_read_with_its_messages_as_exchanges(tmp_path: Path) -> None:
    recording = written(tmp_path / "talk.traffic.db", told.virtual_requests())
    found = [each for each in recording if each.response and each.response.status != 101]
    assert [(e.request.method, e.request.path) for e in found] == [
        (e.request.method, e.request.path) for e in told.rest()
    ]
    assert recording.translation.framings == {"socket.io": len(recording) - 1}
    assert [each.seq for each in found] == sorted({each.seq for each in found})


def test_without_messages_nothing_is_held(tmp_path: Path) -> None:
    recording = written(tmp_path / "plain.traffic.db", told.rest())
    assert not recording.has_messages
    assert len(list(recording)) == len(told.rest())
