import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traffic.json_stream import BrokenJsonError, JsonStream, TruncatedJsonError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Trickle:
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = data
        self._step = step

    def read(self, size: int, /) -> bytes:
        size = min(size, self._step)
        given_now, self._data = self._data[:size], self._data[size:]
        return given_now


def items(stream: JsonStream) -> list[Any]:
    found = []
    assert stream.take(b"[")
    while not stream.take(b"]"):
        found.append(json.loads(stream.value()))
        stream.take(b",")
    return found


@given(
    values=st.lists(VALUES, max_size=5),
    step=st.integers(1, 9),
    indent=st.sampled_from([None, 0, 3]),
    ascii_only=st.booleans(),
)
def test_any_json_however_it_arrives(
    values: list[Any], step: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    data = text.encode("utf-8", "surrogatepass" if ascii_only else "replace")
    assert items(JsonStream(Trickle(data, step))) == json.loads(data)


def test_a_number_is_not_cut_where_the_reading_stops() -> None:
    assert items(JsonStream(Trickle(b"[12345, -1.5e10 ]", 2))) == [12345, -1.5e10]


def test_an_object_with_a_lone_surrogate_has_an_end() -> None:
    stream = JsonStream(Trickle(b'{"a": "\\udc80 } \\" ", "b": {}}, 1', 5))
    assert stream.value() == b'{"a": "\\udc80 } \\" ", "b": {}}'
    assert stream.take(b",")
    assert stream.value() == b"1"


def test_what_is_cut_off_or_broken_is_told_apart() -> None:
    with pytest.raises(TruncatedJsonError):
        JsonStream(Trickle(b'{"a": [1, ', 4)).value()
    with pytest.raises(TruncatedJsonError):
        JsonStream(Trickle(b"  ", 4)).value()
    with pytest.raises(BrokenJsonError):
        JsonStream(Trickle(b'{"a": oops}', 4)).value()
