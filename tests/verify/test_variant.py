import base64
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.testing import exchange
from harness.traffic.exchange import Exchange, parse_json
from harness.verify.postgres import PostgresServer
from harness.verify.variant import Variant, variant
from harness.verify.variant.leaves import FORM
from harness.verify.verify import Case, verify_backend
from tests.verify.lookup import look_up

SEED = {
    "tables": {"user": [{"id": 1, "email": "walter@x.test", "password": "Quiet-Rain-11"}]},
    "links": {},
    "tokens": {"c0ffee254729296a45a3885639ac7e10f9d54979": 1},
}
HOW = "How to bake bread"
SLUG = "how-to-bake-bread-4f2"


def post(seq: int, path: str, body: Any, status: int = 201, answer: Any = None) -> Exchange:
    return exchange(seq, "POST", path, body, status, answer)


def get(seq: int, target: str, answer: Any, status: int = 200) -> Exchange:
    return exchange(seq, "GET", target, None, status, answer)


def made(*exchanges: Exchange, seed: Any = None) -> Variant:
    return variant(Case("story", exchanges, seed), "salt")


def sent(found: Variant, index: int = 0) -> Any:
    return parse_json(found.case.exchanges[index].request.body)


def answered(found: Variant, index: int) -> Any:
    response = found.case.exchanges[index].response
    assert response is not None
    return parse_json(response.body)


def test_a_text_changes_wherever_and_however_it_is_said() -> None:
    found = made(
        post(1, "/notes", {"title": HOW}, 201, {"title": HOW, "slug": SLUG}),
        get(2, f"/notes/{SLUG}", {"title": HOW, "url": f"/notes/{SLUG}"}),
        get(3, "/notes?q=bread", [{"title": HOW}]),
        get(4, "/shout", {"title": HOW.upper(), "kind": "loud"}),
    )  # fmt: skip
    title = sent(found)["title"]
    slug = title.lower().replace(" ", "-") + "-4f2"
    assert title != HOW
    assert len(title) == len(HOW)
    assert answered(found, 0) == {"title": title, "slug": slug}
    assert found.case.exchanges[1].request.path == f"/notes/{slug}"
    assert answered(found, 1) == {"title": title, "url": f"/notes/{slug}"}
    assert found.case.exchanges[2].request.query == f"q={title.split()[-1]}"
    assert answered(found, 3) == {"title": title.upper(), "kind": "loud"}
    assert (found.chosen, found.fresh, found.share) == (1, 1, 1.0)


def test_addresses_keep_their_domain_and_encodings_follow() -> None:
    mail = "walter@shop.example"
    one = exchange(1, "POST", "/people", {"mail": mail}, 201, {"mail": mail})
    basic = base64.b64encode(f"{mail}:x".encode()).decode()
    read = exchange(
        2, "GET", "/people/walter%40shop.example?as=walter%40shop.example", None, 200,
        {"mail": mail}, {"Authorization": f"Basic {basic}"},
    )  # fmt: skip
    found = made(one, read)
    fresh = sent(found)["mail"]
    request = found.case.exchanges[1].request
    encoded = fresh.replace("@", "%40")
    assert fresh != mail
    assert fresh.endswith("@shop.example")
    assert request.query == f"as={encoded}"
    credentials = (request.header("authorization") or "").removeprefix("Basic ")
    assert base64.b64decode(credentials).decode() == f"{fresh}:x"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T08:00:00Z", "5f0c3f5e-7a51-4a3e-9d61-0a7f9f6b1c22", "https://other.example/pic.png",
        "#ffaabb", "image/svg+xml", "en-GB", "<b>bold</b>", "{ query }", "", "  ", "12.50",
    ],
)  # fmt: skip
def test_formats_stay(text: str) -> None:
    found = made(post(1, "/notes", {"note": text, "title": HOW}, 201, {"note": text}))
    assert sent(found)["note"] == text
    assert answered(found, 0) == {"note": text}
    assert found.fresh == 1


def test_what_has_a_meaning_stays() -> None:
    rows = [{"title": f"{name} lamp", "state": "open"} for name in ("Oak", "Elm", "Ash", "Fir")]
    found = made(
        get(1, "/notes?sort=title", {"notes": [], "hint": "none yet"}),
        *(post(seq, "/notes", row, 201, row) for seq, row in enumerate(rows, 2)),
        post(6, "/notes", {"title": "bogus", "state": "closed"}, 422, {"error": "title is odd"}),
        get(7, "/notes?state=open&sort=title", {"notes": rows, "hint": "title first"}),
        get(8, "/notes/nowhere", {"error": "nowhere is no note"}, 404),
    )
    for index in (0, 6):
        assert found.case.exchanges[index].request.query.endswith("sort=title")
    assert answered(found, 0) == {"notes": [], "hint": "none yet"}
    assert {row["state"] for row in answered(found, 6)["notes"]} == {"open"}
    assert answered(found, 6)["hint"] == "title first"
    assert sent(found, 1)["title"] == answered(found, 6)["notes"][0]["title"] != "Oak lamp"
    assert sent(found, 5) == {"title": "bogus", "state": "closed"}
    assert found.case.exchanges[7].request.path == "/notes/nowhere"


