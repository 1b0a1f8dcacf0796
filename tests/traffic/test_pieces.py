"""Rows that come again are searched once, and nothing is overlooked for it."""

import random

from harness.traffic.known import KnownSecrets
from harness.traffic.named import NamedSecrets
from harness.traffic.pieces import SeenPieces, joined
from harness.traffic.stand_ins import StandIns

ROW = b'{"id":%d,"title":"a row that is long enough to be cut out of its list","key":"none"}'


def _listed(*rows: bytes) -> bytes:
    return b'{"rows":[' + b",".join(rows) + b"]}"


def test_only_what_is_new_is_left_to_search() -> None:
    seen = SeenPieces()
    text = _listed(*(ROW % number for number in range(5)))
    seen.remember(text, seen.fresh(text))

    more = _listed(*(ROW % number for number in (*range(4), 9)))
    assert joined(seen.fresh(more)) == (ROW % 9) + b"]}"
    seen.forget()
    assert joined(seen.fresh(more)) == more


def test_a_secret_is_found_in_rows_that_were_read_before_it_was_known() -> None:
    known = KnownSecrets()
    rows = [ROW % number for number in range(5)]
    rows[3] = rows[3].replace(b"a row", b"sk-ABCDEFGH12345678")
    assert known.replace(_listed(*rows)) == _listed(*rows)

    known.learn(b"sk-ABCDEFGH12345678", b"sk-HGFEDCBA87654321")
    assert known.doubts == 1
    assert b"ABCDEFGH12345678" not in known.replace(_listed(*rows))


def test_nothing_differs_from_searching_everything_again() -> None:
    draw = random.Random(1)  # noqa: S311 - no cryptography
    learned: dict[bytes, bytes] = {}
    words = [b"%s%d" % (b"secretlookalike" * 2, number) for number in range(12)]
    quick, named = KnownSecrets(), NamedSecrets(StandIns(b"k"), KnownSecrets(), personal=False)
    for turn in range(300):
        row = b'{"note":"%s","token":"%s"}'
        plain = b'{"note":"%s","filler":"' + b"x " * 40 + b'"}'
        rows = [plain % draw.choice(words) for _ in range(draw.randint(1, 6))]
        if turn % 5 == 0:
            rows.insert(draw.randrange(len(rows)), row % (b"plain", draw.choice(words)))
        if turn % 20 == 0:
            secret = draw.choice(words)
            learned.setdefault(secret, b"stand-in-%d" % turn)
            quick.learn(secret, learned[secret])
        text = _listed(*rows)

        slow = KnownSecrets()
        for secret, stand_in in learned.items():
            slow.learn(secret, stand_in)
        assert quick.replace(text) == slow.replace(text)
        fresh = NamedSecrets(StandIns(b"k"), KnownSecrets(), personal=False)
        assert named.in_text(text, "answered") == fresh.in_text(text, "answered")
