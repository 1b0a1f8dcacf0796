from harness.inference.model import (
    ColumnValue,
    Const,
    Expr,
    LinkCount,
    Linked,
    Render,
    RenderChildren,
    Template,
    Token,
    View,
    ViewField,
)
from tests.inference.factories import Tape, known
from tests.inference.lending_days import library_model

PATHS = ["/members", "/login", "/books", "/books/{slug}", "/shelves", "/shelves/{id}"]


def fields(view: View) -> dict[str, Expr]:
    return {field.key: field.value for field in view.fields}


def field(view: str, key: str) -> ViewField:
    return next(each for each in library_model().view(view).fields if each.key == key)


def views(tape: Tape) -> dict[str, View]:
    return {view.name: view for view in known(tape, paths=PATHS).views.views}


def test_stored_fields_are_columns() -> None:
    assert field("Book", "createdAt").value == ColumnValue(row="row", path=["created_at"])


def test_a_relation_of_the_caller_and_counts() -> None:
    assert field("Book", "starred").value == Linked(link="star", row="row")
    assert field("Book", "stars").value == LinkCount(link="star", row="row")
    assert field("Book", "reviewCount").value.kind == "child_count"


def test_a_flag_that_lists_do_not_fill_is_a_constant_there() -> None:
    assert field("BookListItem", "starred").value == Const(value=False)
    assert field("BookListItem", "stars").value == LinkCount(link="star", row="row")


def test_lists_may_show_less() -> None:
    book, item = fields(library_model().view("Book")), fields(library_model().view("BookListItem"))
    assert set(book) - set(item) == {"summary"}


def test_an_embedded_resource_is_rendered_by_its_own_view() -> None:
    assert field("Book", "owner").value == Render(row="row", path=["owner_id"], view="Owner")
    assert set(fields(library_model().view("Owner"))) == {"id", "name"}
    assert library_model().view("Owner").entity == "member"


def test_equal_shapes_share_a_view() -> None:
    assert [view.name for view in library_model().views if view.entity == "book"] == [
        "Book",
        "BookListItem",
    ]


def test_a_field_says_what_shows_it_and_what_was_ruled_out() -> None:
    starred = field("BookListItem", "starred")
    assert starred.evidence
    (struck,) = starred.ruled_out
    assert struck.value == Linked(link="star", row="row")
    exchange = struck.evidence[0]
    assert exchange.startswith("monday#")


def test_counts_rule_out_each_other() -> None:
    kinds = {each.value.kind for each in field("Book", "stars").ruled_out}
    assert kinds == {"child_count", "const"}


def test_a_token_of_the_answer() -> None:
    tape = Tape()
    for name in ("ada", "bob"):
        member = {"id": len(name), "name": name, "token": f"{name}-" * 6}
        body = {"name": name, "password": "secret"}
        tape.add("POST /members", 201, {**member, "id": ord(name[0])}, body=body)
    assert fields(views(tape)["Member"])["token"] == Token(row="row")


def test_without_users_there_is_nobody_to_give_a_token_to() -> None:
    tape = Tape()
    for key in ("a", "b"):
        answer = {"id": f"member-{key}", "name": key, "token": key * 24}
        tape.add("POST /members", 201, answer, body={"name": key})
        tape.add("GET /books", 200, [], token=key * 24)
    assert fields(views(tape)["Member"])["token"] == ColumnValue(row="row", path=["token"])


def test_an_address_on_the_own_origin_is_made_from_the_key() -> None:
    tape = Tape()
    for number in (4, 5):
        row = {"id": number, "label": "x" * number, "url": f"http://app.test/shelves/{number}"}
        tape.add(f"GET /shelves/{number}", 200, row)
    url = fields(views(tape)["Shelf"])["url"]
    assert isinstance(url, Template)
    assert url.text == "{origin}/shelves/{key}"
    assert url.values == {"key": ColumnValue(row="row", path=["id"])}


def test_children_inside_their_parent() -> None:
    tape = Tape()
    books = [{"slug": "a", "title": "A", "shelfId": 4}, {"slug": "b", "title": "B", "shelfId": 4}]
    tape.add("GET /shelves/4", 200, {"id": 4, "label": "Sea", "books": books})
    tape.add("GET /shelves/5", 200, {"id": 5, "label": "Air", "books": []})
    tape.add("GET /books", 200, books)
    inside = fields(views(tape)["Shelf"])["books"]
    assert isinstance(inside, RenderChildren)
    assert (inside.entity, inside.column) == ("book", "shelf_id")


def test_a_field_that_is_left_out_is_omitted_when_null() -> None:
    tape = Tape()
    rows = [{"id": 1, "label": "A", "note": "dusty"}, {"id": 2, "label": "B"}]
    tape.add("GET /shelves", 200, rows)
    (view,) = views(tape).values()
    omitted = {each.key: each.omit_null for each in view.fields}
    assert omitted == {"id": False, "label": False, "note": True}
