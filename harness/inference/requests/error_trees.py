"""Error answers as trees: JSON values with holes for the offending value and for the body."""

import json
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from harness.inference.model import ArrayOf, BodyValue, Const, Expr, InputValue, ObjectOf


class Hole(Enum):
    """What an error answer repeats of the request."""

    VALUE = "value"
    BODY = "body"


_ECHO = {
    "input", "value", "rejectedvalue", "rejected_value", "received", "given", "actual",
    "invalidvalue", "invalid_value", "data", "instance",
}  # fmt: skip
_GENERIC = {
    "type", "message", "msg", "code", "status", "title", "detail", "details", "path", "loc",
    "field", "context", "reason", "name", "key", "source", "error", "param", "location",
}  # fmt: skip
"""Keys with which errors describe themselves: no field's name beside others of them."""
_WAYS = ("value", "key", "phrase")
_FIELD = "\0field"
_DISTINCTIVE = 3


def with_holes(answer: Any, value: Any, body: Any, key: str = "") -> Any:
    """Replace what repeats the sent value or body; short values only under a key that says so."""
    echo = key.lower() in _ECHO
    if (echo or (isinstance(body, dict) and body)) and _same(answer, body):
        return Hole.BODY
    if _same(answer, value) and (
        echo or (isinstance(value, dict | list) and len(value) >= _DISTINCTIVE)
    ):
        return Hole.VALUE
    if isinstance(answer, dict):
        return {name: with_holes(item, value, body, name) for name, item in answer.items()}
    if isinstance(answer, list):
        return [with_holes(item, value, body) for item in answer]
    return answer


def filled(tree: Any, value: Any, body: Any) -> Any:
    """Put a request's value and body into the holes."""
    if tree is Hole.VALUE:
        return value
    if tree is Hole.BODY:
        return body
    if isinstance(tree, dict):
        return {name: filled(item, value, body) for name, item in tree.items()}
    if isinstance(tree, list):
        return [filled(item, value, body) for item in tree]
    return tree


def merged(bodies: Iterable[Any]) -> Any:
    """Merge error bodies: objects key by key, lists joined, else the first."""
    result: Any = None
    for number, body in enumerate(bodies):
        result = body if number == 0 else _merge(result, body)
    return result


def clash(left: Any, right: Any) -> bool:
    """Whether merging loses a part of the second body."""
    if isinstance(left, dict) and isinstance(right, dict):
        return any(clash(left[key], right[key]) for key in left.keys() & right.keys())
    if isinstance(left, list) and isinstance(right, list):
        return False
    return bool(left != right)


def expression(tree: Any, field: str) -> Expr:
    """The tree in the terms of the model; parts without holes are constants."""
    if tree is Hole.VALUE:
        return InputValue(name=field)
    if tree is Hole.BODY:
        return BodyValue()
    if not any(isinstance(leaf, Hole) for _, leaf in leaves(tree)):
        return Const(value=tree)
    if isinstance(tree, dict):
        return ObjectOf(fields={key: expression(item, field) for key, item in tree.items()})
    return ArrayOf(items=[expression(item, field) for item in tree])


def tree_of(expr: Expr) -> Any:
    """The inverse of `expression`."""
    match expr:
        case InputValue():
            return Hole.VALUE
        case BodyValue():
            return Hole.BODY
        case ObjectOf():
            return {key: tree_of(item) for key, item in expr.fields.items()}
        case ArrayOf():
            return [tree_of(item) for item in expr.items]
        case Const():
            return expr.value
    msg = f"a {expr.kind!r} expression is no part of a rule's error"
    raise ValueError(msg)


def fingerprint(tree: Any) -> str:
    return json.dumps(tree, default=str)


def leaves(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Keys and leaf values, in the order in which they are written."""
    if isinstance(tree, dict):
        for name, item in tree.items():
            yield name, None
            yield from leaves(item, name)
    elif isinstance(tree, list):
        for item in tree:
            yield from leaves(item, key)
    else:
        yield key, tree


def words(tree: Any, field: str) -> str:
    """All texts of a tree in lower case, without the field's name."""
    texts = [item for _, item in leaves(tree) if isinstance(item, str)]
    texts += [name for name, _ in leaves(tree) if name]
    text = " \n".join(texts)
    return _phrase(field).sub(" ", text).lower() if field else text.lower()


def numbers(tree: Any) -> Iterator[float]:
    """Numbers that an error answer names, in values first and then in its texts."""
    found = [item for _, item in leaves(tree)]
    yield from (n for n in found if isinstance(n, int | float) and not isinstance(n, bool))
    for item in found:
        if isinstance(item, str):
            for match in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])", item):
                yield float(match) if "." in match else int(match)


