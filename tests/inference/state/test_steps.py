"""Signing in by steps: a refused login hands out a token that the next step brings back."""

from typing import Any

from harness.inference.model import ApiModel, Operation, Token
from harness.inference.state.steps import find_steps
from tests.inference.factories import Tape, model_of, observations

PATHS = ["/members", "/login", "/login/accept-terms", "/books"]
FIRST, SECOND, THIRD = "a" * 20, "b" * 20, "c" * 20
LOGIN = {"name": "ada", "password": "pw"}


def story() -> Tape:
    tape = Tape()
    member = {"id": 1, "name": "ada"}
    tape.add("POST /members", 201, member, body=LOGIN)
    pending = {"code": "TERMS", "pendingToken": FIRST}
    tape.add("POST /login", 403, pending, body=LOGIN)
    tape.add("POST /login/accept-terms", 200, {"item": SECOND}, body={"pendingToken": FIRST})
    tape.add("GET /members/me", 200, member, token=SECOND)
    tape.add("POST /login", 200, {"item": THIRD}, body=LOGIN)
    tape.add("GET /members/me", 200, member, token=THIRD)
    tape.add("GET /members/me", 401, {"code": "UNKNOWN"}, token="d" * 20)
    return tape


def operation(model: ApiModel, path: str) -> Operation:
    return next(each for each in model.operations if each.path == path)


def dumped(operation: Operation) -> dict[str, Any]:
    return operation.model_dump()


def test_the_step_is_found_by_its_token() -> None:
    (step,) = find_steps(observations(story(), paths=PATHS)).values()
    assert step.operation == ("POST", "/login/accept-terms")
    assert step.login == ("POST", "/login")
    assert (step.field, step.column) == ("pendingToken", "accept_terms_done")


def test_who_has_not_taken_it_is_refused_with_a_new_token() -> None:
    model = model_of(story())
    user = model.entity(model.auth.user if model.auth else "")
    column = user.column("accept_terms_done")
    assert (column.type, column.default) == ("boolean", False)
    refusal = next(
        check
        for check in operation(model, "/login").checks
        if "accept_terms_done" in check.model_dump_json()
    )
    assert refusal.response is not None
    assert refusal.response.status == 403
    assert (
        Token(row=user.name).model_dump()
        == (refusal.response.model_dump()["body"]["fields"]["pendingToken"])
    )


def test_the_step_finds_its_user_by_the_token_and_remembers() -> None:
    step = dumped(operation(model_of(story()), "/login/accept-terms"))
    (lookup,) = step["lookups"]
    assert lookup["by_token"]
    assert lookup["value"] == {"kind": "input", "name": "pendingToken"}
    (effect,) = step["effects"]
    assert effect["values"] == {"accept_terms_done": {"kind": "const", "value": True}}
    assert step["response"]["body"]["fields"]["item"]["kind"] == "token"
