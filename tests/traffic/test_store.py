import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import SetupError, TrafficError
from harness.traffic.exchange import Exchange
from harness.traffic.store import Recording, RecordingWriter
from tests.traffic.captures import exchange


def append(writer: RecordingWriter, one: Exchange) -> int:
    return writer.append(
        one.request,
        one.response,
        started=one.started,
        duration_ms=one.duration_ms,
        channel=one.channel,
        message=one.message,
        client=one.client,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.traffic.db"


def test_what_is_written_is_read(path: Path) -> None:
    made = [
        exchange("POST", "/items", query="a=1&a=2", body=b"\x00\xff" * 500, started=1.5),
        exchange(status=None, duration_ms=3.25, started=2.0),
        exchange(status=101, answer=b"", started=3.0),
        exchange(status=None, channel="sent", message=b"hi", started=4.0, client="alice"),
    ]
    with RecordingWriter(path, meta={"source": "here"}) as writer:
        assert [append(writer, one) for one in made] == [1, 2, 3, 4]
    recording = Recording(path)
    assert (recording.name, len(recording), recording.meta) == ("shop", 4, {"source": "here"})
    read = list(recording)
    assert [one.seq for one in read] == [1, 2, 3, 4]
    for one, other in zip(made, read, strict=True):
        assert (one.request, one.response) == (other.request, other.response)
        assert (one.started, one.duration_ms) == (other.started, other.duration_ms)
        assert (one.channel, one.message) == (other.channel, other.message)
        assert one.client == other.client


def test_recordings_of_the_first_format_are_read_and_continued(path: Path) -> None:
    with RecordingWriter(path) as writer:
        append(writer, exchange())
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE exchanges DROP COLUMN client; PRAGMA user_version = 1;"
        )
    assert [one.client for one in Recording(path)] == [""]
    with RecordingWriter(path) as writer:
        append(writer, exchange(client="bob"))
    assert [one.client for one in Recording(path)] == ["", "bob"]


def test_equal_bodies_are_kept_once(path: Path) -> None:
    with RecordingWriter(path) as writer:
        for index in range(50):
            append(writer, exchange(path=f"/{index}", answer=bytes(range(256)) * 400))
    assert path.stat().st_size < 110_000


def test_readers_see_what_was_appended_while_the_writer_is_open(path: Path) -> None:
    with RecordingWriter(path) as writer:
        append(writer, exchange())
        assert len(list(Recording(path))) == 1
        append(writer, exchange())
        assert len(Recording(path)) == 2


def test_a_closed_recording_is_one_file(path: Path) -> None:
    with RecordingWriter(path) as writer:
        append(writer, exchange())
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_recording_is_continued(path: Path) -> None:
    for _ in range(2):
        with RecordingWriter(path) as writer:
            append(writer, exchange(answer=b'{"same": true}' * 50))
    assert [one.seq for one in Recording(path)] == [1, 2]


def test_arranging_puts_exchanges_in_order_of_time(path: Path) -> None:
    with RecordingWriter(path) as writer:
        for started in (3.0, 1.0, 2.0, 1.0):
            append(writer, exchange(path=f"/{writer.path.name}/{started}", started=started))
        writer.arrange()
        assert append(writer, exchange(started=9.0)) == 5
    assert [(one.seq, one.started) for one in Recording(path)] == [
        (1, 1.0),
        (2, 1.0),
        (3, 2.0),
        (4, 3.0),
        (5, 9.0),
    ]


def test_forgetting_a_host_leaves_nothing_of_it(path: Path) -> None:
    with RecordingWriter(path) as writer:
        append(writer, exchange(host="a.test", answer=b'"kept"'))
        append(writer, exchange(host="b.test", answer=b'"gone and forgotten"'))
        assert writer.forget("b.test") == 1
        writer.arrange()
    assert [one.request.host for one in Recording(path)] == ["a.test"]
    assert b"forgotten" not in path.read_bytes()


def test_rewriting_changes_bodies_headers_and_addresses(path: Path) -> None:
    body = b'{"token": "abc", "text": "' + b"x" * 100 + b'"}'
    with RecordingWriter(path) as writer:
        append(writer, exchange(path="/reset/abc", query="t=abc", answer=body))
        append(writer, exchange(headers=(("x-key", "abc"),)))
        append(writer, exchange(path="/later/abc"))
        writer.rewrite(lambda text: text.replace(b"abc", b"xyz"), until=2)
    first, second, third = Recording(path)
    assert (first.request.path, first.request.query) == ("/reset/xyz", "t=xyz")
    assert first.response is not None
    assert first.response.body == body.replace(b"abc", b"xyz")
    assert second.request.headers == (("x-key", "xyz"),)
    assert third.request.path == "/later/abc"


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be one" * 9])
def test_other_files_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(TrafficError):
        Recording(path)


def test_a_missing_recording_is_named(path: Path) -> None:
    with pytest.raises(TrafficError, match=r"shop\.traffic\.db"):
        Recording(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot write"):
        RecordingWriter(tmp_path / "missing" / "a.traffic.db")
