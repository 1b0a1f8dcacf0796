"""The flow reader against the flow files that mitmproxy itself writes."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest
from mitmproxy import flow, http
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow, tutils

from harness.traffic.exchange import Exchange
from harness.traffic.importers import ImportReport, read


def http_flow(**answer: object) -> http.HTTPFlow:
    request = tutils.treq(
        host="api.shop.test", path=b"/items?a=1", headers=http.Headers([(b"X-A", b"1")])
    )
    return tflow.tflow(req=request, resp=tutils.tresp(**answer))


def packed_flow() -> http.HTTPFlow:
    made = http_flow(headers=http.Headers([(b"Content-Encoding", b"gzip")]))
    assert made.response is not None
    made.response.raw_content = gzip.compress(b'{"id": 1}')
    return made


def written(path: Path, flows: list[flow.Flow]) -> Path:
    buffer = BytesIO()
    writer = FlowWriter(buffer)
    for one in flows:
        writer.add(one)
    path.write_bytes(buffer.getvalue())
    return path


def expected(path: Path) -> list[http.HTTPFlow]:
    with path.open("rb") as file:
        return [one for one in FlowReader(file).stream() if isinstance(one, http.HTTPFlow)]


def check(exchange: Exchange, one: http.HTTPFlow) -> None:
    request = exchange.request
    assert request.method == one.request.method
    assert f"{request.path}?{request.query}".removesuffix("?") == one.request.path
    assert request.scheme == one.request.scheme
    assert request.host.partition(":")[0] == one.request.pretty_host
    assert request.body == one.request.content
    assert exchange.started == one.request.timestamp_start
    assert (exchange.response is None) == (one.response is None)
    if exchange.response is not None and one.response is not None:
        assert exchange.response.status == one.response.status_code
        assert exchange.response.body == one.response.content
        assert exchange.response.header("x-a") == one.response.headers.get("x-a")


@pytest.mark.parametrize(
    "made",
    [
        http_flow(),
        packed_flow(),
        http_flow(headers=http.Headers([(b"X-A", b"caf\xc3\xa9")]), content=b"\x00\xff"),
        tflow.tflow(err=True),
        tflow.twebsocketflow(),
    ],
)
def test_flows_as_mitmproxy_writes_them(tmp_path: Path, made: http.HTTPFlow) -> None:
    path = written(tmp_path / "a.flows", [made])
    report = ImportReport()
    exchanges = list(read(path, report))
    (one,) = expected(path)
    check(exchanges[0], one)
    told = [] if one.websocket is None else one.websocket.messages
    assert [item.message for item in exchanges[1:]] == [item.content for item in told]
    assert [item.channel == "sent" for item in exchanges[1:]] == [item.from_client for item in told]
    assert report.skipped == []


def test_flows_that_are_no_http_are_counted(tmp_path: Path) -> None:
    others: list[flow.Flow] = [tflow.ttcpflow(), tflow.tdnsflow(), tflow.tudpflow()]
    report = ImportReport()
    path = written(tmp_path / "a.flows", [*others, http_flow()])
    assert len(list(read(path, report))) == 1
    assert report.dropped == {"tcp flow": 1, "dns flow": 1, "udp flow": 1}
