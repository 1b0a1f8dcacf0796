import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traffic.stand_ins import StandIns

STAND_INS = StandIns(b"k" * 32)


def shape(text: bytes) -> bytes:
    text = re.sub(rb"[0-9]", b"0", text)
    text = re.sub(rb"[a-z]", b"a", text)
    return re.sub(rb"[A-Z]", b"A", text)


@given(st.binary(max_size=80))
def test_the_shape_stays(secret: bytes) -> None:
    made = STAND_INS.of(secret)
    assert made == STAND_INS.of(secret)
    if not secret.startswith(b"eyJ"):
        assert shape(made) == shape(secret)


@given(st.binary(max_size=40).map(lambda data: b"eyJ" + data))
def test_anything_that_looks_like_a_jwt_has_a_stand_in(secret: bytes) -> None:
    assert STAND_INS.of(secret).count(b".") == secret.count(b".")


@pytest.mark.parametrize("secret", [b"a", b"7", b"Q", b"ab", b"secret", b"0000", b"password-1"])
def test_a_stand_in_is_never_the_secret(secret: bytes) -> None:
    assert STAND_INS.of(secret) != secret


def test_what_has_nothing_to_replace_stays() -> None:
    assert STAND_INS.of(b"") == b""
    assert STAND_INS.of(b"***") == b"***"


@pytest.mark.parametrize(
    ("secret", "pattern"),
    [
        (b"sk_live_0f19c557067cbbe80c46d1fb", rb"sk_live_[0-9a-f]{24}"),
        (b"rt_79BG16QmtsL4F28GzL2c", rb"rt_\w{20}"),
        (b"s:a84yRnBUbHoWC8FJow", rb"s:\w{18}"),
        (b"0F19C557067CBBE8", rb"[0-9A-F]{16}"),
        (
            b"9ee67107-110a-412d-9d07-51b97fc98c29",
            rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}",
        ),
        (b"123456", rb"[1-9]\d{5}"),
    ],
)
def test_known_forms_stay_valid(secret: bytes, pattern: bytes) -> None:
    made = STAND_INS.of(secret)
    assert re.fullmatch(pattern, made)
    assert made != secret
