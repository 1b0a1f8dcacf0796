"""What to fill in: values that fit a field, and values that do not."""

import re
from dataclasses import dataclass

from harness.capture.explore.page import Field

_KINDS = {
    "email": r"e-?mail",
    "url": r"\burl\b|website|image|avatar|homepage|https?:",
    "tel": r"phone|mobile|\btel\b",
    "slug": r"user ?name|login|handle|slug|\bkey\b",
    "tags": r"\btags?\b|label|keyword",
    "number": r"price|amount|quantity|count|stock|\bage\b|rating",
    "date": r"\bdate\b|\bdue\b|birthday|deadline",
}
_FIXED = {
    "tel": "+15550100",
    "date": "2031-05-17",
    "time": "09:30",
    "datetime-local": "2031-05-17T09:30",
    "month": "2031-05",
    "week": "2031-W20",
    "color": "#336699",
    "tags": "testing",
}


@dataclass
class Credentials:
    """Who the explorer is. `given` ones are the user's and are not registered."""

    name: str
    email: str
    password: str
    given: bool = False


class Values:
    """Makes values up; all text of one explorer has its `marker`, by which it knows its own."""

    def __init__(self, marker: str, credentials: Credentials) -> None:
        self.marker = marker
        self.credentials = credentials
        self._number = 0

    def valid(self, field: Field) -> str:
        """Return a value that fits the field, as far as it says what fits."""
        if field.options:
            return field.options[-1]
        fitting = {
            **_FIXED,
            "password": self.credentials.password,
            "number": field.min or field.max or "7",
            "range": field.min or field.max or "7",
            "email": self.credentials.email,
            "url": f"https://example.com/{self.marker}",
            "slug": self.credentials.name,
        }
        return fitting.get(kind_of(field)) or self._text(field)

    def fresh(self) -> None:
        """From here on texts differ from those before."""
        self._number += 1

    def invalid(self, field: Field) -> str:
        """Return a value that the field should not accept."""
        kind = kind_of(field)
        if kind in ("number", "range"):
            return "-1" if not field.min else str(int(float(field.min)) - 1)
        if field.is_secret:
            return "x"
        if kind == "email":
            return "not an address"
        if kind == "url":
            return "no url"
        return field.value if kind in _FIXED else ""

    def _text(self, field: Field) -> str:
        text = f"{self.marker} {self._number}"
        if field.pattern and not _fits(field.pattern, text):
            choices = (self.marker, self.marker.upper(), "12345", "ABC", "abc", "A1", "1")
            text = next((each for each in choices if _fits(field.pattern, each)), text)
        text = text.ljust(field.shortest, "x")
        return text[: field.longest] if field.longest else text


def kind_of(field: Field) -> str:
    """Return what a field is for: its type, or else what its name and label say."""
    if field.type not in ("text", "textarea", "search"):
        return field.type
    for kind, words in _KINDS.items():
        if re.search(words, field.words):
            return kind
    return "text"


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False
