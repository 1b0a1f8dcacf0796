"""Layouts of request bodies."""

from harness.inference.observe import UNPARSABLE
from harness.inference.requests.layout import (
    field_type,
    ignore_unread_forms,
    known_fields,
    layout_of,
)
from tests.inference.refusals import observed


def test_an_envelope_holds_the_fields_of_most_requests() -> None:
    sent = observed([({"a": {"x": 1}}, 200, {}), ({"a": {"y": 2}}, 200, {}), ({}, 422, {})])
    layout = layout_of(sent)
    assert layout.envelope == "a"
    assert layout.fields(sent[0]) == {"x": 1}
    assert layout.fields(sent[2]) is None


def test_an_object_among_other_fields_is_no_envelope() -> None:
    sent = observed([({"name": "x", "address": {"city": "y"}}, 200, {})])
    assert layout_of(sent).envelope is None


def test_forms_are_read_as_forms() -> None:
    form = "application/x-www-form-urlencoded"
    layout = layout_of(observed([({"x": "1"}, 200, {})], content_type=form))
    assert layout.content_type == form
    [empty] = observed([(None, 422, {})], content_type="")
    assert layout.body(empty) == {}


def test_forms_that_an_operation_lets_pass_unread_are_empty() -> None:
    form = "application/x-www-form-urlencoded"
    json = observed([({"x": "one"}, 200, {"x": "one"})])
    unread = observed([({"x": "two"}, 200, {"x": None})], content_type=form)
    read = observed([({"x": "three"}, 200, {"x": "three"})], content_type=form)
    ignore_unread_forms([*json, *unread, *read])
    assert [each.body for each in [*unread, *read]] == [{}, {"x": "three"}]
    assert layout_of([*json, *read]).forms_too
    assert not layout_of([*json, *unread]).forms_too


def test_text_of_another_type_is_no_broken_json() -> None:
    sent = observed([({"x": 1}, 200, {})])
    [text] = observed([(UNPARSABLE, 422, {})], content_type="text/plain")
    [broken] = observed([(UNPARSABLE, 400, {})])
    assert layout_of(sent).body(text) == "{"
    assert layout_of(sent).body(broken) is UNPARSABLE


def test_fields_are_ordered_as_they_are_sent() -> None:
    sent = observed([({"a": 1, "d": 1}, 200, {}), ({"a": 1, "b": 1, "c": None}, 200, {})])
    known = known_fields(layout_of(sent), sent)
    assert list(known) == ["a", "d", "b", "c"]
    assert known["a"].always_sent
    assert known["c"].takes_null


def test_field_types() -> None:
    assert field_type(["a"]) == "string"
    assert field_type([1, 2.5]) == "number"
    assert field_type([["a"], []]) == "strings"
    assert field_type([[]]) == "array"
    assert field_type([1, "a"]) == "any"
