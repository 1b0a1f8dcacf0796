"""Which exchanges of a capture belong to the API that is cloned."""

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import urlsplit

from harness.traffic.exchange import Exchange, Request, Response

ASSET, PAGE, PREFLIGHT = "asset", "page", "preflight"
ANALYTICS, DENIED, OTHER = "analytics", "denied host", "other host"

_ASSET_SUFFIXES = (
    ".js .mjs .cjs .css .map .ico .png .jpg .jpeg .gif .webp .avif .svg .bmp .woff .woff2 .ttf "
    ".otf .eot .mp4 .webm .mp3 .ogg .wav .wasm .webmanifest"
)
_SUFFIXES = tuple(_ASSET_SUFFIXES.split())
_ASSET_TYPES = ("text/css", "text/javascript", "application/javascript", "application/wasm")
_ASSET_PREFIXES = ("font/", "application/font", "application/x-font", "application/x-javascript")
_MEDIA_PREFIXES = ("image/", "audio/", "video/")
_ASSET_DESTINATIONS = frozenset(
    [
        "audio",
        "audioworklet",
        "font",
        "image",
        "manifest",
        "paintworklet",
        "script",
        "serviceworker",
        "sharedworker",
        "style",
        "track",
        "video",
        "worker",
        "xslt",
    ]
)
_PAGE_DESTINATIONS = frozenset({"document", "iframe", "frame", "embed", "object"})
_ANALYTICS_HOSTS = (
    "google-analytics.com googletagmanager.com analytics.google.com doubleclick.net "
    "googlesyndication.com googleadservices.com segment.io segment.com mixpanel.com amplitude.com "
    "sentry.io hotjar.com hotjar.io clarity.ms datadoghq.com browser-intake-datadoghq.com "
    "nr-data.net newrelic.com bugsnag.com logrocket.io lr-ingest.io fullstory.com heap.io "
    "heapanalytics.com plausible.io posthog.com intercom.io connect.facebook.net facebook.com "
    "optimizely.com launchdarkly.com statsig.com rollbar.com cloudflareinsights.com "
    "update.googleapis.com safebrowsing.googleapis.com content-autofill.googleapis.com "
    "optimizationguide-pa.googleapis.com clients2.google.com clients4.google.com gvt1.com "
    "accounts.google.com detectportal.firefox.com telemetry.mozilla.org"
)
_ANALYTICS = tuple(_ANALYTICS_HOSTS.split())


class Scope:
    """Decides for each exchange whether it is kept.

    Hosts are `name`, `name:port` or with `*`; a name without a port means any port. Without
    `hosts` every host passes, and the caller picks the target with `target_host` at the end.
    """

    def __init__(
        self,
        hosts: Iterable[str] = (),
        extra_hosts: Iterable[str] = (),
        denied_hosts: Iterable[str] = (),
    ) -> None:
        self.hosts = [_host(host) for host in hosts]
        self.extra_hosts = [_host(host) for host in extra_hosts]
        self.denied_hosts = [_host(host) for host in denied_hosts]
        self.host_verdict = lru_cache(maxsize=1024)(self._host_verdict)

    def verdict(self, exchange: Exchange) -> str | None:
        """Return why the exchange is left out; None when it is kept."""
        request = exchange.request
        reason = self.host_verdict(request.host)
        if reason is not None or not exchange.is_http:
            return reason
        if _is_preflight(request):
            return PREFLIGHT
        if request.method not in ("GET", "HEAD"):
            return None
        if _is_page(request, exchange.response):
            return PAGE
        return ASSET if _is_asset(request, exchange.response) else None

    def _host_verdict(self, host: str) -> str | None:
        if _matches(host, self.denied_hosts):
            return DENIED
        if _matches(host, self.hosts) or _matches(host, self.extra_hosts):
            return None
        if self.hosts:
            return OTHER
        return ANALYTICS if _is_analytics(host) else None

    def narrowed(self, target: str) -> "Scope":
        """Return the scope with the target host that was found."""
        scope = Scope([target])
        scope.extra_hosts, scope.denied_hosts = self.extra_hosts, self.denied_hosts
        return scope


def api_weight(exchange: Exchange) -> int:
    """How much an exchange speaks for its host being the API: JSON and messages most."""
    if not exchange.is_http:
        return 10
    response = exchange.response
    answered_json = response is not None and _is_json(response.content_type)
    return 10 if answered_json or _is_json(exchange.request.content_type) else 1


def target_host(weights: Counter[str]) -> str | None:
    """Return the host with most API traffic; of equals the first in the alphabet."""
    return min(weights, key=lambda host: (-weights[host], host), default=None)


def _host(text: str) -> str:
    host = urlsplit(text).netloc if "://" in text else text
    return host.lower().rstrip("/").replace("[", "[[]")


def _matches(host: str, patterns: list[str]) -> bool:
    bare = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return any(fnmatchcase(host, pattern) or fnmatchcase(bare, pattern) for pattern in patterns)


def _is_analytics(host: str) -> bool:
    bare = host.partition(":")[0]
    return any(bare == known or bare.endswith(f".{known}") for known in _ANALYTICS)


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and bool(request.header("access-control-request-method"))


def _is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))


def _is_page(request: Request, response: Response | None) -> bool:
    """Navigations of the browser. An API's error in HTML is not asked for as a page."""
    media = "" if response is None else response.content_type
    if _is_json(media):
        return False
    destination = request.header("sec-fetch-dest")
    if destination is not None:
        return destination in _PAGE_DESTINATIONS
    wants_html = (request.header("accept") or "").startswith("text/html")
    return wants_html and media in ("text/html", "application/xhtml+xml", "")


def _is_asset(request: Request, response: Response | None) -> bool:
    media = "" if response is None else response.content_type
    if _is_json(media):
        return request.header("sec-fetch-dest") == "manifest"
    if request.header("sec-fetch-dest") in _ASSET_DESTINATIONS:
        return True
    if request.path.lower().endswith(_SUFFIXES):
        return True
    if media in _ASSET_TYPES or media.startswith(_ASSET_PREFIXES):
        return True
    return media.startswith(_MEDIA_PREFIXES) and request.header("authorization") is None
