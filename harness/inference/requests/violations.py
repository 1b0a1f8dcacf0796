"""How a value can violate what is known of a field, and which violation an error speaks of."""

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

from harness.inference.model import Rule
from harness.inference.requests.error_trees import words

ABSENT: Any = object()
"""The value of a field that was not sent."""

KINDS: tuple[str, ...] = get_args(Rule.model_fields["kind"].annotation)
STRUCTURAL = ("required", "not_null", "type", "not_blank")

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
FORMATS = {"email": _EMAIL, "uuid": _UUID, "url": _URL}
PATTERNS = (
    r"^\d{4}-\d{2}-\d{2}$",
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$",
    r"^\d{2}:\d{2}(:\d{2})?$",
    r"^#[0-9a-fA-F]{6}$",
    r"^\+?[\d ()/-]{5,}$",
)
_MANY_WORDS = 8
_FEW_VALUES = 2
_LONG_WORD = 40

_HINTS = {
    "required": r"requir|missing|must|provide|blank|empty|need|present|null|undefined",
    "not_null": r"null|none|nil|requir|missing|blank|empty|valid|type|must|string|expected",
    "type": r"type|valid|must|expected|should be|cast|not an?\b|convert|parse",
    "not_blank": r"blank|empty|requir|missing|whitespace",
    "enum": r"one of|enum|allowed|choice|should be '|permitted|supported|option|not included",
    "email": r"valid|format|address|@|e-?mail",
    "uuid": r"uuid|guid|valid|format",
    "url": r"ur[li]|valid|format|link",
    "pattern": r"pattern|format|valid|match|regex|date|time|parse",
    "min_length": r"short|at least|min|least|length|fewer|characters|empty",
    "max_length": r"long|at most|max|length|exceed|characters|more than|up to",
    "minimum": r"greater|at least|min|positive|least|low|small|less than|>|negative|between|range",
    "maximum": r"less|at most|max|exceed|high|large|greater than|<|between|range|big",
}
HINTS = {kind: re.compile(pattern) for kind, pattern in _HINTS.items()}
TAKEN = re.compile(r"taken|already|exists?\b|unique|duplicate|in use|conflict|registered")
STRANGE = re.compile(r"not allowed|unknown|unexpected|unrecognized|extra|forbidden|not permitted")
"""An error says that a field is not known."""


