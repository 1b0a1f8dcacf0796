"""What a person could use on a page."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Page

_SCRIPT = Path(__file__).with_name("snapshot.js").read_text(encoding="utf-8")
_ID = re.compile(r"\d+|[0-9a-f]{8,}(?:-[0-9a-f]+)*|[\w~%]+(?:-[\w~%]+)+")


class Field(msgspec.Struct, frozen=True):
    mark: int
    tag: str
    type: str
    name: str
    label: str
    required: bool
    value: str
    min: str
    max: str
    pattern: str
    shortest: int
    longest: int
    options: list[str]

    @property
    def words(self) -> str:
        """What the field says of itself."""
        return f"{self.name} {self.label} {self.type}".lower()

    @property
    def is_secret(self) -> bool:
        return self.type == "password"


class Button(msgspec.Struct, frozen=True):
    """`around` is the text of the row or dialog that it is in."""

    mark: int
    name: str
    around: str
    type: str
    disabled: bool


class Form(msgspec.Struct, frozen=True):
    fields: list[Field]
    buttons: list[Button]
    around: str

    @property
    def key(self) -> str:
        """What tells the form from others on pages of its kind."""
        names = ",".join(field.name or field.label for field in self.fields)
        return f"{names}|{'/'.join(button.name for button in self.buttons)}"

    @property
    def asks_for_secret(self) -> bool:
        return any(field.is_secret for field in self.fields)


class Link(msgspec.Struct, frozen=True):
    href: str
    name: str


class Snapshot(msgspec.Struct, frozen=True):
    url: str
    heading: str
    links: list[Link]
    forms: list[Form]
    buttons: list[Button]


async def look(page: Page) -> Snapshot:
    """Return what can be used on the page as it is now."""
    return msgspec.convert(await page.evaluate(_SCRIPT), Snapshot)


def kind_of(url: str) -> str:
    """Return an address without what tells one thing from another of its kind."""
    parts = urlsplit(url)
    place = f"{parts.path}#{parts.fragment}" if parts.fragment.strip("/") else parts.path
    steps = ["{}" if _ID.fullmatch(step) else step for step in place.split("/")]
    names = sorted(pair.partition("=")[0] for pair in parts.query.split("&") if pair)
    return f"{parts.netloc}{'/'.join(steps)}?{'&'.join(names)}"
