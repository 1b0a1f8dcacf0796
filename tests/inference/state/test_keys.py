from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft
from tests.inference.factories import Tape, world_of

PATHS = ["/members", "/books", "/books/{slug}/reviews", "/shelves", "/loans"]
MEMBERS = [{"id": 1, "name": "ada"}, {"id": 2, "name": "bob"}]


def columns(keys: ForeignKeys, name: str) -> dict[str, str]:
    draft = next(each for each in keys.world.drafts if each.name == name)
    return {column: parent.name for column, parent in keys.of(draft).items()}


def of(tape: Tape) -> ForeignKeys:
    return ForeignKeys(world_of(tape, paths=PATHS))


def named(keys: ForeignKeys, name: str) -> Draft:
    return next(each for each in keys.world.drafts if each.name == name)


def test_an_embedded_object_is_a_foreign_key() -> None:
    tape = Tape()
    tape.add("GET /members", 200, MEMBERS)
    tape.add("GET /books", 200, [{"slug": "a", "title": "A", "owner": MEMBERS[1]}])
    keys = of(tape)
    assert columns(keys, "book") == {"owner_id": "member"}
    (book,) = keys.world.rows[id(named(keys, "book"))]
    parent = keys.parent(book, "owner_id", 99)
    assert parent is not None
    assert parent.first("name") == "bob"


def test_a_number_named_after_another_entity_points_to_it() -> None:
    tape = Tape()
    tape.add("GET /members", 200, MEMBERS)
    loans = [{"id": 1, "memberId": 2, "note": "x"}, {"id": 2, "memberId": 1, "note": "y"}]
    tape.add("GET /loans", 200, loans)
    keys = of(tape)
    assert columns(keys, "loan") == {"member_id": "member"}
    assert keys.scalar_fields(named(keys, "loan")) == {"memberId"}


def test_small_numbers_of_another_name_point_nowhere() -> None:
    tape = Tape()
    tape.add("GET /members", 200, MEMBERS)
    tape.add("GET /shelves", 200, [{"id": 1, "floor": 2}, {"id": 2, "floor": 1}])
    assert columns(of(tape), "shelf") == {}


def test_long_keys_point_by_their_values_alone() -> None:
    ids = ["6f1d0c1e-4a7b-4c0e-9d2f-0123456789ab", "7f1d0c1e-4a7b-4c0e-9d2f-0123456789ab"]
    tape = Tape()
    tape.add("GET /shelves", 200, [{"id": each, "label": each[:1]} for each in ids])
    tape.add("GET /books", 200, [{"slug": "a", "title": "A", "home_id": ids[1]}])
    assert columns(of(tape), "book") == {"home_id": "shelf"}


def test_rows_created_under_a_path_belong_to_its_row() -> None:
    tape = Tape()
    tape.add("GET /books", 200, [{"slug": "a", "title": "A"}, {"slug": "b", "title": "B"}])
    for number, slug in ((1, "a"), (2, "b")):
        review = {"id": number, "text": f"On {slug}"}
        tape.add(f"POST /books/{slug}/reviews", 201, review, body={"text": review["text"]})
    keys = of(tape)
    assert columns(keys, "review") == {"book_id": "book"}
    assert not keys.scalar_fields(named(keys, "review"))
    first, second = keys.world.rows[id(named(keys, "review"))]
    assert [keys.parent(row, "book_id", 99).first("slug") for row in (first, second)] == ["a", "b"]  # type: ignore[union-attr]


def test_a_tree_points_to_itself() -> None:
    tape = Tape()
    rows = [
        {"id": 10, "label": "Fiction", "shelfId": None},
        {"id": 11, "label": "Crime", "shelfId": 10},
        {"id": 12, "label": "Sea", "shelfId": 10},
    ]
    tape.add("GET /shelves", 200, rows)
    keys = of(tape)
    assert columns(keys, "shelf") == {"shelf_id": "shelf"}
    top, crime, _ = keys.world.rows[id(named(keys, "shelf"))]
    assert keys.parent(crime, "shelf_id", 99) is top
    assert keys.parent(top, "shelf_id", 99) is None


def test_of_a_circle_the_special_role_gives_way() -> None:
    tape = Tape()
    tape.add("GET /shelves", 200, [{"id": "s-0000001", "mainBookId": "b-0000001", "name": "A"}])
    tape.add("GET /books", 200, [{"id": "b-0000001", "shelfId": "s-0000001", "title": "T"}])
    keys = of(tape)
    assert columns(keys, "book") == {"shelf_id": "shelf"}
    assert columns(keys, "shelf") == {}
