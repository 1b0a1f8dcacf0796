from typing import Any

import pytest

from harness.inference.behaviours.columns import (
    column_type,
    datetime_style,
    generated_kind,
    make_column,
    moment,
    slug_of,
    slug_suffix,
)

UUID = "6f1d0c1e-4a7b-4c0e-9d2f-0123456789ab"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "integer"),
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        (["2024-01-02T03:04:05Z"], "datetime"),
        (["2024-01-02"], "date"),
        (["2024-01-02", "soon"], "string"),
        ([UUID], "uuid"),
        ([["crime"], []], "strings"),
        ([[1]], "json"),
        ([{"a": 1}], "json"),
        ([1, "one"], "json"),
        ([None], "string"),
    ],
)
def test_the_narrowest_type_that_holds_every_value(values: list[Any], kind: str) -> None:
    assert column_type(values) == kind


@pytest.mark.parametrize(
    ("value", "style"),
    [
        ("2024-01-02T03:04:05Z", (0, "Z")),
        ("2024-01-02T03:04:05.123Z", (3, "Z")),
        ("2024-01-02T03:04:05.123456+00:00", (6, "+00:00")),
        ("2024-01-02 03:04:05.123456", (6, "")),
    ],
)
def test_datetimes_are_written_as_the_original_does(value: str, style: tuple[int, str]) -> None:
    assert datetime_style([value]) == style


def test_moments() -> None:
    assert moment("1970-01-01T00:01:00Z") == 60
    assert moment("2024-13-45T00:00:00Z") is None
    assert moment(7) is None


@pytest.mark.parametrize(
    ("text", "replaced", "removed"),
    [
        ("Slow Rivers", "slow-rivers", "slow-rivers"),
        ("Salt & Stone", "salt-stone", "salt-stone"),
        ("it's a_b", "it-s-a-b", "its-a_b"),
        ("Über  Flüsse!", "uber-flusse", "uber-flusse"),
    ],
)
def test_slugs_in_two_styles(text: str, replaced: str, removed: str) -> None:
    assert slug_of(text, "replace") == replaced
    assert slug_of(text, "remove") == removed


def test_the_suffix_of_a_slug() -> None:
    assert slug_suffix("slow-rivers", "Slow Rivers") == 0
    assert slug_suffix("slow-rivers-4b2277", "Slow Rivers") == 6
    assert slug_suffix("slow-rivers-zzzzzz", "Slow Rivers") is None
    assert slug_suffix("4b2277", "!!!") is None


@pytest.mark.parametrize(
    ("values", "by"),
    [
        ([1, 2, 5], "sequence"),
        (["1", "2"], "sequence"),
        ([UUID], "uuid"),
        (["507f1f77bcf86cd799439011"], "object_id"),
        (["1360984532123456789", "1360984532123456790"], "digits"),
        (["xK3_9a", "Zz-81q"], "random"),
    ],
)
def test_keys_by_their_looks(values: list[Any], by: str) -> None:
    made = generated_kind(values, key_like=True)
    assert made is not None
    assert made.by == by


def test_numbers_that_fall_are_no_sequence_unless_another_recording_begins() -> None:
    values = [4, 5, 1, 2]
    assert generated_kind(values, key_like=True) is None
    made = generated_kind(values, key_like=True, starts=frozenset({2}))
    assert made is not None
    assert made.by == "sequence"


def test_random_text_has_a_length() -> None:
    made = generated_kind(["xK3_9a", "Zz-81q"], key_like=True)
    assert made is not None
    assert made.length == 6
    assert generated_kind(["xK3_9a", "xK3_9a"], key_like=True) is None


def test_columns_know_their_format() -> None:
    assert make_column("email", ["ada@library.test", None]).format == "email"
    assert make_column("email", ["ada@library.test", None]).nullable
    assert make_column("name", ["ada"]).format is None
    made = make_column("created_at", ["2024-01-02T03:04:05.123456Z"])
    assert (made.type, made.fraction, made.zone) == ("datetime", 6, "Z")