def test_what_the_original_makes_of_a_text_in_its_own_way_stays() -> None:
    accents, initials = "Crème brûlée maison", "Walter Whitman"
    found = made(
        post(1, "/notes", {"title": accents}, 201, {"slug": "creme-brulee-maison"}),
        post(2, "/people", {"name": initials}, 201, {"handle": "walterwhitman"}),
    )
    assert sent(found, 0) == {"title": accents}
    assert sent(found, 1) == {"name": initials}
    assert found.fresh == 0


def test_a_message_that_quotes_a_text_changes_around_nothing_else() -> None:
    found = made(
        post(1, "/people", {"name": "Walter W"}, 201, {"name": "Walter W"}),
        post(2, "/people", {"name": "Walter W"}, 409, {"error": "name Walter W is taken"}),
    )
    name = sent(found)["name"]
    assert name != "Walter W"
    assert answered(found, 1) == {"error": f"name {name} is taken"}


def test_the_initial_state_changes_and_its_tokens_do_not() -> None:
    login = {"email": "walter@x.test", "password": "Quiet-Rain-11"}
    found = made(post(1, "/login", login, 200, {"email": "walter@x.test"}), seed=SEED)
    seed = found.case.seed
    assert seed is not None
    [row] = seed["tables"]["user"]
    assert row["id"] == 1
    assert row["email"] != "walter@x.test"
    assert {key: row[key] for key in login} == sent(found)
    assert seed["tokens"] == SEED["tokens"]


def sends(seq: int, kind: str, body: bytes, answer: Any) -> Exchange:
    one = exchange(seq, "POST", "/notes", None, 201, answer)
    headers = (("Content-Type", kind),)
    return replace(one, request=replace(one.request, headers=headers, body=body))


def test_a_form_changes_and_what_cannot_be_read_does_not() -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nBoiled rice\r\n--x--\r\n'
    found = made(
        sends(1, FORM, b"title=Fried+rice&x=1", {"title": "Fried rice"}),
        sends(2, "multipart/form-data; boundary=x", part, {"title": "Boiled rice"}),
        post(3, "/notes", {"title": "Boiled rice"}, 201, {"title": "Boiled rice"}),
    )
    fresh = answered(found, 0)["title"]
    assert fresh.split()[0] != "Fried"
    assert found.case.exchanges[0].request.body == f"title={fresh.replace(' ', '+')}&x=1".encode()
    assert found.case.exchanges[1].request.body == part
    assert answered(found, 1) == answered(found, 2) == {"title": "Boiled rice"}


def test_ids_move_clear_of_every_number() -> None:
    found = made(post(1, "/notes", {"title": HOW}, 201, {"id": 7}), get(2, "/notes/4711", {}, 404))
    assert found.case.id_offset > 4711 + 7
    assert made(post(1, "/notes", {"title": HOW})).case.id_offset != found.case.id_offset


def test_an_id_that_was_asked_for_before_it_was_given_is_not_moved() -> None:
    made_later = post(2, "/notes", {"title": HOW}, 201, {"id": 1})
    assert made(get(1, "/notes/1", {}, 404), made_later).case.id_offset == 0
    assert made(get(1, "/notes/2", {}, 404), made_later).case.id_offset > 0


def test_a_backend_that_has_the_behaviour_has_it_in_the_variant(
    postgres: PostgresServer, notes: Path, recorded: list[Exchange]
) -> None:
    found = variant(Case("story", recorded), "salt")
    again = variant(Case("story", recorded), "salt")
    assert [one.request for one in found.case.exchanges] == [
        one.request for one in again.case.exchanges
    ]
    assert found.share > 0.5
    report = verify_backend(notes, [found.case], postgres=postgres).report
    assert [one.line() for one in report.mismatches] == []
    assert report.exact == len(recorded)


def test_a_backend_that_looks_requests_up_has_it_not(
    postgres: PostgresServer, notes: Path, recorded: list[Exchange], tmp_path: Path
) -> None:
    cheat = look_up(shutil.copytree(notes, tmp_path / "backend"), recorded)
    case = Case("story", recorded)
    known = verify_backend(cheat, [case], postgres=postgres).exact
    unknown = verify_backend(cheat, [variant(case, "salt").case], postgres=postgres).exact
    assert len(known) == len(recorded)
    assert len(unknown) < len(recorded) / 4
