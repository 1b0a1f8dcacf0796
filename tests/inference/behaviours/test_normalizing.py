from typing import Any

import pytest

from harness.inference.behaviours.normalizing import NORMALIZERS, Normal, echoes, learn_normalizing


@pytest.mark.parametrize(
    ("step", "sent", "stored"),
    [
        ("blank_to_null", "", None),
        ("blank_to_null", " ", " "),
        ("strip", " a ", "a"),
        ("strip", 7, 7),
        ("lower", "Ada", "ada"),
        ("email_domain_lower", "Ada@Library.TEST", "Ada@library.test"),
        ("email_domain_lower", "ada", "ada"),
        ("to_string", 7, "7"),
        ("to_string", {"a": 1}, '{"a":1}'),
        ("to_string", None, None),
        ("to_boolean", " Yes", True),
        ("to_boolean", "maybe", "maybe"),
    ],
)
def test_steps(step: Normal, sent: Any, stored: Any) -> None:
    assert NORMALIZERS[step](sent) == stored


def test_what_is_stored_as_it_was_sent_needs_no_step() -> None:
    assert learn_normalizing([("a", "a"), (None, None)]) == []
    assert learn_normalizing([]) == []


def test_one_step_or_two() -> None:
    assert learn_normalizing([(" A ", "A"), ("b", "b")]) == ["strip"]
    assert learn_normalizing([(" A ", "a"), ("b", "b")]) == ["strip", "lower"]
    assert learn_normalizing([("", None), ("b", "b")]) == ["blank_to_null"]


def test_steps_that_explain_no_more_than_none_are_not_taken() -> None:
    assert learn_normalizing([("a", "a"), ("B", "X")]) == []


def test_echoes() -> None:
    assert echoes("A", "a")
    assert echoes(["b", "a", "a"], ["a", "b"])
    assert not echoes("A", "b")


def test_words_become_booleans() -> None:
    change = NORMALIZERS["to_boolean"]
    assert [change(each) for each in ("yes", "OFF", "maybe", None, 1)] == [
        True, False, "maybe", None, 1,
    ]  # fmt: skip
