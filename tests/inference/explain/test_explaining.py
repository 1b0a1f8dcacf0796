import pytest

from harness.errors import UsageError
from harness.inference.explain.explaining import Explanation, explain, render
from harness.inference.model import ApiModel, Endpoint
from harness.testing import model, operation
from tests.inference.lending_days import exchanges, library_model


def explained(what: str) -> Explanation:
    return explain(library_model(), what)


def said(what: str, title: str) -> list[str]:
    section = next(each for each in explained(what).sections if each.title == title)
    return [statement.text for statement in section.statements]


def titles(what: str) -> list[str]:
    return [section.title for section in explained(what).sections]


@pytest.mark.parametrize(
    "what",
    [
        "PATCH /api/books/{slug}",
        "patch /api/books/night-ferry",
        "PATCH  /api/books/{any_name}",
        "PATCH /books/night-ferry",
        "PATCH /api/books/night-ferry?draft=1",
        "update_book",
    ],
)
def test_the_ways_to_name_an_operation(what: str) -> None:
    assert explained(what).subject == "PATCH /api/books/{slug} (update_book)"


def test_what_an_operation_takes_does_and_answers() -> None:
    assert titles("update_book") == [
        "Takes",
        "Checks, in this order",
        "Does",
        "Answers",
        "Ruled out",
    ]
    assert "slug in the path: string" in said("update_book", "Takes")
    assert said("update_book", "Answers") == ['200 {"book": <the book as Book>}']
    assert said("update_book", "Does")[0] == "finds the book whose slug is the path's slug"


def test_checks_in_their_order_with_their_answers() -> None:
    checks = said("delete_book", "Checks, in this order")
    assert checks == [
        'when no token is sent: 401 {"error": {"code": "who_are_you"}}',
        'when the token is not valid: 401 {"error": {"code": "bad_token"}}',
        'when there is no book whose slug is the path\'s slug: 404 {"error": {"code": "no_book"}}',
        "when the book's owner_id is not the caller's id and the caller's admin is not true: "
        '403 {"error": {"code": "not_yours"}}',
    ]


def test_rules_of_the_body_stand_where_it_is_checked() -> None:
    checks = said("POST /api/members", "Checks, in this order")
    assert checks[0] == 'when name is missing: 422 {"errors": {"name": "missing"}}'
    assert checks[-1].startswith("when another member has the email of the body already: 409")


def test_what_is_assumed_is_marked() -> None:
    section = next(
        each for each in explained("return_loan").sections if each.title.startswith("Checks")
    )
    assert [statement.assumed for statement in section.statements] == [True, True, False]
    assert "(assumed)" in render(explained("return_loan"))


def test_what_accepted_requests_rule_out() -> None:
    struck = said("PUT /api/books/{slug}/star", "Ruled out")
    assert "refusing when the book's owner_id is not the caller's id" in struck
    assert "refusing when the caller is linked to the book by star" in struck


def test_when_a_status_is_answered() -> None:
    cases = said("POST /api/books 422", "Cases")
    assert 'when title is missing: 422 {"errors": {"title": "missing"}}' in cases
    assert all(": 422 " in case for case in cases)
    assert said("create_book 201", "Cases") == [
        'when no check fails: 201 {"book": <the new row as Book>}'
    ]
    assert set(exchanges("POST /api/books", 422)) <= set(explained("POST /api/books 422").evidence)


def test_a_status_that_was_never_seen() -> None:
    answer = explained("POST /api/books 418")
    assert answer.summary.endswith("is not known to answer 418, but with 201, 401 and 422.")
    assert "Ruled out" in titles("POST /api/books 418")


def test_a_path_with_all_its_methods() -> None:
    assert said("/api/books", "Operations") == [
        "GET /api/books (list_books): List books",
        "POST /api/books (create_book): Create book",
    ]
    assert explained("/api/genres").subject == "GET /api/genres (list_genres)"


def test_a_method_that_the_path_does_not_have() -> None:
    answer = explained("PUT /api/books")
    assert answer.summary == "No operation: /api/books is served with GET and POST only."
    assert said("PUT /api/books", "Answers") == [
        'a wrong method: 405 {"error": {"code": "wrong_method"}}'
    ]


