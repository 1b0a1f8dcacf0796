import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import TrafficError
from harness.traffic.importers import import_file, load
from harness.traffic.pseudonyms import Pseudonyms
from harness.traffic.scope import Scope
from harness.traffic.store import Recording
from tests.traffic.captures import entry, flow, tnetstring, write_har

KEY = b"k" * 32


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "shop.traffic.db"


def mixed_capture(directory: Path) -> Path:
    made = [
        entry(url="https://api.shop.test/items", second=2, answer=[]),
        entry(url="https://api.shop.test/items/1", second=1, answer={}),
        entry(url="https://api.shop.test/logo.png", mime="image/png"),
        entry(url="https://cdn.test/data", answer="plain", mime="text/plain"),
        entry(url="https://www.google-analytics.com/collect", answer={}),
        entry(_resourceType="preflight", method="OPTIONS"),
        entry(status=0),
    ]
    return write_har(directory / "a.har", made)


def test_the_target_is_found_and_the_rest_is_counted(tmp_path: Path, destination: Path) -> None:
    report = import_file(mixed_capture(tmp_path), destination, Scope(), None)
    recording = Recording(destination)
    assert [one.request.path for one in recording] == ["/items", "/items/1", "/items"]
    assert [one.seq for one in recording] == [1, 2, 3]
    assert recording.meta["hosts"] == "api.shop.test"
    assert report.as_dict() == {
        "name": "shop",
        "kind": "har",
        "hosts": ["api.shop.test"],
        "entries": 7,
        "kept": 3,
        "messages": 0,
        "unanswered": 1,
        "dropped": {"asset": 1, "analytics": 1, "preflight": 1, "other host": 1},
        "dropped_hosts": {"www.google-analytics.com": 1, "cdn.test": 1},
        "skipped": [],
        "skipped_count": 0,
        "notes": [],
    }


def test_nothing_but_the_recording_is_left(tmp_path: Path, destination: Path) -> None:
    import_file(mixed_capture(tmp_path), destination, Scope(), None)
    assert [path.name for path in destination.parent.iterdir()] == ["shop.traffic.db"]


def test_a_failed_import_leaves_the_old_recording(tmp_path: Path, destination: Path) -> None:
    import_file(mixed_capture(tmp_path), destination, Scope(), None)
    (tmp_path / "bad.har").write_text("{}")
    with pytest.raises(TrafficError):
        import_file(tmp_path / "bad.har", destination, Scope(), None)
    assert len(Recording(destination)) == 3
    assert [path.name for path in destination.parent.iterdir()] == ["shop.traffic.db"]


def test_every_kind_of_capture_gives_the_same_recording(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "a").write_bytes(tnetstring(flow(content=b'{"id": 1}')))
    import_file(tmp_path / "a", destination, Scope(), None)
    again = tmp_path / "again.traffic.db"
    report = import_file(destination, again, Scope(), None)
    assert report.kind == "recording"
    assert list(Recording(again)) == list(Recording(destination))


def test_loading_gives_what_importing_would(tmp_path: Path, destination: Path) -> None:
    path = mixed_capture(tmp_path)
    exchanges, report = load(path, Scope())
    imported = import_file(path, destination, Scope(), None)
    assert exchanges == list(Recording(destination))
    assert {**imported.as_dict(), "name": report.name} == report.as_dict()


def test_messages_are_put_where_they_belong_in_time(tmp_path: Path, destination: Path) -> None:
    start = 1767323040.0
    messages = [
        {"type": "send", "time": start + 5, "opcode": 1, "data": "late"},
        {"type": "receive", "time": start + 2, "opcode": 1, "data": "early"},
    ]
    made = [
        entry(url="wss://api.shop.test/live", status=101, _webSocketMessages=messages),
        entry(url="https://api.shop.test/between", second=3),
    ]
    report = import_file(write_har(tmp_path / "a.har", made), destination, Scope(), None)
    told = [one.message.decode() or one.request.path for one in Recording(destination)]
    assert told == ["/live", "early", "/between", "late"]
    assert report.messages == 2


def test_hosts_of_the_scope_decide(tmp_path: Path, destination: Path) -> None:
    report = import_file(mixed_capture(tmp_path), destination, Scope(["cdn.test"]), None)
    assert [one.request.host for one in Recording(destination)] == ["cdn.test"]
    assert report.dropped["other host"] == 5


def test_a_secret_is_gone_even_from_before_it_was_known(tmp_path: Path, destination: Path) -> None:
    secret = "Zk3mQ9xT7vB2nL5c"
    made = [
        entry(url=f"https://api.shop.test/reset/{secret}", answer={"text": f"for {secret}"}),
        entry("POST", sent={"token": secret, "password": "Correct-Horse-9"}, second=1),
        entry(headers={"authorization": f"Bearer {secret}"}, second=2),
    ]
    path = write_har(tmp_path / "a.har", made)
    import_file(path, destination, Scope(), Pseudonyms(KEY))
    first, second, third = Recording(destination)
    stand_in = first.request.path.removeprefix("/reset/")
    assert len(stand_in) == len(secret)
    assert stand_in != secret
    assert first.response is not None
    assert first.response.body == json.dumps({"text": f"for {stand_in}"}).encode()
    assert json.loads(second.request.body)["token"] == stand_in
    assert third.request.header("authorization") == f"Bearer {stand_in}"
    assert secret not in repr(list(Recording(destination)))
    assert secret.encode() not in destination.read_bytes()


def test_an_import_can_be_repeated_byte_for_byte(tmp_path: Path, destination: Path) -> None:
    path = mixed_capture(tmp_path)
    import_file(path, destination, Scope(), Pseudonyms(KEY))
    first = destination.read_bytes()
    import_file(path, destination, Scope(), Pseudonyms(KEY))
    assert destination.read_bytes() == first


def test_empty_results_are_explained(tmp_path: Path, destination: Path) -> None:
    empty = write_har(tmp_path / "empty.har", [])
    (note,) = import_file(empty, destination, Scope(), None).notes
    assert "empty" in note
    assert len(Recording(destination)) == 0
    (note,) = import_file(mixed_capture(tmp_path), destination, Scope(["x.test"]), None).notes
    assert "[target] hosts" in note
    assert load(empty, Scope())[1].notes == [
        "The capture is empty. Capture again, with some traffic in it."
    ]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from harness.errors import SetupError
from harness.traffic.importers import import_file
from harness.traffic.scope import Scope

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    import_file(Path(sys.argv[1]), Path(sys.argv[2]), Scope(), None)
except SetupError as error:
    print(error)
"""


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, destination: Path) -> None:
    made = [entry(answer=secrets.token_hex(4000)) for _ in range(200)]
    path = write_har(tmp_path / "a.har", made)
    command = [sys.executable, "-c", FULL_DISK, str(path), str(destination)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot write the recording" in done.stdout
    assert "Free some disk space" in done.stdout
    assert list(destination.parent.iterdir()) == []
