"""How columns are typed and how their values come about."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from harness.inference.model import Column, ColumnType, Generated

SlugStyle = Literal["replace", "remove"]
_DATETIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def column_type(values: Iterable[Any]) -> ColumnType:
    """The narrowest column type that holds every value; nulls say nothing."""
    kinds: set[ColumnType] = {_kind(value) for value in values if value is not None}
    if not kinds:
        return "string"
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {"integer", "number"}:
        return "number"
    if kinds <= {"string", "datetime", "date", "uuid"}:
        return "string"
    return "json"


def _kind(value: Any) -> ColumnType:  # noqa: PLR0911
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        if is_datetime(value):
            return "datetime"
        if _DATE.fullmatch(value):
            return "date"
        return "uuid" if _UUID.fullmatch(value) else "string"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "strings"
    return "json"


def is_datetime(value: Any) -> bool:
    return isinstance(value, str) and _DATETIME.fullmatch(value) is not None


def moment(value: Any) -> float | None:
    """Seconds since the epoch of a written datetime."""
    return _seconds(value) if is_datetime(value) else None


@lru_cache(maxsize=8192)
def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def datetime_style(
    values: Iterable[Any],
) -> tuple[Literal[0, 3, 6], Literal["Z", "+00:00", ""]]:
    """Digits of the second and the zone as the original writes them."""
    fractions: set[int] = set()
    zone: Literal["Z", "+00:00", ""] = "Z"
    for value in values:
        match = _DATETIME.fullmatch(value) if isinstance(value, str) else None
        if match:
            fractions.add(len(match["fraction"] or ".") - 1)
            zone = "Z" if match["zone"] == "Z" else "+00:00" if match["zone"] else ""
    widest = max(fractions, default=3)
    return (0 if widest == 0 else 3 if widest <= 3 else 6), zone  # noqa: PLR2004


def slug_of(value: Any, style: SlugStyle = "replace") -> str:
    """A slug as `Generated` describes it."""
    folded = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode().lower()
    if style == "replace":
        return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    kept = re.sub(r"[^\w\s-]", "", folded)
    return re.sub(r"[-\s]+", "-", kept).strip("-_")


def slug_suffix(slug: str, source: str, style: SlugStyle = "replace") -> int | None:
    """Length of the random hex suffix of a slug; 0 without one, None if it is no slug of it."""
    base = slug_of(source, style)
    if slug == base:
        return 0
    match = re.fullmatch(re.escape(base) + r"-([0-9a-f]{4,32})", slug)
    return len(match[1]) if match and base else None


def generated_kind(
    values: list[Any], *, key_like: bool, starts: frozenset[int] = frozenset()
) -> Generated | None:
    """How an identifier that the server chose is made, by its looks.

    `starts` are the places in `values` where another recording begins.
    """
    present = [value for value in values if value is not None]
    if not present:
        return None
    if all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        rising = all(
            a < b or place in starts for place, (a, b) in enumerate(pairwise(present), start=1)
        )
        return Generated(by="sequence") if key_like and rising else None
    if not all(isinstance(value, str) for value in present):
        return None
    return _text_kind(present, key_like=key_like)


def _text_kind(present: list[str], *, key_like: bool) -> Generated | None:  # noqa: PLR0911
    if all(_UUID.fullmatch(value) for value in present):
        return Generated(by="uuid")
    if len(set(present)) < len(present) or not key_like:
        return None
    if all(re.fullmatch(r"[0-9a-f]{24}", value) for value in present):
        return Generated(by="object_id")
    lengths = {len(value) for value in present}
    if all(value.isdigit() for value in present):
        if max(lengths) < 10:  # noqa: PLR2004 - a counter written as text
            return Generated(by="sequence")
        return Generated(by="digits", length=max(lengths))
    if len(lengths) == 1 and all(re.fullmatch(r"[0-9A-Za-z_-]+", value) for value in present):
        return Generated(by="random", length=lengths.pop())
    return None


def make_column(name: str, values: list[Any], **facts: Any) -> Column:
    kind = column_type(values)
    column = Column(name=name, type=kind, nullable=None in values, **facts)
    if kind == "datetime":
        column.fraction, column.zone = datetime_style(values)
    if kind == "string":
        texts = [value for value in values if isinstance(value, str)]
        if texts and all(EMAIL.fullmatch(text) for text in texts):
            column.format = "email"
    return column