def test_an_endpoint_that_is_no_operation() -> None:
    chat = Endpoint(
        method="GET",
        host="app.test",
        path="/chat",
        count=3,
        protocol="websocket",
        responses={"101": {"application/json": {}}},
        evidence=["monday#1"],
    )
    answer = explain(ApiModel(title="Chat", endpoints=[chat]), "GET /chat")
    assert answer.summary == "Seen 3 times (websocket); the clone has no operation for it."
    assert answer.evidence == ["monday#1"]
    assert [each.text for each in answer.sections[0].statements] == ["101 application/json"]


def test_a_request_that_went_nowhere() -> None:
    answer = explained("GET /api/nothing")
    assert answer.summary == "Seen, and no operation."
    assert said("GET /api/nothing", "Answers") == [
        'an unknown path: 404 {"error": {"code": "no_such_path"}}'
    ]


def test_an_entity() -> None:
    for name in ("book", "Books", "books"):
        assert explained(name).subject == "book"
    columns = said("book", "Columns")
    assert (
        "slug: stored as string, never null, unique; set by the server: the slug of title, with 6 "
        "random hex digits on a clash; not made again when title changes" in columns
    )
    assert "rows of review point to it by book_id" in said("book", "Relations")
    assert said("book", "At the start of a recording") == [
        "tuesday: 4 rows were there before it began"
    ]


def test_a_computed_field() -> None:
    answer = explained("book.stars")
    assert answer.summary.endswith("It is not stored: it is computed when it is shown.")
    assert "in Book, stars: how many users are linked to the row by star" in said(
        "book.stars", "Shown"
    )
    assert "stars in Book is always 0" in said("book.stars", "Ruled out")


@pytest.mark.parametrize("what", ["book.createdAt", "book.created_at", "Book.CREATEDAT"])
def test_a_stored_field_by_its_key_or_its_column(what: str) -> None:
    assert said(what, "Column")[-1] == "set by the server: the time of the insert"


def test_where_a_field_comes_from_and_what_it_must_be() -> None:
    assert said("book.title", "Set by") == [
        "POST /api/books: the request's field title",
        "PATCH /api/books/{slug}: the request's field title, where it is sent",
    ]
    assert "POST /api/books answers 422 when title is blank" in said("book.title", "Rules")
    assert said("book.genres", "Filters") == [
        "GET /api/books: ?genre= keeps rows whose genres contains the value"
    ]


def test_a_view_a_link_and_the_authentication() -> None:
    assert said("BookListItem", "Answered by") == ["GET /api/books"]
    assert "in Book, owner: the row's owner_id as Owner" in said("Owner", "Part of")
    assert any(text.startswith("PUT") for text in said("star", "Switched by"))
    assert "Bearer" in explained("auth").summary


def test_the_exchanges_behind_it() -> None:
    evidence = explained("delete_book").evidence
    assert evidence[:2] == exchanges("DELETE /api/books/[^/]+", 204)
    assert all(name.startswith("monday#") for name in evidence)
    assert "Exchanges behind it" in render(explained("delete_book"))


@pytest.mark.parametrize(
    ("what", "close"),
    [
        ("bok", "book"),
        ("book.titel", "book.title"),
        ("POST /api/boks", "POST /api/books"),
        ("update_bok", "update_book"),
    ],
)
def test_an_unknown_name_is_told_what_is_close(what: str, close: str) -> None:
    with pytest.raises(UsageError, match="has nothing called") as caught:
        explained(what)
    assert close in caught.value.do


def test_a_name_like_nothing_is_told_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        explained("zzzzzz")
    assert 'Ask for an operation ("GET /path")' in caught.value.do
    with pytest.raises(UsageError, match="nothing called") as caught:
        explain(ApiModel(title="Empty"), "book")
    assert "record more traffic" in caught.value.do


def test_literal_paths_go_before_places() -> None:
    found = model(
        operation("get_book", "GET", "/books/{slug}", "books", "read"),
        operation("get_newest", "GET", "/books/newest", "books", "constant"),
    )
    assert explain(found, "GET /books/newest").subject == "GET /books/newest (get_newest)"
    assert explain(found, "GET /books/older").subject == "GET /books/{slug} (get_book)"


def test_every_operation_entity_and_view_can_be_explained() -> None:
    known = library_model()
    for each in known.operations:
        assert render(explain(known, each.id)).startswith(f"{each.method} {each.path}")
    for name in [*(x.name for x in known.entities), *(x.name for x in known.views)]:
        assert render(explain(known, name))
