"""Where to go, what to try there, and when it is enough."""

import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Page

from harness.capture.explore.caution import care_for, is_removal
from harness.capture.explore.hands import Hands, Manner
from harness.capture.explore.page import Button, Form, Link, Snapshot, kind_of
from harness.capture.explore.values import Values
from harness.traffic.addresses import host_in_scheme

_REGISTERS = re.compile(r"sign ?up|register|create (?:an |your )?account|join", re.IGNORECASE)
_OF_A_KIND = 2
_DEEP = 3
_PATIENCE = 15
_MOST_REMOVALS = 20
_LONGEST_S = 900.0
_MANNERS: tuple[Manner, ...] = ("valid", "empty", "invalid", "valid")


@dataclass(frozen=True)
class Place:
    """An address, and what has to be pressed there to see it."""

    url: str
    presses: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return " > ".join([kind_of(self.url), *self.presses])


class Explorer:
    """Explores from a start page, within scope, with care for what is not its own."""

    def __init__(
        self, page: Page, start: str, values: Values, in_scope: Callable[[str], bool]
    ) -> None:
        self._hands = Hands(page, values)
        self._start = start
        self._values = values
        self._in_scope = in_scope
        self._queue: deque[Place] = deque([Place(start)])
        self._removals: deque[Place] = deque()
        self._goodbyes: deque[Place] = deque()
        self._logins: dict[str, Place] = {}
        self._registrations: dict[str, Place] = {}
        self._visits: Counter[str] = Counter()
        self._own: set[str] = set()
        self._offered: defaultdict[str, set[str]] = defaultdict(set)
        self._known: set[Place] = {Place(start)}
        self._tried: set[str] = set()
        self._registered = values.credentials.given
        self._until = time.monotonic() + _LONGEST_S

    @property
    def endpoints(self) -> set[tuple[str, str]]:
        return self._hands.endpoints

    async def run(self) -> None:
        """Explore until new pages bring nothing new; remove what was created; log out last."""
        await self._walk(self._queue)
        await self._remove_own()
        await self._walk(self._goodbyes)
        await self._knock()

    async def _knock(self) -> None:
        """See what is refused the second time, and what a wrong password gets."""
        again = {} if self._values.credentials.given else self._registrations
        for key, place in again.items():
            await self._submit(place, key, "valid")
        for key, place in self._logins.items():
            for manner in ("empty", "invalid", "wrong secret", "valid"):
                await self._submit(place, key, manner)

    async def _walk(self, places: deque[Place]) -> None:
        fruitless = 0
        while places and fruitless < _PATIENCE and time.monotonic() < self._until:
            known = len(self.endpoints)
            await self._visit(places.popleft())
            fruitless = 0 if len(self.endpoints) > known else fruitless + 1

    async def _remove_own(self) -> None:
        for place in self._removals:
            for _ in range(_MOST_REMOVALS):
                if await self._reach(place) is None:
                    break

    async def _visit(self, place: Place) -> None:
        self._visits[place.kind] += 1
        seen = await self._reach(place)
        if seen is None:
            return
        self._note(place, seen)
        for form in seen.forms:
            key = f"{kind_of(seen.url)} {form.key}"
            if key not in self._tried and self._may_fill(form, seen):
                self._tried.add(key)
                await self._try(place, form, seen)

    # ------------------------------------------------------------------- getting there

    async def _reach(self, place: Place) -> Snapshot | None:
        """Return what is to be seen at a place; None where there is no way to it any more."""
        if not await self._hands.go(place.url):
            return None
        seen = await self._look()
        for step, name in enumerate(place.presses, start=1):
            button = None if seen is None else self._button(seen, name)
            if button is None and step < len(place.presses):
                continue  # a switch may be where this press would bring it
            if button is None or not await self._hands.press(button):
                return None
            seen = await self._look()
        return seen

    async def _look(self) -> Snapshot | None:
        seen = await self._hands.see()
        if seen is not None and not self._within(seen.url):
            await self._hands.go(self._start)
            return None
        if seen is not None and self._is_own(seen.heading):
            self._own.add(seen.url)
        return seen

    def _button(self, seen: Snapshot, name: str) -> Button | None:
        named = [each for each in seen.buttons if each.name == name and not each.disabled]
        allowed = [each for each in named if self._may_press(each, seen)]
        return min(allowed, key=lambda each: not self._is_own(each.around), default=None)

    # ----------------------------------------------------------------- what is there to do

    def _note(self, place: Place, seen: Snapshot) -> None:
        """Plan to go where links lead, and to press what may be pressed."""
        for link in seen.links:
            self._note_link(link)
        if len(place.presses) < _DEEP:
            base = place if seen.url == place.url else Place(seen.url)
            offered = self._offered[kind_of(place.url)]
            names = {each.name for each in seen.buttons}
            new = names - offered if place.presses else names
            offered |= names
            for button in seen.buttons:
                if button.name in new and self._may_press(button, seen):
                    self._plan(Place(base.url, (*base.presses, button.name)), button.name)

    def _note_link(self, link: Link) -> None:
        care = care_for(link.name)
        if not self._within(link.href) or care == "never":
            return
        if is_removal(link.name) and not self._is_own(link.href):
            return
        own = self._is_own(link.name) or self._is_own(link.href.replace("-", " "))
        self._plan(Place(link.href), link.name, soon=own)

    def _plan(self, place: Place, name: str, *, soon: bool = False) -> None:
        most = _OF_A_KIND + (_OF_A_KIND if soon else 0)
        if place in self._known or self._visits[place.kind] >= most:
            return
        self._known.add(place)
        if care_for(name) == "last":
            self._goodbyes = self._goodbyes or deque([place])
        elif is_removal(name):
            self._removals.append(place)
        elif soon:
            self._queue.appendleft(place)
        else:
            self._queue.append(place)

    def _may_press(self, button: Button, seen: Snapshot) -> bool:
        care = care_for(button.name)
        if care != "own":
            return care != "never"
        if button.around:
            return self._is_own(button.around)
        alike = sum(each.name == button.name for each in seen.buttons)
        return alike == 1 and seen.url in self._own

    def _is_own(self, text: str) -> bool:
        return self._values.marker.lower() in text.lower()

    def _within(self, url: str) -> bool:
        parts = urlsplit(url)
        return self._in_scope(host_in_scheme(parts.netloc, parts.scheme))

    # ---------------------------------------------------------------------------- forms

    def _may_fill(self, form: Form, seen: Snapshot) -> bool:
        """Whether a form makes something new, or changes what is the explorer's own."""
        if any(care_for(button.name) == "never" for button in form.buttons):
            return False
        texts = [each.value for each in form.fields if each.value and not each.options]
        if not texts or seen.url in self._own:
            return True
        return self._is_own(" ".join([*texts, form.around]))

    async def _try(self, place: Place, form: Form, seen: Snapshot) -> None:
        if not form.asks_for_secret:
            for manner in _MANNERS:
                await self._submit(place, form.key, manner)
            return
        said = " ".join([seen.heading, *(button.name for button in form.buttons)])
        registers = _REGISTERS.search(said) is not None
        (self._registrations if registers else self._logins)[form.key] = place
        if registers:
            for manner in ("empty", "invalid"):
                await self._submit(place, form.key, manner)
        if registers != self._registered and await self._submit(place, form.key, "valid"):
            self._registered = True
            self._begin_again()

    def _begin_again(self) -> None:
        """Who is logged in sees other things."""
        self._visits.clear()
        self._known = {Place(self._start)}
        self._queue.appendleft(Place(self._start))

    async def _submit(self, place: Place, key: str, manner: Manner) -> bool:
        """Fill a form in and submit it; return whether that was accepted."""
        seen = await self._reach(place)
        form = next((each for each in seen.forms if each.key == key), None) if seen else None
        if form is None:
            return False
        if manner == "valid":
            self._values.fresh()
        await self._hands.fill(form, manner)
        if not await self._hands.submit(form):
            return False
        after = await self._look()
        if after is not None:
            self._note(Place(after.url), after)
        return not self._hands.refused
