"""The state in which a recording starts."""

from functools import cache
from typing import Any

from harness.inference.model import SeedState
from harness.inference.seed import seed_state
from tests.inference.factories import Tape, model_of
from tests.inference.lending import Library
from tests.inference.lending_days import HEAD, book, join, library_model, recorded


def state(recording: str) -> SeedState:
    return next(each for each in library_model().seeds if each.recording == recording)


def rows(entity: str, key: str) -> dict[Any, dict[str, Any]]:
    return {row[key]: row for row in state("tuesday").tables[entity]}


def test_the_first_day_begins_with_its_head_alone() -> None:
    assert state("monday").tables == {"member": [HEAD]}
    assert not state("monday").links
    assert not state("monday").tokens


def test_rows_as_they_are_first_seen() -> None:
    rivers = rows("book", "slug")["slow-rivers"]
    assert rivers["title"] == "Slow Rivers"
    assert rivers["summary"] == "All about rivers."
    assert rivers["genres"] == ["essays", "water"]
    assert "stars" not in rivers


def test_visible_keys_stay_and_hidden_ones_are_counted() -> None:
    assert rows("review", "id").keys() == {1, 5}
    assert [row["id"] for row in state("tuesday").tables["book"]] == [1, 2, 3, 4]


def test_hidden_keys_follow_the_time_of_creation() -> None:
    created = [row["created_at"] for row in state("tuesday").tables["book"]]
    assert created == sorted(created)


def test_foreign_keys_are_resolved() -> None:
    books = rows("book", "slug")
    assert books["slow-rivers"]["owner_id"] == rows("member", "name")["ada"]["id"]
    review = rows("review", "id")[5]
    assert review["book_id"] == books["slow-rivers"]["id"]
    assert review["member_id"] == rows("member", "name")["ada"]["id"]


def test_who_logs_in_without_registering_has_that_password() -> None:
    assert rows("member", "name")["dan"]["password"] == "p"


def test_sessions_that_were_open_before() -> None:
    tokens = state("tuesday").tokens
    assert list(tokens.values()) == [rows("member", "name")["ada"]["id"]]


def test_links_that_are_shown_before_anybody_made_them() -> None:
    ada, slow_rivers = rows("member", "name")["ada"], rows("book", "slug")["slow-rivers"]
    links = state("tuesday").links["star"]
    assert {"member_id": ada["id"], "book_id": slow_rivers["id"]} in links
    assert len(links) == 2, "the second star is somebody's, the answers do not say whose"


def test_words_are_there_from_the_start() -> None:
    words = [row["name"] for row in state("tuesday").tables["genre"]]
    assert words == ["crime", "essays", "water"]


def test_what_the_recording_never_shows_is_filled_in_plausibly() -> None:
    assert rows("book", "slug")["the-glass-orchard"]["summary"]
    assert "@" in rows("member", "name")["bob"]["email"]


@cache
def wednesday() -> SeedState:
    """The start of a recording that the model was not learned from."""
    library = Library(Tape("before"))
    zoe = join(library, "zoe")
    library.ask("POST /api/books", book("Paper Boats", genres=["toys"]), zoe)
    library.ask("PUT /api/books/paper-boats/star", token=zoe)
    tape = library.rewind("wednesday").tape
    library.ask("GET /api/me", token=zoe)
    library.ask("GET /api/books/paper-boats", token=zoe)
    library.ask("DELETE /api/books/paper-boats/star", token=zoe)
    library.ask("DELETE /api/books/paper-boats", token=zoe)
    return seed_state(library_model(), tape, recorded())


def test_the_start_of_a_recording_that_was_never_learned_from() -> None:
    (paper,) = wednesday().tables["book"]
    assert paper["slug"] == "paper-boats"
    (zoe,) = wednesday().tables["member"]
    assert zoe["name"] == "zoe"
    assert paper["owner_id"] == zoe["id"]
    assert list(wednesday().tokens.values()) == [zoe["id"]]
    assert wednesday().links["star"] == [{"member_id": zoe["id"], "book_id": paper["id"]}]


def test_rows_that_are_only_addressed_are_there_too() -> None:
    tape = Tape("shelves")
    for number in (1, 2):
        row = {"id": number, "label": "AB"[number - 1]}
        tape.add("POST /shelves", 201, row, body={"label": row["label"]})
        tape.add(f"GET /shelves/{number}", 200, row)
    tape.add("DELETE /shelves/1", 204)
    later = Tape("later")
    later.add("DELETE /shelves/40", 204)
    seeds = {each.recording: each for each in model_of(tape, later).seeds}
    assert [row["id"] for row in seeds["later"].tables["shelf"]] == [40]


def paged(count: int, *shown: int) -> dict[str, Any]:
    items = [{"id": key, "name": f"oak {key}"} for key in shown]
    return {"trees": items, "count": count}


def test_rows_that_are_only_counted_are_made_up() -> None:
    tape = Tape()
    tape.add("GET /trees?limit=2&offset=0", 200, paged(5, 9, 8))
    tape.add("POST /trees", 201, {"tree": {"id": 10, "name": "elm"}}, body={"name": "elm"})
    tape.add("GET /trees?limit=2&offset=0", 200, paged(6, 10, 9))
    tape.add("GET /trees/9", 200, {"tree": {"id": 9, "name": "oak 9"}})
    [seed] = model_of(tape).seeds
    table = seed.tables["tree"]
    assert len(table) == 5
    assert {8, 9} < {row["id"] for row in table}
    assert len({row["id"] for row in table}) == 5


def test_keys_that_were_given_out_before_are_not_given_again() -> None:
    tape = Tape()
    for key in (41, 42):
        tree = {"id": key, "name": f"oak {key}"}
        tape.add("POST /trees", 201, tree, body={"name": tree["name"]})
        tape.add(f"GET /trees/{key}", 200, tree)
    [seed] = model_of(tape).seeds
    assert seed.last_keys == {"tree": 40}


def test_a_session_of_somebody_never_shown_is_open_all_the_same() -> None:
    tape = Tape()
    for name in ("ada", "ben"):
        body = {"name": name, "password": "secret-words"}
        member = {"id": len(name) + len(tape.exchanges), "name": name}
        token = f"token-of-{name}-0123456789"
        tape.add("POST /members", 201, {**member, "token": token}, body=body)
        tape.add("GET /members/me", 200, member, token=token)
    tape.add("GET /members/me", 401, {"detail": "who are you"})
    tape.add("POST /notes", 401, {"detail": "who are you"}, body={"text": "x"})
    for number in (1, 2):
        made = {"id": number, "text": f"note {number}"}
        tape.add("POST /notes", 201, made, body={"text": made["text"]}, token="open-before-123456")
    [seed] = model_of(tape).seeds
    assert list(seed.tokens) == ["open-before-123456"]
    assert seed.tokens["open-before-123456"] in {row["id"] for row in seed.tables["member"]}
