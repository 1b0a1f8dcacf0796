"""What refusals have in common."""

from typing import Any

from harness.inference.behaviours.error_answers import error_template
from harness.inference.model import Const, ObjectOf, PathValue, RequestLine, Template
from tests.inference.factories import Tape, observations


def refusals(*lines: tuple[str, Any]) -> Any:
    tape = Tape()
    for line, answer in lines:
        tape.add(line, 404, answer)
    seen = observations(tape, paths=["/books/{slug}"])
    return error_template(seen).body


def test_an_error_that_names_what_was_asked_for() -> None:
    body = refusals(
        ("GET /books/night-ferry", {"error": "No book night-ferry", "slug": "night-ferry"}),
        ("GET /books/salt", {"error": "No book salt", "slug": "salt"}),
    )
    assert body == ObjectOf(
        fields={
            "error": Template(text="No book {slug}", values={"slug": PathValue(name="slug")}),
            "slug": PathValue(name="slug"),
        }
    )


def test_an_error_that_tells_the_request_line() -> None:
    body = refusals(("PUT /nothing/here", "Cannot PUT /nothing/here"))
    assert body == Template(
        text="Cannot {method} {path}",
        values={"path": RequestLine(part="path"), "method": RequestLine(part="method")},
    )


def test_a_constant_error_stays_whole() -> None:
    answer = {"errors": ["no"], "code": 7}
    assert refusals(("GET /books/a-b", answer), ("GET /books/c-d", answer)) == Const(value=answer)


def test_the_request_line_goes_before_a_parameter_that_is_part_of_it() -> None:
    body = refusals(("PUT /books/night-ferry", "Cannot PUT /books/night-ferry"))
    assert isinstance(body, Template)
    assert body.text == "Cannot {method} {path}"
