from harness.inference.model import (
    Delete,
    EndSession,
    InputValue,
    Lookup,
    PathValue,
    SetLink,
    Update,
)
from tests.inference.factories import Tape, at, model_of
from tests.inference.lending_days import exchanges, library_model


def test_what_each_operation_is() -> None:
    kinds = {f"{each.method} {each.path}": each.kind for each in library_model().operations}
    assert kinds == {
        "POST /api/members": "register",
        "POST /api/login": "login",
        "POST /api/logout": "logout",
        "GET /api/me": "current_user",
        "PATCH /api/me": "merge",
        "GET /api/genres": "list",
        "GET /api/books": "list",
        "POST /api/books": "create",
        "GET /api/books/{slug}": "read",
        "PATCH /api/books/{slug}": "merge",
        "DELETE /api/books/{slug}": "delete",
        "PUT /api/books/{slug}/star": "link",
        "DELETE /api/books/{slug}/star": "unlink",
        "GET /api/books/{slug}/reviews": "list",
        "POST /api/books/{slug}/reviews": "create",
        "DELETE /api/books/{slug}/reviews/{review_id}": "delete",
        "GET /api/loans": "list",
        "POST /api/loans": "create",
        "POST /api/loans/{id}/return": "action",
        "GET /api/shelves": "list",
        "POST /api/shelves": "create",
        "GET /api/shelves/{id}": "read",
        "PUT /api/shelves/{id}": "replace",
    }


def test_rows_of_the_path_are_looked_up() -> None:
    operation = at(library_model(), "PATCH /api/books/{slug}")
    assert operation.lookups == [
        Lookup(name="book", entity="book", column="slug", value=PathValue(name="slug"))
    ]


def test_a_login_looks_the_user_up_by_what_was_sent() -> None:
    assert at(library_model(), "POST /api/login").lookups == [
        Lookup(name="member", entity="member", column="email", value=InputValue(name="email"))
    ]


def test_effects() -> None:
    model = library_model()
    assert at(model, "DELETE /api/books/{slug}").effects == [Delete(row="book")]
    assert at(model, "POST /api/logout").effects == [EndSession()]
    assert at(model, "PUT /api/books/{slug}/star").effects == [
        SetLink(link="star", row="book", on=True)
    ]
    (returned,) = at(model, "POST /api/loans/{id}/return").effects
    assert isinstance(returned, Update)
    assert set(returned.values) == {"returned"}


def test_replace_and_merge() -> None:
    model = library_model()
    (replaced,) = at(model, "PUT /api/shelves/{id}").effects
    (merged,) = at(model, "PATCH /api/books/{slug}").effects
    assert isinstance(replaced, Update)
    assert isinstance(merged, Update)
    assert replaced.replace
    assert not merged.replace
    assert replaced.inputs == {"label": "label", "floor": "floor", "note": "note"}


def test_request_bodies_with_what_is_done_to_their_fields() -> None:
    request = at(library_model(), "POST /api/members").request
    assert request is not None
    assert {each.name: each.normalize for each in request.fields} == {
        "name": [],
        "email": ["lower"],
        "password": [],
        "bio": ["blank_to_null"],
    }


def test_path_parameters_have_types() -> None:
    model = library_model()
    assert [each.type for each in at(model, "GET /api/shelves/{id}").path_params] == ["uuid"]
    assert [each.type for each in at(model, "POST /api/loans/{id}/return").path_params] == [
        "integer"
    ]
    assert [each.type for each in at(model, "GET /api/books/{slug}").path_params] == ["string"]


def test_a_list_of_the_callers_own_rows() -> None:
    query = at(library_model(), "GET /api/loans").query
    assert query is not None
    assert query.entity == "loan"
    assert len(query.scope) == 1


def test_words_are_listed_in_their_order() -> None:
    query = at(library_model(), "GET /api/genres").query
    assert query is not None
    assert (query.entity, [each.column for each in query.order]) == ("genre", ["name"])


def test_an_operation_that_nothing_explains_answers_what_was_seen() -> None:
    tape = Tape()
    tape.add("GET /opening-hours", 200, {"monday": "9-17", "sunday": None})
    (operation,) = model_of(tape).operations
    assert operation.kind == "constant"
    assert operation.effects == []


def test_deleting_everything() -> None:
    tape = Tape()
    for number in (1, 2):
        row = {"id": number, "label": "AB"[number - 1]}
        tape.add("POST /shelves", 201, row, body={"label": row["label"]})
        tape.add(f"GET /shelves/{number}", 200, row)
    rows = [{"id": 1, "label": "A"}, {"id": 2, "label": "B"}]
    tape.add("GET /shelves", 200, rows)
    tape.add("DELETE /shelves", 200, rows)
    tape.add("GET /shelves", 200, [])
    operation = at(model_of(tape), "DELETE /shelves")
    assert operation.kind == "delete_all"
    assert [each.kind for each in operation.effects] == ["delete_matching"]


def test_evidence_are_the_accepted_requests() -> None:
    evidence = at(library_model(), "DELETE /api/books/{slug}").evidence
    assert evidence == exchanges("DELETE /api/books/[^/]+", 204)
