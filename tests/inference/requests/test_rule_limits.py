"""Limits read from errors, within what was accepted."""

import pytest

from harness.inference.requests.rule_limits import limit_for
from harness.inference.requests.violations import Known


def test_a_number_of_the_error_counts_where_it_fits() -> None:
    known = Known(1, ["long enough"])
    assert limit_for("min_length", ["abc"], ["at least 8 characters"], known) == 8
    assert limit_for("min_length", ["abc"], ["code 40"], known) == 4
    assert limit_for("max_length", ["x" * 30], [{"max": 20}], known) == 20
    assert limit_for("max_length", ["x" * 30], ["too long"], known) == 29


def test_an_excluded_bound_moves_to_the_next_whole_number() -> None:
    assert limit_for("minimum", [0], ["must be greater than 0"], Known(1, [4])) == 1
    assert limit_for("maximum", [10], ["must be less than 10"], Known(1, [4])) == 9
    assert limit_for("minimum", [-0.5], ["too small"], Known(1, [1.5])) == 1.5


def test_types_are_those_of_accepted_values_or_named() -> None:
    assert limit_for("type", ["x"], ["wrong"], Known(1, [1, 2.5])) == "number"
    assert limit_for("type", ["x"], ["must be a list"], Known()) == "array"
    with pytest.raises(ValueError, match="type"):
        limit_for("type", ["x"], ["wrong"], Known())


def test_words_that_an_error_lists() -> None:
    known = Known(2, ["low", "high"])
    listed = "Input should be 'low', 'medium' or 'high'"
    assert limit_for("enum", ["odd"], [listed], known) == ["low", "medium", "high"]
    assert limit_for("enum", ["odd"], [{"allowed": ["low", "mid", "high"]}], known) == [
        "low",
        "mid",
        "high",
    ]
    assert limit_for("enum", ["odd"], ["invalid"], known) == ["high", "low"]
