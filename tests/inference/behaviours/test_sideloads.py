"""Rows beside what an answer is about: its children, or what its rows point to."""

from typing import Any

from harness.inference.model import Const, ObjectOf, RenderChildren, RenderReferenced
from tests.inference.factories import Tape, model_of

SHELVES = [{"id": 1, "label": "A"}, {"id": 2, "label": "B"}]
BOOKS = [
    {"id": 11, "title": "One", "shelfId": 1},
    {"id": 12, "title": "Two", "shelfId": 2},
    {"id": 13, "title": "Three", "shelfId": 1},
]


def included(tape: Tape, path: str, name: str) -> Any:
    operation = next(each for each in model_of(tape).operations if each.path == path)
    body = operation.response.body
    assert isinstance(body, ObjectOf)
    inner = body.fields["included"]
    assert isinstance(inner, ObjectOf | Const)
    return inner.fields[name] if isinstance(inner, ObjectOf) else inner.value


def created() -> Tape:
    tape = Tape()
    for shelf in SHELVES:
        tape.add("POST /shelves", 201, {"item": shelf}, body={"label": shelf["label"]})
    for book in BOOKS:
        sent = {"title": book["title"], "shelfId": book["shelfId"]}
        tape.add("POST /books", 201, {"item": book}, body=sent)
    return tape


def test_rows_that_point_to_the_resource() -> None:
    tape = created()
    for shelf in SHELVES:
        books = [book for book in BOOKS if book["shelfId"] == shelf["id"]]
        tape.add(f"GET /shelves/{shelf['id']}", 200, {"item": shelf, "included": {"books": books}})
    found = included(tape, "/shelves/{id}", "books")
    assert isinstance(found, RenderChildren)
    assert (found.entity, found.column) == ("book", "shelf_id")


def test_rows_that_the_list_points_to() -> None:
    tape = created()
    tape.add("GET /books", 200, {"items": BOOKS, "included": {"shelves": SHELVES}})
    found = included(tape, "/books", "shelves")
    assert isinstance(found, RenderReferenced)
    assert (found.row, found.entity, found.column) == ("row", "shelf", "shelf_id")


def test_rows_that_nothing_explains_are_left_out_and_reported() -> None:
    tape = created()
    for number, shelf in enumerate(SHELVES):
        beside = {"books": [BOOKS[1 - number]]}
        tape.add(f"GET /shelves/{shelf['id']}", 200, {"item": shelf, "included": beside})
    assert included(tape, "/shelves/{id}", "books") == Const(value=[])
    where = [each.where for each in model_of(tape).findings if "beside" in each.detail]
    assert where == ["GET /shelves/{id} included.books"]
