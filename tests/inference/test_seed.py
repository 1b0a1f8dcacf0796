"""The state in which a recording starts."""

from functools import cache
from typing import Any

from harness.inference.model import SeedState
from harness.inference.seed import seed_state
from tests.inference.factories import Tape, model_of
from tests.inference.library import Library
from tests.inference.library_days import HEAD, book, join, library_model, recorded


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
