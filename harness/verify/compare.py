"""Comparing a live response with the recorded one: status, shape, then every value."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.traffic.exchange import Request, Response, parse_json
from harness.verify.bindings import Bindings, Place
from harness.verify.cookies import set_cookies
from harness.verify.values import is_id_key, noun

Level = Literal["status", "shape", "exact"]
_READ_METHODS = {"GET", "HEAD", "OPTIONS"}
_READ_HEADERS = re.compile(
    r"location|link|content-disposition|content-range|www-authenticate|preference-applied"
    r"|(?:x-)?(?:total|page|per-page|next|prev|first|last|pagination|count|offset|limit|has-more)"
    r"(?:-(?:count|page|pages|size|offset|cursor|limit|items|total|number|token))*"
)
_BOUND_HEADERS = {"etag", "x-csrf-token", "x-xsrf-token", "csrf-token", "x-auth-token"}
"""Headers whose values are not compared, but said back in later requests."""
_ENVELOPE_KEYS = {
    "data",
    "items",
    "results",
    "result",
    "records",
    "rows",
    "list",
    "value",
    "payload",
}
_MOST_DETAILS = 20
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a live response is not what was recorded."""

    level: Level
    path: str
    expected: Any
    actual: Any


@dataclass(frozen=True)
class Context:
    """What the comparison of one exchange needs to know.

    `exempt` holds paths (`$.items[].age`) whose values are not compared, `origins` recorded
    origins with the live one that replaces them.
    """

    bindings: Bindings
    request: Request
    exempt: frozenset[str] = frozenset()
    origins: dict[str, str] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        return self.request.method not in _READ_METHODS

    @property
    def collection(self) -> str:
        """The last literal segment of the path: what a bare body is about."""
        segments = [part for part in self.request.path.split("/") if part]
        named = [part for part in segments if not any(c.isdigit() for c in part)]
        return noun(named[-1]) if named else ""

    def relocated(self, text: str) -> str:
        """Replace recorded origins in a text by the live one."""
        for recorded, live in self.origins.items():
            text = text.replace(recorded, live)
        return text


def compare(expected: Response, actual: Response, context: Context) -> list[Difference]:
    """Return the differences, the decisive ones first; none means that all is as recorded.

    New generated values are bound on the way.
    """
    if expected.status != actual.status:
        if expected.status < _ERROR and actual.status < _ERROR:
            _bind_only(expected, actual, context)
        return [Difference("status", "status", expected.status, actual.status)]
    differences = [*_bodies(expected, actual, context), *_headers(expected, actual, context)]
    differences.sort(key=lambda item: item.level != "shape")
    return differences[:_MOST_DETAILS]


def _bind_only(expected: Response, actual: Response, context: Context) -> None:
    """Bind what can be bound, so that one wrong status is one mismatch and not a hundred."""
    for _ in (*_bodies(expected, actual, context), *_headers(expected, actual, context)):
        pass


# ------------------------------------------------------------------------------ bodies


def _bodies(expected: Response, actual: Response, context: Context) -> Iterator[Difference]:
    if context.request.method == "HEAD":
        return
    if expected.body == actual.body and not expected.body:
        return
    try:
        wanted = parse_json(expected.body)
    except ValueError:
        yield from _texts(expected, actual, context)
        return
    try:
        seen = parse_json(actual.body)
    except ValueError:
        yield Difference("shape", "$", wanted, _readable(actual.body))
        return
    yield from _Walk(context).values(wanted, seen, "$", _Spot(owner=context.collection))


def _texts(expected: Response, actual: Response, context: Context) -> Iterator[Difference]:
    wanted, seen = _readable(expected.body), _readable(actual.body)
    if bool(wanted) != bool(seen):
        yield Difference("shape", "$", wanted, seen)
    elif expected.body != actual.body and not context.bindings.match_text(
        context.relocated(wanted), seen, Place(write=context.writes)
    ):
        yield Difference("exact", "$", wanted, seen)


