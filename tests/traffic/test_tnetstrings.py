from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traffic.tnetstrings import LostTnetstringError, TnetstringError, read_value
from tests.traffic.captures import tnetstring

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=40)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.binary(), inner)
)


@given(st.lists(VALUES, max_size=4))
def test_what_is_written_is_read(values: list[Any]) -> None:
    file = BytesIO(b"".join(map(tnetstring, values)))
    assert [read_value(file) for _ in values] == values
    with pytest.raises(EOFError):
        read_value(file)


@pytest.mark.parametrize("data", [b"x", b":", b"5:ab", b"5", b"99999999999999:"])
def test_where_the_next_value_starts_is_lost(data: bytes) -> None:
    with pytest.raises(LostTnetstringError):
        read_value(BytesIO(data))


@pytest.mark.parametrize("data", [b"1:a#", b"1:a?", b"3:9:a]", b"4:1:a,}", b"2:\xff\xff;"])
def test_the_value_after_a_damaged_one_can_be_read(data: bytes) -> None:
    file = BytesIO(data + b"1:7#")
    with pytest.raises(TnetstringError) as caught:
        read_value(file)
    assert not isinstance(caught.value, LostTnetstringError)
    assert read_value(file) == 7
