"""Messages that no client of an application would send: those it does, with parts exchanged."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

_PARTS = re.compile(r"([^\[{]*)([\[{].*?)(\x1e?)", re.DOTALL)
_GONE = object()
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
_SCALARS = st.none() | st.booleans() | _NUMBERS | st.text(max_size=8)


def _inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


ODD = [
    "\ud800", "\0", "../..", "", -1, 10**30, 10.5, float("nan"), None, True, [], {}, ["a"],
    {"a": "b"}, {"\ud800": [{"\ud800": None}]}, {"$date": "soon"}, _nested(200), _GONE,
]  # fmt: skip
"""Values of every type, and such as many programs trip over."""
VALUES = st.recursive(_SCALARS, _inside, max_leaves=8)
WHOLE = st.sampled_from(["", "null", "{", "[" * 50_000, '{"a":' * 50_000, b"\xff\x00"]) | st.text()


def junk(said: list[str]) -> st.SearchStrategy[str | bytes]:
    """Return messages like those that were said, and such as are like none."""
    changed = st.builds(_mutated, st.sampled_from(said), st.integers(0, 9), VALUES)
    return changed.filter(lambda each: each is not None) | WHOLE


def odd(text: str) -> Iterator[str]:
    """Yield a message with each of its parts exchanged for each odd value."""
    place = 0
    while (exchanged := [_mutated(text, place, value) for value in ODD])[0] is not None:
        yield from (each for each in exchanged if each is not None)
        place += 1


def _mutated(text: str, place: int, value: Any) -> str | None:
    """Put a value in the place of a part of the JSON in a message; None where it has no such."""
    parts = _PARTS.fullmatch(text)
    said = [json.loads(parts[2])] if parts else []
    puts = list(_puts(said))
    if parts is None or place >= len(puts):
        return None
    puts[place](value)
    body = json.dumps(said[0]) if said else ""
    return f"{parts[1]}{body}{parts[3]}"


def _puts(holder: Any) -> Iterator[Callable[[Any], None]]:
    """Yield functions that exchange one part each, JSON in texts included."""
    for step in list(holder) if isinstance(holder, dict) else range(len(holder)):
        yield lambda value, step=step: _put(holder, step, value)
        inner = holder[step]
        if isinstance(inner, dict | list):
            yield from _puts(inner)
        elif isinstance(inner, str) and inner.startswith(("{", "[")):
            yield from _in_text(holder, step)


def _in_text(holder: Any, step: Any) -> Iterator[Callable[[Any], None]]:
    said = [json.loads(holder[step])]

    def written(put: Callable[[Any], None]) -> Callable[[Any], None]:
        def exchange(value: Any) -> None:
            put(value)
            holder[step] = json.dumps(said[0]) if said else ""

        return exchange

    yield from map(written, _puts(said))


def _put(holder: Any, step: Any, value: Any) -> None:
    if value is _GONE:
        del holder[step]
    else:
        holder[step] = value