def mentioned(tree: Any, fields: Iterable[str]) -> list[str]:
    """The fields that an error answer is about, in the order in which it names them.

    A name counts as a whole value; where no field is named so, as a key; at last as a phrase.
    """
    names = list(fields)
    for way in _WAYS:
        places = {name: _place(tree, name, way) for name in names}
        found = {name: place for name, place in places.items() if place is not None}
        if found:
            return sorted(found, key=lambda name: found[name])
    return []


def part_for(tree: Any, field: str, others: Iterable[str]) -> Any:
    """The part of an answer about several fields that is about one of them."""
    group = [field, *others]
    by_value = any(_place(tree, name, "value") is not None for name in group)
    return _part(tree, group, by_value=by_value)


def _part(tree: Any, group: list[str], *, by_value: bool) -> Any:
    if isinstance(tree, dict):
        return {
            key: _part(item, group, by_value=by_value)
            for key, item in tree.items()
            if key not in group[1:] or (by_value and not mentioned(item, group[1:]))
        }
    if isinstance(tree, list):
        kept = []
        for item in tree:
            owners = mentioned(item, group)
            if not owners or group[0] in owners:
                kept.append(_part(item, group, by_value=by_value) if len(owners) > 1 else item)
        return kept
    return tree


def renamed(tree: Any, old: str, new: str = _FIELD) -> Any:
    """The same answer for a field of another name."""
    if not old:
        return tree
    if isinstance(tree, dict):
        return {_rename(key, old, new): renamed(item, old, new) for key, item in tree.items()}
    if isinstance(tree, list):
        return [renamed(item, old, new) for item in tree]
    return _rename(tree, old, new) if isinstance(tree, str) else tree


def _rename(text: str, old: str, new: str) -> str:
    if text == old:
        return new
    if new == _FIELD:
        for said, mark in ((human(old).capitalize(), "^"), (old, ""), (human(old), "~")):
            text = re.sub(_subject(said), _FIELD + mark, text)
        return text
    text = text.replace(_FIELD + "^", human(new).capitalize()).replace(_FIELD + "~", human(new))
    return text.replace(_FIELD, new)


def _subject(name: str) -> str:
    """A field's name in a text, not where it says what a value has to be."""
    return rf"(?<!\w)(?<!valid ){re.escape(name)}(?!\w)(?! address)"


def retold(template: Any, new: str) -> Any:
    """Put a field's name into what `renamed` left open."""
    return renamed(template, _FIELD, new)


def is_open(template: Any) -> bool:
    """Whether an answer names its field, so that it can be retold for another."""
    return any(
        _FIELD in key or (isinstance(item, str) and _FIELD in item)
        for key, item in leaves(template)
    )


def human(field: str) -> str:
    """`postalCode` and `postal_code` -> `postal code`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-]+", " ", field).strip().lower()


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _merge(left: Any, right: Any) -> Any:
    if isinstance(left, dict) and isinstance(right, dict):
        result = dict(left)
        for key, item in right.items():
            result[key] = _merge(left[key], item) if key in left else item
        return result
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    return left


def _phrase(field: str) -> re.Pattern[str]:
    spoken = "[ _-]?".join(re.escape(word) for word in human(field).split() or [field])
    return re.compile(rf"(?<![a-z]){spoken}(?![a-z])", re.IGNORECASE)


def _is_name(text: str, field: str) -> bool:
    if text == field:
        return True
    is_path = " " not in text and re.search(r"[./\[]", text) is not None
    return is_path and re.split(r"[./\[\]]+", text.rstrip("]"))[-1] == field


def _texts(tree: Any, key: str = "") -> Iterator[str]:
    """Texts in the order in which they are written, without the part of a request in a `loc`."""
    if isinstance(tree, dict):
        for name, item in tree.items():
            yield from _texts(item, name)
    elif isinstance(tree, list):
        for item in tree[1:] if key == "loc" else tree:
            yield from _texts(item)
    elif isinstance(tree, str):
        yield tree


def _keys(tree: Any) -> Iterator[str]:
    """Keys that may be names of fields, in the order in which they are written."""
    if isinstance(tree, dict):
        described = len(_GENERIC & tree.keys()) > 1
        for name, item in tree.items():
            if not (described and name in _GENERIC):
                yield name
            yield from _keys(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from _keys(item)


def _place(tree: Any, field: str, way: str) -> tuple[int, int] | None:
    if way == "phrase":
        phrase = _phrase(field)
        matches = ((number, phrase.search(text)) for number, text in enumerate(_texts(tree)))
        return next(((number, match.start()) for number, match in matches if match), None)
    subjects = _keys(tree) if way == "key" else _texts(tree)
    return next(
        ((number, 0) for number, text in enumerate(subjects) if _is_name(text, field)), None
    )
