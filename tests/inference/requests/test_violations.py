"""Values against what is known of their fields."""

import pytest

from harness.inference.model import Const, Rule
from harness.inference.requests.violations import ABSENT, Known, breaks, choose, possible


def rule(kind: str, limit: object = None) -> Rule:
    return Rule.model_validate({"kind": kind, "limit": limit, "body": Const()})


@pytest.mark.parametrize(
    ("broken", "value", "fine"),
    [
        (rule("required"), ABSENT, None),
        (rule("not_null"), None, ""),
        (rule("type", "integer"), True, 3),
        (rule("type", "number"), "1", 3),
        (rule("not_blank"), "  ", None),
        (rule("min_length", 3), "ab", "abc"),
        (rule("max_length", 2), [1, 2, 3], [1]),
        (rule("minimum", 0), -1, 0),
        (rule("maximum", 5), 5.5, "text"),
        (rule("enum", ["a"]), "b", "a"),
        (rule("pattern", "^x"), "ax", "xa"),
        (rule("email"), "a@b", "a@b.c"),
        (rule("uuid"), "7", "01234567-89ab-cdef-0123-456789abcdef"),
        (rule("url"), "app.test", "https://app.test/x"),
    ],
)
def test_breaks(broken: Rule, value: object, fine: object) -> None:
    assert breaks(broken, value)
    assert not breaks(broken, fine)


def test_null_breaks_a_type_unless_it_is_allowed() -> None:
    assert breaks(rule("type", "string"), None)
    assert not breaks(rule("type", "string"), None, nullable=True)


def test_what_was_accepted_is_no_violation() -> None:
    assert possible(None, Known(1, [None])) == []
    assert possible("", Known(1, [""])) == []
    assert possible(ABSENT, Known(2, ["once"])) == []
    assert possible(5, Known(2, ["text", 7])) == []


def test_the_error_decides_between_violations() -> None:
    known = Known(2, ["ada@app.test", "bob@app.test"])
    assert choose("", known, {"email": ["can't be blank"]}, "email") == "not_blank"
    assert choose("", known, {"email": ["is not a valid address"]}, "email") == "email"
    assert choose("", known, {"email": ["at least 6 characters"]}, "email") == "min_length"
    assert choose("x@y.z", known, {"email": ["already taken"]}, "email") is None


def test_dates_have_a_pattern() -> None:
    known = Known(2, ["2026-01-02", "2026-02-03"])
    assert choose("tomorrow", known, {"day": ["is not a valid date"]}, "day") == "pattern"
