from typing import Any

from harness.inference.behaviours.answers import AnswerContext, answer_template
from harness.inference.behaviours.views import Views
from harness.inference.model import (
    ColumnValue,
    Const,
    Expr,
    InputValue,
    Now,
    ObjectOf,
    PageInfo,
    PathValue,
    QueryValue,
    Render,
    RenderItems,
    ResponseTemplate,
    Template,
    Token,
)
from tests.inference.factories import Tape, at, model_of, observations
from tests.inference.lending_days import library_model

PATHS = ["/books", "/books/{slug}", "/status", "/login"]


def answered(tape: Tape, **fields: Any) -> tuple[ResponseTemplate, AnswerContext]:
    """What explains the answers of a tape of which nothing else is known."""
    seen = observations(tape, paths=PATHS)
    context = AnswerContext(
        views=Views(),
        roots={},
        subject=None,
        rows={},
        fields={each.index: each.body or {} for each in seen},
        **fields,
    )
    return answer_template(seen, context), context


def part(response: ResponseTemplate, name: str) -> Expr:
    assert isinstance(response.body, ObjectOf)
    return response.body.fields[name]


def test_the_answers_of_the_library() -> None:
    model = library_model()
    created = at(model, "POST /api/books").response
    assert created.status == 201
    assert created.body == ObjectOf(fields={"book": Render(row="created", view="Book")})
    assert at(model, "GET /api/me").response.body == Render(row="me", view="Member")
    assert at(model, "DELETE /api/books/{slug}").response == ResponseTemplate(
        status=204, content_type="application/json", body=None
    )


def test_a_login_answers_a_token_and_its_user() -> None:
    assert at(library_model(), "POST /api/login").response.body == ObjectOf(
        fields={"token": Token(row="member"), "member": Render(row="member", view="Member")}
    )


def test_a_page_with_its_total() -> None:
    assert at(library_model(), "GET /api/books").response.body == ObjectOf(
        fields={"books": RenderItems(view="BookListItem"), "total": PageInfo(fact="total")}
    )


def test_a_bare_list_and_a_list_of_words() -> None:
    assert at(library_model(), "GET /api/loans").response.body == RenderItems(view="Loan")
    assert at(library_model(), "GET /api/genres").response.body == ObjectOf(
        fields={"genres": RenderItems(column="name")}
    )


def test_values_that_never_change_are_constants() -> None:
    tape = Tape()
    for _ in range(2):
        tape.add("GET /status", 200, {"up": True, "parts": [1, 2]})
    response, _ = answered(tape)
    assert part(response, "up") == Const(value=True)
    assert part(response, "parts") == Const(value=[1, 2])


def test_values_that_come_from_the_request() -> None:
    tape = Tape()
    for slug, page, note in (("a", "1", "x"), ("b", "2", "y")):
        answer = {"at": slug, "page": page, "note": note, "text": f"Moved {slug}."}
        tape.add(f"POST /books/{slug}?page={page}", 200, answer, body={"note": note})
    response, _ = answered(tape)
    assert part(response, "at") == PathValue(name="slug")
    assert part(response, "page") == QueryValue(name="page")
    assert part(response, "note") == InputValue(name="note")
    text = Template(text="Moved {slug}.", values={"slug": PathValue(name="slug")})
    assert part(response, "text") == text


def test_the_origin_and_the_clock() -> None:
    tape = Tape()
    for second in (21, 22):
        answer = {"docs": "http://app.test/docs", "now": f"2023-11-14T22:13:{second}Z"}
        tape.add("GET /status", 200, answer)
    response, _ = answered(tape)
    assert part(response, "docs") == Template(text="{origin}/docs")
    assert part(response, "now") == Now()


def test_what_nothing_explains_is_a_finding_and_the_usual_value() -> None:
    tape = Tape()
    for load in (3, 8, 3):
        tape.add("GET /status", 200, {"load": load})
    response, context = answered(tape)
    assert part(response, "load") == Const(value=3)
    (finding,) = context.findings
    assert finding.where == "GET /status load"
    assert finding.evidence == ["tape#2"]


def test_the_most_frequent_success_counts() -> None:
    tape = Tape()
    for status in (200, 202, 200):
        tape.add("GET /status", status, {"up": True})
    assert answered(tape)[0].status == 200


def test_location_of_what_was_created() -> None:
    tape = Tape()
    for number in (1, 2, 3):
        row = {"id": number, "label": "ABC"[number - 1]}
        made = tape.add("POST /shelves", 201, row, body={"label": row["label"]})
        assert made.response is not None
        with_header = (*made.response.headers, ("Location", f"/shelves/{number}"))
        object.__setattr__(made.response, "headers", with_header)
        tape.add(f"GET /shelves/{number}", 200, row)
    location = at(model_of(tape), "POST /shelves").response.headers["Location"]
    assert isinstance(location, Template)
    assert location.text == "/shelves/{key}"
    assert location.values["key"] == ColumnValue(row="created", path=["id"])
