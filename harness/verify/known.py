"""What a recording has said before: values that a backend was told it does not make up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.traffic.exchange import Request, parse_json
from harness.verify.clock import Stamp, parse_stamp
from harness.verify.values import id_owner, is_id_key, noun, words

_SILENT_HEADERS = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
}


_FINE_S = 1.0
_ROUNDING = 0.01  # of binary fractions: .678 is less than 678 thousandths


class Known:
    """Values of the initial state and of the requests so far."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._words: set[str] = set()
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._moments: set[int] = set()

    def has_text(self, text: str) -> bool:
        return text in self._texts

    def has_word(self, word: str) -> bool:
        return word.lower() in self._words

    def has_moment(self, stamp: Stamp) -> bool:
        """Whether a timestamp was told before, perhaps in another format."""
        return stamp.high - stamp.low <= _FINE_S and _milliseconds(stamp) in self._moments

    def has_id(self, owner: str, value: object) -> bool:
        return owner in self._ids.get(str(value), ())

    def has_id_of_any(self, value: object) -> bool:
        return str(value) in self._ids

    def add_seed(self, seed: Mapping[str, Any]) -> None:
        """Add a seed state: its rows, links and tokens."""
        for entity, rows in seed.get("tables", {}).items():
            for row in rows:
                self._add_row(noun(entity), row)
        for token in seed.get("tokens", {}):
            self._add_text(str(token))

    def add_request(self, request: Request) -> None:
        """Add what a request says in its path, query, headers and body."""
        owner = ""
        for segment in request.path.split("/"):
            text = unquote(segment)
            self._add_text(text)
            self._ids[text].add(owner)
            owner = noun(text)
        for name, value in [*request.params(), *_body_values(request)]:
            self._add_value(name, value, "")
        for name, value in request.headers:
            if name.lower() not in _SILENT_HEADERS:
                self._texts.update(value.replace(";", " ").replace("=", " ").split())

    def _add_row(self, entity: str, row: Mapping[str, Any]) -> None:
        for column, value in row.items():
            self._add_value(column, value, entity)

    def _add_value(self, key: str, value: Any, owner: str) -> None:
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, list | dict):
            for inner in _scalars(value):
                self._add_value(key, inner, owner)
        if is_id_key(key) and isinstance(value, int | str):
            self._ids[str(value)].add(id_owner(key) or owner)

    def _add_text(self, text: str) -> None:
        stamp = parse_stamp(text)
        if stamp is not None and stamp.high - stamp.low <= _FINE_S:
            self._moments.add(_milliseconds(stamp))
        self._texts.add(text)
        self._words.update(words(text))


def _milliseconds(stamp: Stamp) -> int:
    return int(stamp.low * 1000 + _ROUNDING)


def _body_values(request: Request) -> Iterator[tuple[str, Any]]:
    if request.content_type == "application/x-www-form-urlencoded":
        yield from parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
        return
    try:
        yield from pairs("", parse_json(request.body))
    except ValueError:
        yield "", request.body.decode(errors="replace")


def pairs(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every scalar of a JSON value with its nearest key."""
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from pairs(inner_key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(key, inner)
    else:
        yield key, value


def _scalars(value: Any) -> Iterator[Any]:
    return (inner for _, inner in pairs("", value))