def json_type(value: Any) -> str:
    """The JSON type of a value; whole numbers are integers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


@dataclass
class Known:
    """What accepted requests show of a field: the values sent, and in how many of the requests."""

    requests: int = 0
    values: list[Any] = field(default_factory=list)

    @cached_property
    def always_sent(self) -> bool:
        return len(self.values) == self.requests

    @cached_property
    def given(self) -> list[Any]:
        return [value for value in self.values if value is not None]

    @cached_property
    def type(self) -> str | None:
        types = {json_type(value) for value in self.given}
        if types == {"integer", "number"}:
            return "number"
        return types.pop() if len(types) == 1 else None

    @cached_property
    def takes_null(self) -> bool:
        return any(value is None for value in self.values)

    @cached_property
    def texts(self) -> Counter[str]:
        return Counter(value for value in self.given if isinstance(value, str))

    @cached_property
    def takes_blank(self) -> bool:
        return any(not text.strip() for text in self.texts)

    @cached_property
    def forms(self) -> list[str]:
        """The formats that all texts have."""
        return [kind for kind, form in FORMATS.items() if all(map(form.fullmatch, self.texts))]

    @cached_property
    def pattern(self) -> str | None:
        """The pattern that all of at least two texts match."""
        if len(self.texts) < _FEW_VALUES:
            return None
        matching = (form for form in PATTERNS if all(re.search(form, text) for text in self.texts))
        return next(matching, None)

    @cached_property
    def lengths(self) -> tuple[float, float]:
        """The shortest and the longest of its texts and lists."""
        sizes = [len(value) for value in self.given if isinstance(value, str | list)]
        return min(sizes, default=math.inf), max(sizes, default=-math.inf)

    @cached_property
    def range(self) -> tuple[float, float]:
        numbers_given = [value for value in self.given if isinstance(value, int | float)]
        return min(numbers_given, default=math.inf), max(numbers_given, default=-math.inf)

    @property
    def is_vocabulary(self) -> bool:
        return len(self.texts) <= _MANY_WORDS and all(
            len(text) <= _LONG_WORD for text in self.texts
        )


def breaks(rule: Rule, value: Any, *, nullable: bool = False) -> bool:
    """Whether a sent value breaks a rule. Null breaks `not_null`, and `type` unless nullable."""
    if rule.kind == "required":
        return value is ABSENT
    if value is ABSENT:
        return False
    if value is None:
        return rule.kind == "not_null" or (rule.kind == "type" and not nullable)
    if rule.kind == "type":
        return not has_type(value, rule.limit)
    return _breaks_limit(rule.kind, rule.limit, value)


def has_type(value: Any, expected: str) -> bool:
    kind = json_type(value)
    return kind == expected or (kind == "integer" and expected == "number")


def _breaks_limit(kind: str, limit: Any, value: Any) -> bool:
    if kind == "enum":
        return value not in limit
    if kind in {"min_length", "max_length"}:
        sized = isinstance(value, str | list)
        return sized and (len(value) < limit if kind == "min_length" else len(value) > limit)
    if kind in {"minimum", "maximum"}:
        number = isinstance(value, int | float)
        return number and bool(value < limit if kind == "minimum" else value > limit)
    return isinstance(value, str) and _breaks_form(kind, limit, value)


def _breaks_form(kind: str, limit: Any, text: str) -> bool:
    if kind == "not_blank":
        return not text.strip()
    if kind == "pattern":
        return not re.search(limit, text)
    return kind in FORMATS and not FORMATS[kind].fullmatch(text)


def possible(value: Any, known: Known) -> list[str]:
    """The kinds of rules that a value may break, given what was accepted; likely ones first."""
    if value is ABSENT:
        return ["required"] if known.always_sent else []
    if value is None:
        return [] if known.takes_null else ["not_null"]
    if known.type is not None and not has_type(value, known.type):
        return ["type"]
    if known.type is None:
        return [] if known.given else ["type", *_value_kinds(value, known)]
    return _value_kinds(value, known)


def _value_kinds(value: Any, known: Known) -> list[str]:
    kinds = []
    if isinstance(value, str):
        if not value.strip() and not known.takes_blank:
            kinds.append("not_blank")
        kinds += [
            kind
            for kind in known.forms
            if not FORMATS[kind].fullmatch(value) and (known.given or kind == "email")
        ]
        if known.pattern is not None and not re.search(known.pattern, value):
            kinds.append("pattern")
        if known.is_vocabulary and value and value not in known.texts:
            kinds.append("enum")
    if isinstance(value, str | list):
        shortest, longest = known.lengths
        kinds += ["min_length"] if len(value) < shortest else []
        kinds += ["max_length"] if len(value) > longest else []
    elif isinstance(value, int | float) and not isinstance(value, bool):
        lowest, highest = known.range
        kinds += ["minimum"] if value < lowest else []
        kinds += ["maximum"] if value > highest else []
    return kinds


def choose(value: Any, known: Known, tree: Any, field_name: str) -> str | None:
    """The kind that an error speaks of; without a hint only an absent, null, mistyped or "" value.

    An error that says that a value is taken is about the state, not about the value.
    """
    kinds = possible(value, known)
    text = words(tree, field_name)
    if "email" in kinds and "email" not in text and field_name.lower().replace("-", "") != "email":
        kinds.remove("email")
    hinted = [kind for kind in kinds if HINTS[kind].search(text)]
    if TAKEN.search(text) and not set(hinted) & set(STRUCTURAL):
        return None
    if "min_length" in hinted and re.search(r"short|at least \d|min_?length", text):
        return "min_length"
    if hinted:
        return hinted[0]
    return next((kind for kind in kinds if kind in STRUCTURAL), None)
