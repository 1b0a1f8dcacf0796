from collections import Counter

import pytest

from harness.traffic.exchange import Exchange
from harness.traffic.scope import Scope, api_weight, target_host
from tests.traffic.captures import exchange

HTML = (("content-type", "text/html; charset=utf-8"),)
NAVIGATION = (("accept", "text/html,application/xhtml+xml,*/*"),)


def of_type(media: str, path: str = "/x", **extra: object) -> Exchange:
    return exchange(path=path, answer_headers=(("content-type", media),), **extra)  # type: ignore[arg-type]


def fetched_as(destination: str, media: str = "text/html") -> Exchange:
    return of_type(media, headers=(("Sec-Fetch-Dest", destination),))


@pytest.mark.parametrize(
    "one",
    [
        exchange(),
        exchange("POST", path="/logo.png"),
        of_type("application/json", path="/files/logo.png"),
        of_type("application/vnd.api+json"),
        of_type("text/plain"),
        of_type("text/csv", path="/export.csv"),
        of_type("image/png", path="/me/avatar", headers=(("authorization", "Bearer x"),)),
        exchange("OPTIONS"),
        exchange(status=None),
        exchange(status=404, answer_headers=HTML, headers=(("accept", "application/json"),)),
        exchange(status=500, answer_headers=HTML),
        exchange("POST", answer_headers=HTML, headers=NAVIGATION),
        exchange(headers=NAVIGATION),
        fetched_as("empty"),
        exchange(status=None, channel="sent", message=b"{}"),
    ],
)
def test_api_traffic_is_kept(one: Exchange) -> None:
    assert Scope().verdict(one) is None


@pytest.mark.parametrize(
    "one",
    [
        of_type("text/css"),
        of_type("text/javascript; charset=utf-8"),
        of_type("image/svg+xml"),
        of_type("font/woff2"),
        of_type("application/octet-stream", path="/fonts/a.TTF"),
        of_type("text/html", path="/favicon.ico"),
        exchange(path="/main.js", status=304, answer_headers=()),
        fetched_as("script"),
        fetched_as("manifest", "application/json"),
    ],
)
def test_assets_are_dropped(one: Exchange) -> None:
    assert Scope().verdict(one) == "asset"


@pytest.mark.parametrize(
    "one",
    [
        exchange(answer_headers=HTML, headers=NAVIGATION),
        exchange(status=None, headers=NAVIGATION),
        fetched_as("document"),
        fetched_as("iframe"),
    ],
)
def test_pages_are_dropped(one: Exchange) -> None:
    assert Scope().verdict(one) == "page"


def test_preflights_are_dropped() -> None:
    asked = (("Access-Control-Request-Method", "PUT"),)
    assert Scope().verdict(exchange("OPTIONS", headers=asked)) == "preflight"


def test_hosts() -> None:
    scope = Scope(["https://api.shop.test/"], ["*.cdn.test"], ["secret.cdn.test"])
    verdicts = {
        host: scope.verdict(exchange(host=host))
        for host in ("api.shop.test", "a.cdn.test", "secret.cdn.test", "shop.test", "sentry.io")
    }
    assert verdicts == {
        "api.shop.test": None,
        "a.cdn.test": None,
        "secret.cdn.test": "denied host",
        "shop.test": "other host",
        "sentry.io": "other host",
    }


@pytest.mark.parametrize(
    ("pattern", "host", "kept"),
    [
        ("localhost", "localhost:3000", True),
        ("localhost:3000", "localhost:3000", True),
        ("localhost:3000", "localhost:4000", False),
        ("[::1]", "[::1]:80", True),
        ("API.Shop.test", "api.shop.test", True),
    ],
)
def test_ports(pattern: str, host: str, kept: bool) -> None:
    assert (Scope([pattern]).verdict(exchange(host=host)) is None) is kept


def test_analytics_are_dropped_unless_they_are_the_target() -> None:
    beacon = exchange("POST", host="o1.ingest.sentry.io")
    assert Scope().verdict(beacon) == "analytics"
    assert Scope(["*.sentry.io"]).verdict(beacon) is None


def test_the_target_is_the_host_with_most_api_traffic() -> None:
    weights: Counter[str] = Counter()
    for one in (
        *[of_type("text/plain", host="static.test")] * 9,
        *[exchange(host="api.test")] * 2,
        exchange("POST", host="api.test", status=None, channel="sent"),
        exchange(host="b.test"),
    ):
        weights[one.request.host] += api_weight(one)
    assert target_host(weights) == "api.test"
    assert target_host(Counter()) is None
    assert target_host(Counter({"b": 3, "a": 3})) == "a"
