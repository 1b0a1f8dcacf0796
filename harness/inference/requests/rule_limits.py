"""The limits of rules: from the words of an error where they fit what was accepted."""

import math
import re
from collections.abc import Iterable
from typing import Any

from harness.inference.requests.error_trees import leaves, numbers, words
from harness.inference.requests.violations import Known, has_type

_FEW_VALUES = 2
_TYPE_WORDS = (
    ("string", re.compile(r"string|text")),
    ("array", re.compile(r"list|array")),
    ("integer", re.compile(r"\bint|whole number")),
    ("number", re.compile(r"number|float|decimal|numeric")),
    ("boolean", re.compile(r"bool|true or false")),
    ("object", re.compile(r"dict|object|mapping|hash")),
)


def limit_for(
    kind: str, values: list[Any], trees: list[Any], known: Known, field_name: str = ""
) -> Any:
    """The limit of a rule: from the error where it fits what was accepted, else the loosest.

    None where the kind has no limit; raises ValueError where no limit fits.
    """
    if kind == "type":
        expected = known.type or named_type(words(trees[0], field_name))
        if expected is None or any(has_type(value, expected) for value in values):
            raise ValueError(kind)
        return expected
    if kind == "enum":
        return _allowed(trees[0], values, known)
    if kind == "pattern":
        return known.pattern
    if kind in {"min_length", "minimum"}:
        return _lower_limit(kind, values, trees, known)
    if kind in {"max_length", "maximum"}:
        return _upper_limit(kind, values, trees, known)
    return None


def named_type(text: str) -> str | None:
    return next((kind for kind, form in _TYPE_WORDS if form.search(text)), None)


def _sizes(kind: str, values: Iterable[Any]) -> list[Any]:
    return [len(value) if kind.endswith("length") else value for value in values]


def _lower_limit(kind: str, values: list[Any], trees: list[Any], known: Known) -> Any:
    refused = max(_sizes(kind, values))
    accepted = known.lengths[0] if kind == "min_length" else known.range[0]
    for number in numbers(trees[0]):
        if number == refused and isinstance(number, int) and accepted > number:
            return number + 1
        if refused < number <= accepted:
            return number
    if isinstance(refused, int):
        return refused + 1
    return _finite(kind, accepted)


def _upper_limit(kind: str, values: list[Any], trees: list[Any], known: Known) -> Any:
    refused = min(_sizes(kind, values))
    accepted = known.lengths[1] if kind == "max_length" else known.range[1]
    for number in numbers(trees[0]):
        if number == refused and isinstance(number, int) and accepted < number:
            return number - 1
        if accepted <= number < refused:
            return number
    if isinstance(refused, int):
        return refused - 1
    return _finite(kind, accepted)


def _finite(kind: str, accepted: float) -> float:
    if math.isinf(accepted):
        raise ValueError(kind)
    return accepted


def _allowed(tree: Any, values: list[Any], known: Known) -> list[str]:
    accepted = set(known.texts)
    named: list[str] = []
    for _, item in leaves(tree):
        if isinstance(item, str):
            named += re.findall(r"""['"`]([^'"`]+)['"`]""", item)
            tail = re.search(r"(?:one of|allowed(?: values)?|among)(?: are)?:?\s*\[?([^\]]+)", item)
            if tail:
                named += re.split(r"\s*(?:,|\bor\b|\band\b|\|)\s*", tail[1].strip(" ."))
            named.append(item)
    named = [word.strip("'\"` .") for word in named]
    listed = [word for word in dict.fromkeys(named) if word and word not in values]
    quoted = [word for word in listed if re.fullmatch(r"[\w-]{1,40}", word)]
    if accepted and accepted <= set(quoted):
        return [word for word in quoted if word in accepted or _listed(tree, word, accepted)]
    if len(accepted) < _FEW_VALUES:
        raise ValueError("enum")
    return sorted(accepted)


def _listed(tree: Any, word: str, accepted: set[str]) -> bool:
    """Whether a word stands in the same text or list of the error as an accepted one."""
    if isinstance(tree, str):
        return tree not in accepted and word in tree and any(each in tree for each in accepted)
    if isinstance(tree, dict):
        return any(_listed(item, word, accepted) for item in tree.values())
    if isinstance(tree, list):
        if word in tree and any(each in tree for each in accepted):
            return True
        return any(_listed(item, word, accepted) for item in tree)
    return False
