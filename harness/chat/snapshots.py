"""A page as its accessibility tree, without what was typed into password fields."""

import re

from playwright.async_api import Locator, Page

_FIELD = re.compile(r"(?P<indent> *)- textbox\b.*?\[ref=(?P<ref>\w+)\][^:\n]*:?(?P<value> .*)?$")
_TEXT = re.compile(r"( *- text: ).*$")
_PASSWORDS = "input[type=password]"
_HIDES = "element => element.matches('input[type=password]')"
_NAMED = re.compile(r"- (\w+(?: \"(?:[^\"\\]|\\.)*\")?).*?\[ref=(\w+)\]")
_HIDDEN = "(hidden)"


async def tree(page: Page, part: Locator | None = None) -> str:
    """Return the accessibility tree with the references that elements are named by."""
    text = await (part or page.locator("body")).aria_snapshot(mode="ai")
    frames = [await frame.locator(_PASSWORDS).count() for frame in page.frames]
    return await _without_secrets(page, text) if any(frames) else text


def names(text: str) -> dict[str, str]:
    """Return what the elements of a tree are called, by reference."""
    return {ref: name for name, ref in _NAMED.findall(text)}


async def _without_secrets(page: Page, text: str) -> str:
    lines, within = [], -1
    for line in text.split("\n"):
        if len(line) - len(line.lstrip()) <= within:
            within = -1
        found = _FIELD.match(line)
        if found and await page.locator(f"aria-ref={found['ref']}").evaluate(_HIDES):
            within = len(found["indent"])
            if found["value"]:
                lines.append(f"{line[: found.start('value')]} {_HIDDEN}")
                continue
        lines.append(_TEXT.sub(rf"\1{_HIDDEN}", line) if within >= 0 else line)
    return "\n".join(lines)
