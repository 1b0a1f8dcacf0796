from harness.inference.state.resources import Draft, draft_entities, identity, shapes_of
from tests.inference.factories import Tape, observations

PATHS = ["/books", "/books/{slug}", "/members/{id}", "/settings", "/search", "/shelves/{id}"]


def drafts(tape: Tape) -> dict[str, Draft]:
    return {draft.name: draft for draft in draft_entities(observations(tape, paths=PATHS))}


def a_book(slug: str, owner: int = 1, **more: object) -> dict[str, object]:
    names = {1: "ada", 2: "bob"}
    return {
        "slug": slug,
        "title": slug.title(),
        "owner": {"id": owner, "name": names[owner]},
        **more,
    }


def test_identity_of_a_value() -> None:
    assert identity(7) == "7"
    assert identity("night-ferry") == "night-ferry"
    assert identity("http://app.test/books/7/") == "7"
    assert identity(True) is None
    assert identity(1.5) is None
    assert identity("") is None
    assert identity({"id": 1}) is None


def test_every_place_of_an_answer_is_a_shape() -> None:
    tape = Tape()
    tape.add("GET /books", 200, {"books": [a_book("a"), a_book("b")], "total": 2})
    shapes = {shape.location: shape for shape in shapes_of(observations(tape, paths=PATHS))}
    assert set(shapes) == {(), ("books", "[]"), ("books", "[]", "owner")}
    assert len(shapes["books", "[]"].instances) == 2
    assert shapes["books", "[]"].is_list
    assert not shapes[()].is_list


def test_refusals_have_no_shapes() -> None:
    tape = Tape()
    tape.add("GET /books/x", 404, {"id": 1, "error": "not found"})
    assert shapes_of(observations(tape, paths=PATHS)) == []


def test_lists_reads_and_embedded_objects_are_unified() -> None:
    tape = Tape()
    tape.add("GET /books", 200, {"books": [a_book("a"), a_book("b", 2)]})
    tape.add("GET /books/a", 200, {"book": a_book("a", summary="About a")})
    tape.add("GET /members/1", 200, {"id": 1, "name": "ada", "bio": "Reads"})
    found = drafts(tape)
    assert set(found) == {"book", "member"}
    assert found["book"].key == "slug"
    assert found["book"].fields == ["slug", "title", "owner", "summary"]
    assert found["member"].key == "id"
    assert {shape.location for shape in found["member"].shapes} == {
        (),
        ("books", "[]", "owner"),
        ("book", "owner"),
    }
    assert [shape.location for shape in found["member"].roots] == [()]


def test_an_envelope_is_no_resource() -> None:
    tape = Tape()
    tape.add("GET /books/a", 200, {"book": a_book("a"), "id": 9})
    assert "book" in drafts(tape)


def test_things_with_the_same_numbers_stay_apart() -> None:
    tape = Tape()
    tape.add("GET /members/1", 200, {"id": 1, "name": "ada", "bio": "Reads"})
    tape.add("GET /members/2", 200, {"id": 2, "name": "bob", "bio": None})
    tape.add("GET /shelves/1", 200, {"id": 1, "label": "A", "floor": 3})
    tape.add("GET /shelves/2", 200, {"id": 2, "label": "B", "floor": 3})
    assert set(drafts(tape)) == {"member", "shelf"}


def test_a_field_that_only_some_have_is_sparse() -> None:
    tape = Tape()
    tape.add(
        "GET /books", 200, [{"slug": "a", "title": "A", "note": "x"}, {"slug": "b", "title": "B"}]
    )
    assert drafts(tape)["book"].sparse == {"note"}


def test_one_object_that_is_read_and_written_is_a_singleton() -> None:
    tape = Tape()
    tape.add("GET /settings", 200, {"theme": "dark", "rows": 20})
    tape.add("PATCH /settings", 200, {"theme": "light", "rows": 20}, body={"theme": "light"})
    settings = drafts(tape)["setting"]
    assert settings.singleton
    assert settings.key == ""


def test_an_object_that_is_only_read_is_no_entity() -> None:
    tape = Tape()
    tape.add("GET /search", 200, {"took": 3, "hits": 0})
    assert drafts(tape) == {}


def test_a_self_address_identifies_rows() -> None:
    tape = Tape()
    for number in (4, 5):
        row = {"url": f"http://app.test/shelves/{number}", "label": "ABCDE"[number - 1]}
        tape.add(f"GET /shelves/{number}", 200, row)
    assert drafts(tape)["shelf"].key == "url"


def test_whoever_asks_is_no_kind_of_resource() -> None:
    tape = Tape()
    tape.add("GET /members/me", 200, {"id": 1, "name": "ada"})
    tape.add("PATCH /members/me", 200, {"id": 1, "name": "eve"}, body={"name": "eve"})
    found = draft_entities(observations(tape, paths=["/members/me"]))
    assert [draft.name for draft in found] == ["member"]


def test_side_loaded_rows_are_named_by_their_kind() -> None:
    tape = Tape()
    loaded = {"members": [{"id": 7, "name": "ada"}, {"id": 8, "name": "bob"}]}
    book = {"slug": "a", "title": "A"}
    tape.add("GET /books/a", 200, {"item": book, "included": loaded})
    assert set(drafts(tape)) == {"book", "member"}


def test_rows_with_an_id_are_not_unified_by_what_they_point_to() -> None:
    tape = Tape()
    tape.add("GET /books", 200, [{"id": 1, "bookId": 9, "memberId": 3, "text": "Fine"}])
    tape.add("GET /settings", 200, [{"id": 5, "bookId": 9, "memberId": 3}])
    assert set(drafts(tape)) == {"book", "setting"}


def test_a_field_that_comes_back_was_hidden_and_not_null() -> None:
    tape = Tape()
    tape.add("GET /members/7", 200, {"id": 7, "name": "ada", "email": "ada@app.test"})
    tape.add("GET /members/7", 200, {"id": 7, "name": "ada"})
    assert "email" in drafts(tape)["member"].sparse
    tape.add("GET /members/7", 200, {"id": 7, "name": "ada", "email": "ada@app.test"})
    assert "email" not in drafts(tape)["member"].sparse
