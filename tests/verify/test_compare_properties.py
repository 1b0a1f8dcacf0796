"""Whatever the bodies are: equal ones agree, and any difference is seen."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.dialogue import differences

TEXTS = st.text("abc xyzé", max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 1.0, -2.0]) | TEXTS
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["title", "count", "tags", "author", "open"]), inner),
    max_leaves=12,
)


@given(BODIES)
def test_a_body_agrees_with_itself(body: Any) -> None:
    assert differences(body, body) == []


@given(BODIES, BODIES)
@settings(max_examples=300)
def test_two_bodies_agree_only_if_they_are_the_same(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (differences(one, other) == []) is same


@given(st.lists(BODIES, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_another_order_is_another_list(rows: list[Any], random: Any) -> None:
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert (differences(rows, shuffled) == []) is (json.dumps(rows) == json.dumps(shuffled))
