"""Secrets that a name gives away, wherever the name stands."""

import pytest

from harness.traffic.known import KnownSecrets
from harness.traffic.named import NamedSecrets
from harness.traffic.stand_ins import StandIns

SECRET = b"a1b2c3d4e5f6a7b8c9d0"


@pytest.mark.parametrize(
    "text",
    [
        b'{"id":1,"token":"%s"}',
        b'{"id":1,"token" : "%s"}',
        b'{"id":1,"token"\n:\n"%s"}',
        b'{"id":1,"my.token":"%s"}',
        b'{"id":1,"session token":"%s"}',
        b'{"id":1,"note":"{\\"token\\":\\"%s\\"}"}',
        b'{"id":1,"next":"https://example.test/?page=2&token=%s"}',
        b'{"id":1,"password":{"digest":"%s","algorithm":"sha-256"}}',
        b'{"id":1,"password": {"salt":"x", "hash": "%s"}}',
        b'["{\\"id\\":1,\\"password\\":{\\"digest\\":\\"%s\\"},\\"x\\":{}}"]',
        b"page=2&api_key=%s",
        b"&".join([b"page=2"] * 100) + b"&token=%s",
    ],
)
def test_a_telling_name_is_seen_however_it_is_written(text: bytes) -> None:
    named = NamedSecrets(StandIns(b"key"), KnownSecrets(), personal=False)

    for _ in range(2):
        written = named.in_text(text % SECRET, "answered")
        assert SECRET not in written
        assert written.startswith(text[:8])


def test_what_is_said_about_a_password_besides_stays() -> None:
    named = NamedSecrets(StandIns(b"key"), KnownSecrets(), personal=False)
    text = b'{"password":{"digest":"%s","algorithm":"sha-256"},"digest":"%s"}' % (b"x" * 40, SECRET)
    head, middle, tail = text.partition(b"x" * 40)
    written = named.in_text(text, "asked")

    assert (written[: len(head)], written[-len(tail) :]) == (head, tail)
    assert middle not in written


def test_names_that_merely_look_telling_stay() -> None:
    named = NamedSecrets(StandIns(b"key"), KnownSecrets(), personal=False)
    text = b'{"author":"a1b2c3d4e5f6a7b8c9d0","keyword":"a1b2c3d4e5f6a7b8c9d0"}'

    assert named.in_text(text, "answered") == text
