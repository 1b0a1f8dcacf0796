"""What cannot be compared, as the recording itself shows.

Where two identical readings with no write between them answered differently, and the values do
not look like anything that is bound, the original itself does not repeat them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.traffic.exchange import Exchange, Request, parse_json
from harness.verify.clock import parse_stamp
from harness.verify.values import kind, same_format

_READ_METHODS = {"GET", "HEAD"}
_WHO_HEADERS = {"authorization", "cookie", "accept", "accept-language"}


@dataclass
class Exemption:
    """Paths of an endpoint's body whose values are not compared, and why."""

    endpoint: str
    paths: set[str] = field(default_factory=set)
    reason: str = ""
    exchanges: list[int] = field(default_factory=list)


def find_volatile(
    recorded: list[Exchange], label: Callable[[Exchange], str]
) -> dict[str, Exemption]:
    """Return the exemptions by endpoint."""
    found: dict[str, Exemption] = {}
    earlier: dict[tuple[object, ...], Exchange] = {}
    busy_until = 0.0
    for exchange in recorded:
        if not exchange.is_http or exchange.request.method not in _READ_METHODS:
            earlier.clear()
            busy_until = max(busy_until, exchange.started + exchange.duration_ms / 1000)
            continue
        if exchange.response is None or exchange.started < busy_until:
            continue
        before = earlier.setdefault(_question(exchange.request), exchange)
        paths = set(_changed(before, exchange)) if before is not exchange else set()
        if paths:
            endpoint = label(exchange)
            exemption = found.setdefault(endpoint, Exemption(endpoint))
            exemption.paths |= paths
            exemption.exchanges += [before.seq, exchange.seq]
            exemption.reason = "the original answered identical requests differently"
    return found


def _question(request: Request) -> tuple[object, ...]:
    who = tuple(sorted(h for h in request.headers if h[0].lower() in _WHO_HEADERS))
    return (request.method, request.host, request.path, request.query, who, request.body)


def _changed(before: Exchange, after: Exchange) -> Iterator[str]:
    if before.response is None or after.response is None:
        return
    if before.response.status != after.response.status:
        return
    try:
        one, other = parse_json(before.response.body), parse_json(after.response.body)
    except ValueError:
        return
    yield from _changed_values(one, other, "$")


def _changed_values(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() & other.keys():
            yield from _changed_values(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) == len(other):
            for left, right in zip(one, other, strict=True):
                yield from _changed_values(left, right, f"{path}[]")
    elif one != other and type(one) is type(other) and not _is_bound(one, other):
        yield path


def _is_bound(one: Any, other: Any) -> bool:
    if parse_stamp(one) is not None:
        return True
    return isinstance(one, str) and kind(one) is not None and same_format(one, other)