def _readable(body: bytes) -> str:
    return body.decode(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in a body the walk is: nearest key, its owner, and whether inside of a resource."""

    key: str = ""
    owner: str = ""
    inside: bool = False


class _Walk:
    """A walk through two JSON values side by side."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._bindings = context.bindings

    def values(self, wanted: Any, seen: Any, path: str, spot: _Spot) -> Iterator[Difference]:
        if _type(wanted) != _type(seen):
            level: Level = "exact" if _is_number(wanted) and _is_number(seen) else "shape"
            yield Difference(level, path, wanted, seen)
        elif isinstance(wanted, dict):
            yield from self._objects(wanted, seen, path, spot)
        elif isinstance(wanted, list):
            yield from self._lists(wanted, seen, path, spot)
        elif not self._same(wanted, seen, path, spot):
            yield Difference("exact", path, wanted, seen)

    def _objects(
        self, wanted: dict[str, Any], seen: dict[str, Any], path: str, spot: _Spot
    ) -> Iterator[Difference]:
        names = self._bindings.match_keys(wanted, seen)
        for key in wanted.keys() - names.keys():
            yield Difference("shape", f"{path}.{key}", wanted[key], None)
        for key in seen.keys() - set(names.values()):
            yield Difference("shape", f"{path}.{key}", None, seen[key])
        has_id = any(_is_plain_id(key) for key in wanted)
        owner = spot.owner
        if spot.key and spot.key not in _ENVELOPE_KEYS:
            owner = noun(spot.key)
        for key in sorted(names, key=lambda key: isinstance(wanted[key], dict | list)):
            inside = spot.inside or (has_id and isinstance(wanted[key], dict | list))
            yield from self.values(
                wanted[key], seen[names[key]], f"{path}.{key}", _Spot(key, owner, inside)
            )

    def _lists(
        self, wanted: list[Any], seen: list[Any], path: str, spot: _Spot
    ) -> Iterator[Difference]:
        if len(wanted) != len(seen):
            yield Difference("exact", f"{path}.length", len(wanted), len(seen))
        for index, (one, other) in enumerate(zip(wanted, seen, strict=False)):
            yield from self.values(one, other, f"{path}[{index}]", spot)
        for index, other in list(enumerate(seen))[len(wanted) :]:
            if wanted and not any(_same_shape(one, other) for one in wanted):
                yield Difference("shape", f"{path}[{index}]", wanted[-1], other)

    def _same(self, wanted: Any, seen: Any, path: str, spot: _Spot) -> bool:
        if re.sub(r"\[\d+\]", "[]", path) in self._context.exempt:
            return True
        own = _is_plain_id(spot.key) and not spot.inside
        place = Place(spot.key, spot.owner, own=own, write=self._context.writes)
        if isinstance(wanted, str):
            return self._bindings.match_text(self._context.relocated(wanted), seen, place)
        if _is_number(wanted):
            return self._bindings.match_number(wanted, seen, place)
        return bool(wanted == seen)


def _is_plain_id(key: str) -> bool:
    return is_id_key(key) and key.lower() in {"id", "_id", "pk", "uid"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type(value: Any) -> type:
    return type(value)


def _same_shape(one: Any, other: Any) -> bool:
    if _type(one) != _type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same_shape(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return all(any(_same_shape(a, b) for a in one) for b in other) or not one
    return True


# ----------------------------------------------------------------------------- headers


def _headers(expected: Response, actual: Response, context: Context) -> Iterator[Difference]:
    checks: dict[str, Callable[[str, str], bool]] = {
        "content-type": lambda one, other: _media_type(one) == _media_type(other),
        "allow": lambda one, other: _members(one) == _members(other),
    }
    place = Place(owner=context.collection, write=context.writes)
    names = {name.lower() for name, _ in (*expected.headers, *actual.headers)}
    for name in sorted(names):
        wanted, seen = _joined(expected, name), _joined(actual, name)
        if wanted is None and seen is None:
            continue
        if name not in checks and not _READ_HEADERS.fullmatch(name):
            if wanted is not None and seen is not None and name in _BOUND_HEADERS:
                context.bindings.match_opaque(wanted, seen)
            continue
        if wanted is not None and seen is not None:
            check = checks.get(name)
            wanted = context.relocated(wanted)
            if check(wanted, seen) if check else context.bindings.match_text(wanted, seen, place):
                continue
        yield Difference("exact", f"header {name}", wanted, seen)
    yield from _cookies(expected, actual, context)


def _cookies(expected: Response, actual: Response, context: Context) -> Iterator[Difference]:
    wanted, seen = set_cookies(expected), set_cookies(actual)
    states = [{name: c.ends for name, c in side.items()} for side in (wanted, seen)]
    if states[0] != states[1]:
        yield Difference("exact", "header set-cookie", *(sorted(s.items()) for s in states))
    for name in wanted.keys() & seen.keys():
        one, other = wanted[name], seen[name]
        if not one.ends and not context.bindings.match_opaque(one.value, other.value):
            yield Difference("exact", f"cookie {name}", one.value, other.value)


def _joined(response: Response, name: str) -> str | None:
    """Return all values of a header as one, as HTTP allows; an empty one says nothing."""
    values = [value for key, value in response.headers if key.lower() == name and value]
    return ", ".join(values) if values else None


def _media_type(text: str) -> tuple[str, ...]:
    first, *parameters = (part.strip().lower() for part in text.split(";"))
    return (first, *sorted(part.replace('"', "").replace(" ", "") for part in parameters if part))


def _members(text: str) -> set[str]:
    return {part.strip().upper() for part in text.split(",") if part.strip()}
