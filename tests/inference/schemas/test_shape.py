"""Schemas of JSON values: what they say holds for every value that was added."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.inference.schemas.schema_merge import finish, merge
from harness.inference.schemas.shape import Shape

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
KEYS = st.sampled_from(["id", "name", "status", "a", "+1"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


def shape(*values: Any) -> Shape:
    result = Shape()
    for value in values:
        result.add(value)
    return result


def of(*values: Any, key: str = "field") -> dict[str, Any]:
    return shape(*values).schema(key)


def holds(schema: dict[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_every_value_is_valid(values: list[Any]) -> None:
    schema = of(*values)
    Draft202012Validator.check_schema(schema)
    assert all(holds(schema, value) for value in values)


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.lists(VALUES, min_size=1, max_size=4))
def test_the_union_holds_for_both(left: list[Any], right: list[Any]) -> None:
    united = finish(merge(of(*left), of(*right)), "field")
    assert all(holds(united, value) for value in (*left, *right))


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_text_of_any_length_says_the_same(values: list[Any]) -> None:
    padding = " " * 2_000
    whole, parts = Shape(), Shape()
    for value in values:
        whole.add(value)
        parts.add_json((padding + json.dumps(value)).encode())
    assert whole.schema() == parts.schema()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2), "integer"),
        ((1, 2.5), "number"),
        ((1, None), ["integer", "null"]),
        ((1, "a"), ["string", "integer"]),
        ((True, None), ["boolean", "null"]),
    ],
)
def test_types(values: tuple[Any, ...], expected: Any) -> None:
    assert of(*values)["type"] == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-01-02T03:04:05.678Z", "date-time"),
        ("2026-01-02", "date"),
        ("6b017640-827c-4d50-8dcc-79d766abb408", "uuid"),
        ("ann@app.test", "email"),
        ("https://app.test/a", "uri"),
    ],
)
def test_a_format_stands_until_a_value_contradicts_it(text: str, name: str) -> None:
    assert of(text, text, None)["format"] == name
    assert "format" not in of(text, "other")


def test_what_is_sometimes_missing_is_not_required() -> None:
    schema = of({"id": 1, "parent": None}, {"id": 2})
    assert schema["required"] == ["id"]
    assert schema["properties"]["parent"]["type"] == "null"


def test_few_words_over_many_rows_are_an_enumeration() -> None:
    words = ["todo", "done", "blocked"] * 4
    assert of(*words, key="status")["enum"] == ["blocked", "done", "todo"]
    assert of(*words, None, key="status")["enum"] == ["blocked", "done", "todo", None]
    assert "enum" not in of(*words, key="title")
    assert "enum" not in of("todo", "done", key="status")
    assert "enum" not in of(*words, "two words", key="status")


def test_keys_that_are_data_make_a_map() -> None:
    assert of({"+1": 2}, {"heart": 1}, {})["additionalProperties"]["type"] == "integer"
    assert of({"k.a": "A", "k.b": "B"})["additionalProperties"]["type"] == "string"
    assert "additionalProperties" not in of({"a": 1}, {"b": 1})
    many = [{f"key{number}": "text"} for number in range(60)]
    assert "additionalProperties" in of(*many)


def test_secrets_are_no_examples() -> None:
    schema = of({"password": "hunter22", "note": "my hunter22", "name": "Ann", "v": "x" * 9})
    assert schema["properties"]["password"] == {"type": "string", "format": "password"}
    shown = shape({"note": "my hunter22", "name": "Ann"}).schema(secrets={"hunter22"})
    assert "hunter22" not in json.dumps(shown)
    assert shown["properties"]["name"]["examples"] == ["Ann"]
    opaque = of("sk_live_4eC39HqLyjWDarjtT1zdp7dc", key="note")
    assert opaque == {"type": "string"}


def test_rows_that_were_seen_add_nothing() -> None:
    row = {"id": 1, "text": "x" * 900}
    once, often = Shape(), Shape()
    once.add_json(json.dumps({"data": [row, row | {"id": 2}]}).encode())
    for _ in range(3):
        often.add_json(json.dumps({"data": [row, row | {"id": 2}]}).encode())
    assert once.schema() == often.schema()
    often.add_json(json.dumps({"data": [row, {"id": None, "text": "y" * 900}]}).encode())
    items = often.schema()["properties"]["data"]["items"]
    assert items["properties"]["id"]["type"] == ["integer", "null"]


def test_words_are_counted_over_the_union() -> None:
    left, right = of(*["a", "b"] * 3, key="status"), of(*["c", "a"] * 3, key="status")
    assert finish(merge(left, right), "status")["enum"] == ["a", "b", "c"]
    free = of(*(f"word{n}" for n in range(40)), key="status")
    assert "enum" not in finish(merge(of(*["a", "b"] * 9, key="status"), free), "status")
