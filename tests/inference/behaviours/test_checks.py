"""Why requests are refused, in which order, and with what."""

from typing import Any

from harness.inference.model import (
    AnyOf,
    BadParam,
    BadToken,
    Check,
    ColumnValue,
    Compare,
    Const,
    Holds,
    InvalidBody,
    Missing,
    Not,
    Operation,
    Predicate,
    SamePassword,
    Taken,
    Unauthenticated,
    Unparsable,
    WrongPassword,
)
from tests.inference.factories import Tape, at, model_of
from tests.inference.lending import Library
from tests.inference.lending_days import book, exchanges, join, library_model

ADMIN = Compare(left=ColumnValue(row="me", path=["admin"]), right=Const(value=True))


def owns(row: str, column: str) -> Predicate:
    return Compare(
        left=ColumnValue(row=row, path=[column]), right=ColumnValue(row="me", path=["id"])
    )


def order(operation: Operation) -> list[str]:
    """The kinds of the checks that were observed."""
    return [check.when.kind for check in operation.checks if not check.assumed]


def check(line: str, kind: type) -> Check:
    return next(each for each in at(library_model(), line).checks if isinstance(each.when, kind))


def code(check: Check) -> Any:
    assert check.response is not None
    assert isinstance(check.response.body, Const)
    return check.response.status, check.response.body.value["error"]["code"]


def test_no_token_and_a_bad_one() -> None:
    assert code(check("POST /api/books", Unauthenticated)) == (401, "who_are_you")
    assert code(check("POST /api/books", BadToken)) == (401, "bad_token")
    assert (
        check("POST /api/books", Unauthenticated).evidence == exchanges("POST /api/books", 401)[:1]
    )


def test_a_token_after_its_logout_is_a_bad_one() -> None:
    assert check("GET /api/me", BadToken).evidence == exchanges("GET /api/me", 401)[1:]
    assert {each.level for each in library_model().findings} == {"info"}


def test_credentials_come_before_the_body() -> None:
    assert order(at(library_model(), "POST /api/books")) == [
        "unauthenticated",
        "bad_token",
        "invalid_body",
    ]


def test_an_unknown_row() -> None:
    missing = check("GET /api/books/{slug}", Missing)
    assert code(missing) == (404, "no_book")
    assert missing.when == Missing(lookup="book")


def test_only_the_owner_or_an_admin() -> None:
    refused = check("DELETE /api/books/{slug}", Holds)
    assert refused.when == Holds(predicate=Not(of=AnyOf(of=[owns("book", "owner_id"), ADMIN])))
    assert code(refused) == (403, "not_yours")


def test_only_the_owner() -> None:
    refused = check("DELETE /api/books/{slug}/reviews/{review_id}", Holds)
    assert refused.when == Holds(predicate=Not(of=owns("review", "member_id")))


def test_a_child_is_looked_up_within_its_parent() -> None:
    operation = at(library_model(), "DELETE /api/books/{slug}/reviews/{review_id}")
    assert [(each.name, each.within) for each in operation.lookups] == [
        ("book", {}),
        ("review", {"book_id": "book"}),
    ]
    missing = [each for each in operation.checks if isinstance(each.when, Missing)]
    assert [(each.when.kind, code(each)) for each in missing] == [
        ("missing", (404, "no_book")),
        ("missing", (404, "no_review")),
    ]


def test_a_flag_of_the_caller() -> None:
    refused = check("POST /api/shelves", Holds)
    flag = Compare(left=ColumnValue(row="me", path=["admin"]), right=Const(value=False))
    assert refused.when == Holds(predicate=flag)
    assert code(refused) == (403, "admins_only")


def test_conflicts_before_permissions_and_after_them() -> None:
    assert order(at(library_model(), "POST /api/shelves")) == ["unauthenticated", "taken", "holds"]
    assert order(at(library_model(), "PUT /api/shelves/{id}")) == ["holds", "taken"]


def test_a_value_that_another_row_has() -> None:
    taken = check("POST /api/members", Taken)
    assert taken.when == Taken(entity="member", column="email", input="email")
    assert code(taken) == (409, "email_taken")


def test_a_login_that_fails_by_name_or_by_password() -> None:
    assert order(at(library_model(), "POST /api/login")) == ["missing", "wrong_password"]
    wrong = check("POST /api/login", WrongPassword)
    assert wrong.when == WrongPassword(input="password", row="member")
    assert code(wrong) == (401, "wrong_login")


def test_a_broken_rule_has_its_answers_in_the_rules() -> None:
    assert check("POST /api/members", InvalidBody).response is None


def test_what_is_refused_for_no_known_reason_is_a_finding() -> None:
    library = Library(Tape())
    ada = join(library, "ada")
    library.ask("POST /api/books", book("Night Ferry"), ada)
    library.ask("GET /api/books/night-ferry")
    library.tape.add("GET /api/books/night-ferry", 451, {"error": {"code": "not_today"}})
    findings = model_of(library.tape).findings
    assert [(each.where, each.level, each.evidence) for each in findings] == [
        ("GET /api/books/{slug}", "warning", ["tape#5"])
    ]


def test_parameters_of_another_type() -> None:
    tape = Tape()
    for number in (1, 2, 3):
        row = {"id": number, "label": "ABC"[number - 1]}
        tape.add("POST /shelves", 201, row, body={"label": row["label"]})
        tape.add(f"GET /shelves/{number}", 200, row)
    tape.add("GET /shelves/99", 404, {"error": "no shelf"})
    tape.add("GET /shelves/first", 400, {"error": "id is a number"})
    tape.add("GET /shelves/none", 400, {"error": "id is a number"})
    operation = at(model_of(tape), "GET /shelves/{id}")
    assert [each.when for each in operation.checks] == [
        BadParam(place="path", name="id"),
        Missing(lookup="shelf"),
    ]


def test_a_body_that_cannot_be_parsed() -> None:
    tape = Tape()
    for number in (1, 2):
        row = {"id": number, "label": "AB"[number - 1]}
        tape.add("POST /shelves", 201, row, body={"label": row["label"]})
    broken = tape.add("POST /shelves", 400, {"error": "what?"}, body="x")
    object.__setattr__(broken.request, "body", b'{"label": ')
    operation = at(model_of(tape), "POST /shelves")
    assert Unparsable() in [each.when for each in operation.checks]


def test_a_new_password_that_is_the_old_one() -> None:
    tape = Tape()
    login = {"email": "a@b.test", "password": "first-one"}
    user = {"id": 1, "email": "a@b.test"}
    tape.add("POST /users", 201, user, body=login)
    tape.add("POST /login", 200, {"token": "f" * 32, "user": user}, body=login)
    tape.add("GET /me", 200, user, token="f" * 32)
    for old, new, status in (
        ("first-one", "first-one", 400),
        ("first-one", "other-one", 200),
        ("other-one", "third-one", 200),
        ("third-one", "third-one", 400),
    ):
        body = {"current_password": old, "new_password": new}
        tape.add("PATCH /me/password", status, {"said": status}, body=body, token="f" * 32)
    checks = at(model_of(tape), "PATCH /me/password").checks
    assert [c.when for c in checks if c.when.kind == "same_password"] == [
        SamePassword(input="new_password", row="me")
    ]
