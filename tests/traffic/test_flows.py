import gzip
from pathlib import Path
from typing import Any

from harness.traffic.exchange import Exchange
from harness.traffic.importers import ImportReport, read
from tests.traffic.captures import flow, tnetstring


def read_all(path: Path) -> tuple[list[Exchange], ImportReport]:
    report = ImportReport()
    return list(read(path, report)), report


def write_flows(path: Path, flows: list[Any]) -> Path:
    path.write_bytes(b"".join(map(tnetstring, flows)))
    return path


def test_cookies_in_headers_of_their_own_are_one(tmp_path: Path) -> None:
    one = flow()
    one["request"]["headers"] += [[b"cookie", b"a=1"], [b"cookie", b"b=2"]]
    (exchange,), _ = read_all(write_flows(tmp_path / "a.flows", [one]))
    assert exchange.request.header("cookie") == "a=1; b=2"


def test_a_flow_becomes_an_exchange(tmp_path: Path) -> None:
    path = write_flows(tmp_path / "a.flows", [flow(b"/items?a=1", content=b'{"id": 1}')])
    (exchange,), report = read_all(path)
    request, response = exchange.request, exchange.response
    assert (request.method, request.scheme, request.host) == ("GET", "http", "api.shop.test")
    assert (request.path, request.query) == ("/items", "a=1")
    assert response is not None
    assert (response.status, response.body) == (200, b'{"id": 1}')
    assert exchange.started == 100.0
    assert round(exchange.duration_ms) == 500
    assert (report.kind, report.entries) == ("flows", 1)


def test_bodies_are_decoded(tmp_path: Path) -> None:
    made = flow(content=gzip.compress(b'{"id": 1}'))
    made["response"]["headers"].append([b"Content-Encoding", b"gzip"])
    (exchange,), _ = read_all(write_flows(tmp_path / "a.flows", [made]))
    assert exchange.response is not None
    assert exchange.response.body == b'{"id": 1}'
    assert exchange.response.header("content-encoding") is None


def test_a_flow_without_a_host_header_or_an_answer(tmp_path: Path) -> None:
    made = flow(response=None, error={"msg": "client left", "timestamp": 1.0})
    made["request"]["headers"] = [[b":authority", b"x"]]
    (exchange,), _ = read_all(write_flows(tmp_path / "a.flows", [made]))
    assert exchange.response is None
    assert exchange.request.host == "10.0.0.7:8080"
    assert exchange.request.headers == ()


def test_websocket_messages_in_the_flow(tmp_path: Path) -> None:
    messages = [[1, True, b"hi", 101.0, False, False], [2, False, b"\xff", 102.0, False, False]]
    made = flow(b"/live", websocket={"messages": messages})
    exchanges, _ = read_all(write_flows(tmp_path / "a.flows", [made]))
    assert [one.channel for one in exchanges] == ["http", "sent", "received"]
    assert [one.message for one in exchanges] == [b"", b"hi", b"\xff"]
    assert [one.started for one in exchanges] == [100.0, 101.0, 102.0]


def test_websocket_messages_in_a_flow_of_their_own(tmp_path: Path) -> None:
    handshake = flow(b"/live", version=10, metadata={"websocket": True})
    del handshake["websocket"]
    messages = {
        "version": 10,
        "type": "websocket",
        "id": "w1",
        "metadata": {"websocket_handshake": "f1"},
        "messages": [[1, False, "hi", 101.0, False]],
    }
    exchanges, report = read_all(write_flows(tmp_path / "a.flows", [handshake, messages]))
    assert [(one.channel, one.message) for one in exchanges] == [("http", b""), ("received", b"hi")]
    assert report.skipped == []


def test_other_flows_are_counted(tmp_path: Path) -> None:
    connect = flow()
    connect["request"]["method"] = b"CONNECT"
    path = write_flows(tmp_path / "a.flows", [flow(type="tcp"), connect, flow(type="dns"), flow()])
    exchanges, report = read_all(path)
    assert len(exchanges) == 1
    assert report.dropped == {"tcp flow": 1, "dns flow": 1, "tunnel": 1}


def test_broken_flows_are_skipped_with_their_number(tmp_path: Path) -> None:
    headless = flow()
    del headless["request"]["headers"]
    path = write_flows(tmp_path / "a.flows", [{}, flow(), headless, [1], flow(version=[0, 18, 1])])
    exchanges, report = read_all(path)
    assert len(exchanges) == 1
    assert [item.entry for item in report.skipped] == [1, 3, 4, 5]


def test_a_file_that_is_cut_off_keeps_what_was_whole(tmp_path: Path) -> None:
    path = write_flows(tmp_path / "a.flows", [flow(), flow(), flow()])
    path.write_bytes(path.read_bytes()[:-30])
    exchanges, report = read_all(path)
    assert len(exchanges) == 2
    assert report.skipped[0].entry == 3
    assert "the file ends in the middle" in report.skipped[0].reason


def test_damage_inside_a_flow_costs_only_that_flow(tmp_path: Path) -> None:
    good = tnetstring(flow())
    damaged = good.replace(b"10:10.0.0.7", b"99:10.0.0.7").replace(b"8:10.0.0.7;", b"8:10.0.0.7?")
    assert len(damaged) == len(good)
    (tmp_path / "a.flows").write_bytes(good + damaged + good)
    exchanges, report = read_all(tmp_path / "a.flows")
    assert len(exchanges) == 2
    assert [item.entry for item in report.skipped] == [2]
