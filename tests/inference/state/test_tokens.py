from harness.inference.state.tokens import (
    is_logout,
    leaves,
    logout_operations,
    token_values,
    tokens_in,
)
from tests.inference.factories import Tape, observations


def test_logouts_by_their_path() -> None:
    assert is_logout("POST", "/api/logout")
    assert is_logout("DELETE", "/auth/sign-out/")
    assert not is_logout("GET", "/api/logout")
    assert not is_logout("POST", "/api/logout/reasons")


def test_leaves_and_tokens_of_a_body() -> None:
    answer = {"member": {"name": "ada", "accessToken": "x" * 20}, "ids": [1, 2], "token": "short"}
    assert list(leaves(answer)) == [
        ("name", "ada"),
        ("accessToken", "x" * 20),
        ("ids", 1),
        ("ids", 2),
        ("token", "short"),
    ]
    assert token_values(answer) == ["x" * 20]


def test_tokens_are_known_by_their_use() -> None:
    tape = Tape()
    tape.add("POST /sessions", 200, {"item": "x" * 20})
    tape.add("GET /books", 200, [], token="x" * 20)
    first, _ = observations(tape, paths=["/sessions", "/books"])
    assert tokens_in(first) == ["x" * 20]


def test_logouts_by_what_comes_after() -> None:
    tape = Tape()
    for token in ("x" * 20, "y" * 20):
        tape.add("GET /books", 200, [], token=token)
        tape.add("DELETE /sessions/current", 200, {}, token=token)
        tape.add("GET /books", 401, {}, token=token)
    tape.add("DELETE /cache", 200, {}, token="z" * 20)
    tape.add("GET /books", 200, [], token="z" * 20)
    seen = observations(tape, paths=["/sessions/current", "/books", "/cache"])
    assert logout_operations(seen) == {("DELETE", "/sessions/current")}
