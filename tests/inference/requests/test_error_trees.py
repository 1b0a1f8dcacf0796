"""Error answers taken apart, told of other fields, and put together again."""

from harness.inference.requests.error_trees import (
    Hole,
    clash,
    expression,
    filled,
    mentioned,
    merged,
    part_for,
    renamed,
    retold,
    tree_of,
    with_holes,
)


def test_echoes_become_holes() -> None:
    answer = {"msg": "bad 5", "input": 5, "body": {"n": 5, "m": "x"}, "ctx": {"n": 5}}
    tree = with_holes(answer, 5, {"n": 5, "m": "x"})
    assert tree == {"msg": "bad 5", "input": Hole.VALUE, "body": Hole.BODY, "ctx": {"n": 5}}
    assert filled(tree, 6, {})["input"] == 6
    assert tree_of(expression(tree, "n")) == tree


def test_true_is_not_one() -> None:
    assert with_holes({"input": 1}, True, None) == {"input": 1}


def test_merging() -> None:
    left, right = {"e": {"a": ["x"]}, "n": 1}, {"e": {"b": ["y"]}, "n": 1}
    assert merged([left, right]) == {"e": {"a": ["x"], "b": ["y"]}, "n": 1}
    assert not clash(left, right)
    assert clash({"message": "a"}, {"message": "b"})
    assert merged([["a"], ["b"]]) == ["a", "b"]


def test_fields_are_named_by_keys_values_pointers_or_phrases() -> None:
    assert mentioned({"errors": {"b": 1, "a": 2}}, ["a", "b", "c"]) == ["b", "a"]
    assert mentioned([{"loc": ["body", "a"]}], ["a", "body2"]) == ["a"]
    assert mentioned({"pointer": "/data/a"}, ["a", "b"]) == ["a"]
    assert mentioned("First name is required", ["name2", "firstName"]) == ["firstName"]
    assert mentioned([{"type": "x", "message": "y", "path": "a"}], ["type", "a"]) == ["a"]


def test_the_part_for_a_field() -> None:
    listed = {"code": 1, "errors": [{"field": "a"}, {"field": "b"}]}
    assert part_for(listed, "b", ["a"]) == {"code": 1, "errors": [{"field": "b"}]}
    assert part_for({"code": 1, "fields": {"a": 1, "b": 2}}, "b", ["a"]) == {
        "code": 1,
        "fields": {"b": 2},
    }
    assert part_for({"name": "Error", "at": ["name", "b"]}, "b", ["name"])["name"] == "Error"
    assert part_for(["a is bad", "b is bad"], "a", ["b"]) == ["a is bad"]


def test_an_error_is_told_of_another_field() -> None:
    answer = {"errors": {"firstName": ["First name is required", "firstName: missing"]}}
    assert retold(renamed(answer, "firstName"), "zip_code") == {
        "errors": {"zip_code": ["Zip code is required", "zip_code: missing"]}
    }
    assert retold(renamed("not a valid email address", "email"), "mail") == (
        "not a valid email address"
    )
