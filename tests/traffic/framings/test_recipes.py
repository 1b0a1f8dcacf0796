"""How values are made of others: what samples leave, the simplest first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traffic.framings.recipes import (
    Fixed,
    Items,
    Members,
    Recipe,
    Sample,
    Taken,
    find,
    learn,
    make,
    places_in,
)
from harness.traffic.framings.rest import NOTHING


def samples(*pairs: tuple[dict[str, Any], Any]) -> list[Sample]:
    return [Sample(source, target) for source, target in pairs]


ROW = {"id": "a1", "title": "Milk"}
OTHER = {"id": "b2", "title": "Bread"}


@pytest.mark.parametrize(
    ("pairs", "recipe"),
    [
        ([({"answer": ROW}, ROW)], Taken(("answer",))),
        ([({"answer": ROW}, "a1")], Taken(("answer", "id"))),
        ([({"arguments": ["a1", ROW]}, {"title": "Milk"})], Taken(("arguments", 1), ("id",))),
        ([({"answer": ROW}, [None, ROW])], Items((Fixed(None), Taken(("answer",))))),
        ([({"answer": None}, [])], Fixed([])),
        ([({"answer": ROW}, {"kind": "note"})], Members({"kind": Fixed("note")})),
        (
            [({"answer": ROW}, {**ROW, "ok": True}), ({"answer": OTHER}, {**OTHER, "ok": True})],
            Members({"ok": Fixed(True)}, Taken(("answer",))),
        ),
        (
            [({"path": ["x", "a1"]}, {"id": "a1"}), ({"path": ["x", "b2"]}, {"id": "b2"})],
            Members({"id": Taken(("path", 1))}),
        ),
    ],
)
def test_the_simplest_recipe_that_holds_is_learned(
    pairs: list[tuple[dict[str, Any], Any]], recipe: Recipe
) -> None:
    assert learn(samples(*pairs)) == recipe
    assert all(make(recipe, source) == target for source, target in pairs)


def test_samples_strike_out_what_they_contradict() -> None:
    one = ({"body": {"name": "Milk"}, "answer": {"title": "Milk"}}, "Milk")
    other = ({"body": {"name": "Tea"}, "answer": {"title": "Green tea"}}, "Green tea")
    assert learn(samples(one)) == Taken(("body", "name"))
    assert learn(samples(one, other)) == Taken(("answer", "title"))
    assert learn(samples(one, other, ({"body": {}, "answer": {}}, "Salt"))) is None


def test_what_says_little_is_constant_unless_it_must_come_from_somewhere() -> None:
    one = samples(({"arguments": ["a1", True]}, {"done": True}))
    assert learn(one) == Members({"done": Fixed(True)})
    assert learn(one, eager=True) == Members({"done": Taken(("arguments", 1))})


def test_members_that_are_missing_are_left_out() -> None:
    recipe = learn(
        samples(
            ({"arguments": ["Milk", "urgent"]}, {"title": "Milk", "label": "urgent"}),
            ({"arguments": ["Tea"]}, {"title": "Tea"}),
        )
    )
    assert recipe is not None
    assert make(recipe, {"arguments": ["Salt"]}) == {"title": "Salt"}
    assert make(recipe, {"arguments": ["Salt", "late"]}) == {"title": "Salt", "label": "late"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3), JSON)
def test_whatever_is_learned_holds_of_its_samples(source: dict[str, Any], target: Any) -> None:
    recipe = learn(samples((source, target)))
    assert recipe is not None
    assert make(recipe, source) == target


@given(JSON)
def test_places_hold_what_is_found_there(source: Any) -> None:
    for path, value in places_in(source):
        assert find(source, path) is value
        assert find(source, (*path, "no such member")) is NOTHING
        assert find(source, (*path, 99)) is NOTHING
