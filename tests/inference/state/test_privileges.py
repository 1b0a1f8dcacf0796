"""Users whose privileges no answer shows."""

from typing import Any

import pytest

from harness.inference.model import AnyOf, Holds
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.privileges import deduce_privileges
from tests.inference.factories import Tape, at, model_of, world_of

PATHS = ["/members", "/sessions", "/members/me", "/notes", "/notes/{id}"]


def member(key: int, name: str, *, chief: bool = False) -> dict[str, Any]:
    return {"id": key, "name": name, "chief": chief}


def note(key: int, text: str, owner: int) -> dict[str, Any]:
    return {"id": key, "text": text, "owner_id": owner}


def tape(*, answer_to_stranger: int = 403) -> Tape:
    made = Tape()
    for key, name in ((11, "ada"), (12, "ben")):
        body = {"name": name, "password": "secret-words"}
        made.add("POST /members", 201, member(key, name), body=body)
        answer = {"access_token": f"token-of-{name}-0123456789"}
        made.add("POST /sessions", 200, answer, body=body)
        made.add("GET /members/me", 200, member(key, name), token=answer["access_token"])
    ada, ben = "token-of-ada-0123456789", "token-of-ben-0123456789"
    for key, text in ((1, "milk"), (2, "rye"), (3, "figs")):
        made.add("POST /notes", 201, note(key, text, 11), body={"text": text}, token=ada)
    made.add("POST /notes", 201, note(4, "tea", 12), body={"text": "tea"}, token=ben)
    refusal = {"detail": "not yours"}
    made.add("GET /notes/1", answer_to_stranger, refusal, token=ben)
    made.add("GET /notes/2", answer_to_stranger, refusal, token=ben)
    made.add("GET /notes/1", 401, {"detail": "who are you"})
    made.add("GET /notes/1", 200, note(1, "milk", 11), token=ada)
    login = {"name": "root", "password": "other-words"}
    chief = {"access_token": "token-of-root-0123456789"}
    made.add("POST /sessions", 200, chief, body=login)
    made.add("GET /notes/1", 200, note(1, "milk", 11), token=chief["access_token"])
    made.add("GET /notes/2", 200, note(2, "rye", 11), token=chief["access_token"])
    return made


def chiefs(made: Tape) -> dict[Any, Any]:
    world = world_of(made, paths=PATHS)
    deduce_privileges(world, ForeignKeys(world))
    assert world.user is not None
    rows = world.rows[id(world.user)]
    return {row.first("name"): row.facts.get("chief", ((), [None]))[1][0] for row in rows}


def test_who_is_let_in_where_others_are_refused_has_the_flag() -> None:
    assert chiefs(tape()) == {"ada": False, "ben": False, "root": True}


@pytest.mark.parametrize("status", [200, 422])
def test_without_a_refusal_nothing_is_deduced(status: int) -> None:
    assert chiefs(tape(answer_to_stranger=status))["root"] is None


def test_the_check_excepts_whoever_has_the_flag() -> None:
    checks = at(model_of(tape()), "GET /notes/{id}").checks
    held = [check.when.predicate for check in checks if isinstance(check.when, Holds)]
    assert any(isinstance(getattr(each, "of", None), AnyOf) for each in held)


def test_the_seed_state_gives_the_flag() -> None:
    [seed] = model_of(tape()).seeds
    assert [row["chief"] for row in seed.tables["member"]] == [True]
