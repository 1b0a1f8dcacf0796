import base64
import gzip
import json
from pathlib import Path

import brotli
import pytest
import zstandard

from harness.errors import TrafficError
from harness.traffic.exchange import Exchange
from harness.traffic.importers import ImportReport, read
from tests.traffic.captures import ORIGIN, entry, har_text, pairs, write_har


def read_all(path: Path) -> tuple[list[Exchange], ImportReport]:
    report = ImportReport()
    return list(read(path, report)), report


def written(directory: Path, text: str | bytes) -> Path:
    path = directory / "capture.har"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_an_entry_becomes_an_exchange(tmp_path: Path) -> None:
    made = entry(
        "post",
        "https://API.shop.test:443/items%2F1?q=a%20b#top",
        status=201,
        sent={"name": "ä"},
        answer={"id": 1},
        headers={":authority": "api.shop.test", "Accept": "application/json"},
    )
    (exchange,), report = read_all(write_har(tmp_path / "a.har", [made]))
    request, response = exchange.request, exchange.response
    assert (request.method, request.scheme, request.host) == ("POST", "https", "api.shop.test")
    assert (request.path, request.query) == ("/items%2F1", "q=a%20b")
    assert request.headers == (("Accept", "application/json"), ("content-type", "application/json"))
    assert json.loads(request.body) == {"name": "ä"}
    assert response is not None
    assert (response.status, response.body) == (201, b'{"id": 1}')
    assert exchange.started == 1767323040.0
    assert exchange.duration_ms == 12.5
    assert (report.kind, report.entries, report.skipped) == ("har", 1, [])


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.har", "a.har.gz", "no-suffix"])
def test_layout_and_suffix_do_not_matter(tmp_path: Path, indent: int | None, name: str) -> None:
    made = [entry(url=f"{ORIGIN}/items/{index}", answer={"id": index}) for index in range(30)]
    exchanges, _ = read_all(write_har(tmp_path / name, made, indent))
    assert [one.request.path for one in exchanges] == [f"/items/{index}" for index in range(30)]
    assert [one.seq for one in exchanges] == list(range(1, 31))


def test_entries_larger_than_the_read_ahead(tmp_path: Path) -> None:
    large = '"}]\\' * 900_000
    made = [entry(answer={"text": large}), entry(answer={"text": "small"})]
    exchanges, _ = read_all(write_har(tmp_path / "a.har", made))
    bodies = [json.loads(one.response.body) for one in exchanges if one.response]
    assert bodies == [{"text": large}, {"text": "small"}]


def test_keys_in_any_order_and_entries_named_elsewhere(tmp_path: Path) -> None:
    text = (
        '{"x": {"log": 1}, "log": {"pages": [{"entries": [1]}], "entries": [%s], "z": 1}, "y": 2}'
    )
    path = written(tmp_path, text % json.dumps(entry()))
    assert len(read_all(path)[0]) == 1


def test_broken_entries_are_skipped_with_their_number(tmp_path: Path) -> None:
    good = json.dumps(entry())
    parts = [good, "null", "{}", '{"request": oops}', good, '{"request": {"url": "x"}}', good]
    path = written(tmp_path, '{"log": {"entries": [' + ", ".join(parts) + "]}}")
    exchanges, report = read_all(path)
    assert len(exchanges) == 3
    assert [item.entry for item in report.skipped] == [2, 3, 4, 6]
    assert "not JSON" in report.skipped[2].reason
    assert "missing required field `method`" in report.skipped[3].reason


@pytest.mark.parametrize("lost", ["}", '"', ', "headers": [', '"method": ', "]", '"time": 12.5, '])
def test_an_entry_that_lost_a_piece_does_not_take_others_along(tmp_path: Path, lost: str) -> None:
    texts = [json.dumps(entry(url=f"{ORIGIN}/items/{index}")) for index in range(5)]
    assert lost in texts[2]
    texts[2] = texts[2].replace(lost, "", 1)
    path = written(tmp_path, '{"log": {"entries": [' + ", ".join(texts) + "]}}")
    paths = {one.request.path for one in read_all(path)[0]}
    assert {"/items/0", "/items/1", "/items/3", "/items/4"} <= paths


def test_a_file_that_is_cut_off_keeps_what_was_whole(tmp_path: Path) -> None:
    text = har_text([entry(url=f"{ORIGIN}/items/{index}") for index in range(5)])
    exchanges, report = read_all(written(tmp_path, text[: text.index("items/3")]))
    assert [one.request.path for one in exchanges] == ["/items/0", "/items/1", "/items/2"]
    assert [(item.entry, item.reason) for item in report.skipped] == [
        (4, "the file ends in the middle of this entry")
    ]


def test_a_file_that_is_cut_off_between_entries(tmp_path: Path) -> None:
    text = har_text([entry(), entry()])
    exchanges, report = read_all(written(tmp_path, text[: text.rindex("]")]))
    assert len(exchanges) == 2
    assert report.notes == ["The file is cut off: the list of entries has no end."]


