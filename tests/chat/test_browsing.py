"""What the browser tools do, and what they refuse."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.capture.session import Session
from harness.chat.browser_tools import BrowserTools
from harness.chat.browsing import Browsing
from harness.project import Project
from tests.capture.driving import capturing
from tests.capture.serving import free_port, serving
from tests.chat.pages import Account, application

pytestmark = pytest.mark.browser


@dataclass
class Hands:
    """Uses the tools as the SDK does."""

    origin: str
    account: Account
    session: Session
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browsing = Browsing(self.session, "the-real-one")
        tools = BrowserTools(self.browsing, self.told.append).offered()
        self._tools = {one.name: one.handler for one in tools}

    async def use(self, name: str, **given: Any) -> str:
        answer = await self._tools[name](given)
        text = str(answer["content"][0]["text"])
        return f"refused: {text}" if answer["is_error"] else text

    async def on(self, name: str, element: str, **given: Any) -> str:
        seen = await self.use("snapshot")
        found = re.findall(rf"{re.escape(element)}.*?\[ref=(\w+)\]", seen)
        return await self.use(name, element=found[0], **given)


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[Hands]:
    account, port = Account(), free_port()
    project = Project.create(tmp_path / "account", f"http://127.0.0.1:{port}/")
    with serving(application(account), port) as origin:
        async with capturing(project, via="browser") as session:
            yield Hands(origin, account, session)


async def test_what_must_not_be_pressed_is_not(hands: Hands) -> None:
    for element in ('button "Pay now"', 'button "Delete my account"', 'button "Yes"'):
        assert (await hands.on("click", element)).startswith("refused: That is never"), element
    assert (await hands.on("click", 'button "Log out everywhere"')).startswith("refused")
    submitted = await hands.on("type", 'textbox "Note"', text="x", submit=True)
    assert "Place order" in submitted
    assert submitted.startswith("refused")
    for path in ("/billing", "/account?do=delete-account", "/transfer/all"):
        assert (await hands.use("navigate", url=hands.origin + path)).startswith("refused"), path
    assert not hands.account.did
    assert "POST" in await hands.on("click", 'button "Cancel"')
    assert "a dialog asked: Sure? (accepted)" in await hands.on("click", 'button "Remove draft"')
    assert set(hands.account.did) == {"cancel", "removed"}


async def test_it_stays_in_scope(hands: Hands) -> None:
    for url in ("http://elsewhere.invalid/", "file:///etc/passwd", "javascript:alert(1)", "/fine"):
        assert (await hands.use("navigate", url=url)).startswith("refused"), url
    assert (await hands.on("click", 'link "Direct"')).startswith("refused: That is out of scope")
    framed = await hands.on("click", 'button "Fine"')
    assert framed.startswith("refused: That is out of scope")
    left = await hands.on("click", 'link "Leave"')
    assert "out of scope and was left again" in left
    assert f"now at {hands.origin}/ (Account)" in left
    assert "out of scope" in await hands.use("navigate", url=f"{hands.origin}/elsewhere")
    opened = await hands.use("tabs", action="new", url="http://elsewhere.invalid/")
    assert opened.startswith("refused")
    assert len(hands.browsing.pages) == 1


async def test_tabs_fields_the_way_back_and_the_persons_turn(hands: Hands) -> None:
    assert "a new tab opened: 2" in await hands.on("click", 'link "Pop up"')
    assert f"2 {hands.origin}/fine (Fine) (this one)" in await hands.use(
        "tabs", action="switch", number=2
    )
    assert "All is well" in await hands.use("snapshot")
    assert (await hands.use("tabs", action="switch", number=3)).startswith("refused")
    await hands.use("tabs", action="switch", number=1)
    assert "(Fine)" in await hands.use("navigate", url=f"{hands.origin}/fine")
    assert "(Account)" in await hands.use("back")
    await hands.on("select", 'combobox "Colour"', option="green")
    await hands.on("type", 'textbox "Note"', text="milk")
    seen = await hands.use("snapshot")
    assert 'option "green" [selected]' in seen
    assert "milk" in seen
    assert "4711" not in seen
    assert (await hands.on("type", 'textbox "Note"', text="UNDERSTUDY_PASSWORD")).startswith(
        "refused"
    )
    await hands.on("type", 'textbox "PIN"', text="UNDERSTUDY_PASSWORD")
    pin = hands.browsing.page.get_by_label("PIN")
    assert await pin.input_value() == "the-real-one"
    assert "four digits" in seen
    assert "take a new snapshot" in await hands.use("click", element="e999")
    assert "take a new snapshot" in await hands.use("click", element="e1 >> css=button")
    assert re.match(r"<data-\w{8}>\n", seen)
    assert 'type into textbox "Note"' in hands.told
    hands.browsing.with_person = True
    for name, given in (
        ("navigate", {"url": hands.origin}),
        ("snapshot", {}),
        ("tabs", {"action": "list"}),
        ("click", {"element": "e1"}),
    ):
        assert "The person has the browser" in await hands.use(name, **given)