def test_a_damaged_gzip_keeps_what_was_readable(tmp_path: Path) -> None:
    made = [entry(answer={"n": index, "x": str(index) * 50}) for index in range(3000)]
    data = gzip.compress(har_text(made).encode())
    exchanges, report = read_all(written(tmp_path, data[: len(data) // 2]))
    assert len(exchanges) > 500
    assert any("cut off or damaged" in note for note in report.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"log": {"entries": [entry(answer="Zoë")]}}, ensure_ascii=False)
    (exchange,), _ = read_all(written(tmp_path, text.encode(encoding)))
    assert exchange.response is not None
    assert exchange.response.body == "Zoë".encode()


def test_text_in_another_encoding_is_read_and_noted(tmp_path: Path) -> None:
    text = json.dumps({"log": {"entries": [entry(answer="Zoë")]}}, ensure_ascii=False)
    (exchange,), report = read_all(written(tmp_path, text.encode("latin-1")))
    assert exchange.response is not None
    assert exchange.response.body == "Zoë".encode()
    assert report.notes == ["The file is not UTF-8; it was read as Windows-1252."]


def test_lone_surrogates_do_not_lose_the_entry(tmp_path: Path) -> None:
    exchanges, report = read_all(write_har(tmp_path / "a.har", [entry(answer="a\udc80b")]))
    assert report.skipped == []
    assert exchanges[0].response is not None
    assert exchanges[0].response.body == b"a\x80b"


@pytest.mark.parametrize("response", [None, {"status": 0, "headers": [], "content": {}}, {}])
def test_without_an_answer(tmp_path: Path, response: object) -> None:
    (exchange,), _ = read_all(write_har(tmp_path / "a.har", [{**entry(), "response": response}]))
    assert exchange.response is None


def test_an_answer_whose_body_was_not_exported_is_no_answer(tmp_path: Path) -> None:
    made = entry()
    made["response"]["content"]["size"] = 77
    cached = entry(status=304)
    cached["response"]["content"]["size"] = 77
    exchanges, _ = read_all(write_har(tmp_path / "a.har", [made, cached]))
    assert [one.response and one.response.status for one in exchanges] == [None, 304]


def test_base64_bodies(tmp_path: Path) -> None:
    made = entry(answer=base64.b64encode(b"\x00\xff\x01").decode(), mime="image/png")
    made["response"]["content"]["encoding"] = "base64"
    broken = entry(answer="%%%", mime="image/png")
    broken["response"]["content"]["encoding"] = "base64"
    exchanges, report = read_all(write_har(tmp_path / "a.har", [made, broken]))
    assert exchanges[0].response is not None
    assert exchanges[0].response.body == b"\x00\xff\x01"
    assert "base64" in report.skipped[0].reason


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
def test_bodies_that_were_exported_encoded(tmp_path: Path, encoding: str, pack: object) -> None:
    assert callable(pack)
    packed = base64.b64encode(pack(b'{"id": 1}')).decode()
    made = entry(answer=packed, answer_headers={"Content-Encoding": encoding})
    made["response"]["content"]["encoding"] = "base64"
    (exchange,), _ = read_all(write_har(tmp_path / "a.har", [made]))
    assert exchange.response is not None
    assert exchange.response.body == b'{"id": 1}'
    assert exchange.response.header("content-encoding") is None


def test_posted_parameters_without_text_are_encoded(tmp_path: Path) -> None:
    made = entry("POST", sent="x")
    made["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": pairs({"user": "a b", "pass": "ä&"}),
    }
    (exchange,), _ = read_all(write_har(tmp_path / "a.har", [made]))
    assert exchange.request.body == b"user=a+b&pass=%C3%A4%26"


def test_cookies_without_their_header_are_put_back(tmp_path: Path) -> None:
    made = entry()
    made["request"]["cookies"] = pairs({"sid": "1", "theme": "dark"})
    (exchange,), _ = read_all(write_har(tmp_path / "a.har", [made]))
    assert exchange.request.header("cookie") == "sid=1; theme=dark"


def test_websocket_messages(tmp_path: Path) -> None:
    messages = [
        {"type": "send", "time": 2.5, "opcode": 1, "data": "hi"},
        {"type": "receive", "time": 3.5, "opcode": 2, "data": base64.b64encode(b"\xff").decode()},
    ]
    made = entry(url="wss://api.shop.test/live", status=101, _webSocketMessages=messages)
    exchanges, _ = read_all(write_har(tmp_path / "a.har", [made]))
    assert [one.channel for one in exchanges] == ["http", "sent", "received"]
    assert [one.message for one in exchanges] == [b"", b"hi", b"\xff"]
    assert [one.started for one in exchanges[1:]] == [2.5, 3.5]
    assert exchanges[1].request is exchanges[0].request
    assert exchanges[0].request.scheme == "https"
    assert exchanges[1].response is None


def test_what_is_no_web_address_is_skipped(tmp_path: Path) -> None:
    made = [entry(url="data:text/plain,x"), entry(url="chrome-extension://abc/x.js"), entry()]
    exchanges, report = read_all(write_har(tmp_path / "a.har", made))
    assert len(exchanges) == 1
    assert [item.entry for item in report.skipped] == [1, 2]


def test_an_empty_capture_has_no_exchanges(tmp_path: Path) -> None:
    assert read_all(write_har(tmp_path / "a.har", []))[0] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello", "neither a HAR"),
        ("{}", "it has no log"),
        ('{"log": {}}', "it has no entries"),
        ('{"log": {"entries": 5}}', "no list"),
        ('{"log": {"version": nope}}', "broken before entries"),
        ('{"lo', "broken before log"),
    ],
)
def test_what_is_no_capture_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TrafficError, match=message):
        read_all(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match="nowhere"):
        read_all(tmp_path / "nowhere.har")
