"""Which words of a recording clients chose, and which have a meaning of their own.

A word may be replaced when a client sent it in a body that was accepted, or the initial state
holds it. It stays when it is sent as the name of a field or path, when it is one of a few that a
field knows, when nobody ever accepted it, or when the original shows it in a way that is not
understood: before it was told, or in a text that all of what a client sent went into.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from harness.inference.paths.templates import Templates
from harness.traffic.exchange import Exchange, Request, Response
from harness.traffic.lexicon import is_password
from harness.verify.variant.derived import derived_words
from harness.verify.variant.formats import fixed_parts, host_of, is_bound, is_fixed
from harness.verify.variant.leaves import (
    PLACES,
    json_of,
    keys,
    pieces,
    segments,
    sent,
    texts,
    unread,
)
from harness.verify.variant.names import Names
from harness.verify.variant.renaming import words_of
from harness.verify.variant.told import Told, is_address

_ERROR = 400
_SERVER_ERROR = 500
_FEW = 4
_MANY = 8
_SHORTEST = 4
_SAID_BY_ITSELF = 2
"""So many words may be a value that the original made up; more are a sentence."""
_ONE_WORD = re.compile(r"[\w-]+")
_COMPARED_HEADERS = {"set-cookie", "www-authenticate"}


class Vocabulary:
    """What the exchanges of a recording say, gathered in their order."""

    def __init__(self, templates: Templates, hosts: Collection[str]) -> None:
        self._templates = templates
        self._hosts = hosts
        self._told = Told()
        self._values: dict[str, Counter[str]] = defaultdict(Counter)
        self._accepted: set[str] = set()
        self._kept: set[str] = set()
        self._queries: dict[str, set[str]] = defaultdict(set)
        self._searching: set[str] = set()
        """Parameters that find texts by a part of them."""
        self.names = Names()
        self.words: set[str] = set()
        """All that are in texts which may change."""
        self.chosen: set[str] = set()
        """Texts of clients and of the initial state."""
        self.unexplained: set[str] = set()
        """Texts of the original itself, which do not change."""
        self.fixed: set[str] = set()
        """Texts of clients that have a meaning to machines."""
        self.mixed: dict[str, set[str]] = defaultdict(set)
        """Texts of the original around texts of clients, and the latter."""

    @property
    def staying(self) -> set[str]:
        """Words that must stay, once everything was added."""
        shown = [text for text in self.unexplained if text not in self.names]
        derived = derived_words(self.chosen, shown)
        kept = self._kept | self._enumerated() | derived | self.names.words_sent()
        return kept | (self.words - self._accepted)

    @property
    def searched(self) -> set[str]:
        """Words of queries that are looked for within texts."""
        return {
            word
            for name, values in self._queries.items()
            for text in values
            for word in words_of(text)
            if name in self._searching or len(word) >= _SHORTEST
        }

    def add_seed(self, seed: Mapping[str, Any]) -> None:
        for key, text in texts([seed.get("tables", {}), seed.get("links", {})]):
            self._choose(key, text, accepted=True)
        self.names.add(keys([*seed.get("tables", {}).values()]))

    def add(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        accepted = response is not None and response.status < _ERROR
        self._add_path(request)
        for name, value in request.headers:
            if name.lower() == "cookie" or name.lower().startswith("x-"):
                self._keep([value])
        for key, text in sent(request):
            self._choose(key, text, accepted=accepted)
        self._keep(unread(request))
        self.names.add(keys(json_of(request.body)))
        for name, text in request.params():
            self.names.add([name])
            self._note(text)
            if not is_bound(text):
                self._queries[name].add(text)
                self._values[name][text] += 1
        if response is not None and response.status < _SERVER_ERROR:
            self._add_response(request, response)

    def _choose(self, key: str, text: str, *, accepted: bool) -> None:
        if is_bound(text) or not words_of(text):
            return
        if is_fixed(text) and host_of(text) not in self._hosts:
            self.fixed.add(text)
            self._told.add(text)
            return
        if is_address(text):
            self._explain(text, ())
            return
        self._note(text)
        self.chosen.add(text)
        self._keep(fixed_parts(text))
        self._values[key][text] += 1
        self._told.add(text, identifies=is_password(key))
        if accepted:
            self._accepted.update(words_of(text))

    def _add_path(self, request: Request) -> None:
        match = self._templates.match(request.method, request.host, request.path)
        if match is None:
            self._keep(segments(request.path))
            return
        self.names.add(pieces(re.sub(r"\{[^}]*\}", "", match.template)))
        for value in match.params.values():
            self._note(value)
            self._told.identifying.add(value.lower())

    def _add_response(self, request: Request, response: Response) -> None:
        said = [text for _, text in chain(sent(request), request.params())]
        said += segments(request.path)
        value = json_of(response.body)
        if value is None:
            found = [response.body.decode(errors="replace")]
        else:
            self.names.add(keys(value))
            found = [text for _, text in texts(value)]
        if response.status < _ERROR:
            self._note_search(request, {text.lower() for text in found})
            self._keep(text for text in found if self._is_of_the_original(text))
        for text in found:
            self._explain(text, said)
        for name, text in response.headers:
            if name.lower() in PLACES:
                self._explain(text, said)
            elif name.lower() in _COMPARED_HEADERS:
                self._keep([text])

    def _note_search(self, request: Request, found: set[str]) -> None:
        for name, value in request.params():
            text = value.lower()
            if words_of(text) and text not in found and any(text in one for one in found):
                self._searching.add(name)

    def _explain(self, text: str, said: Iterable[str]) -> None:
        """Tell what of a text clients said before, and what the original says itself."""
        self._note(text)
        if is_bound(text) or not words_of(text) or self._told.knows(text):
            return
        if is_address(text):
            for piece in pieces(text):
                if words_of(piece) and not is_bound(piece) and not self._told.knows(piece):
                    self.unexplained.add(piece)
            return
        rest = text
        for part in sorted(set(said), key=len, reverse=True):
            if len(part) >= _SHORTEST and self._told.knows(part) and part not in self.names:
                rest, count = within(part).subn(" ", rest)
                if count:
                    self.mixed[text].add(part)
        self.unexplained.add(rest)

    def _is_of_the_original(self, text: str) -> bool:
        """Whether a text may be a value that the original made up itself, and sorts by."""
        return (
            len(words_of(text)) <= _SAID_BY_ITSELF
            and not is_bound(text)
            and not is_address(text)
            and not self._told.knows(text)
        )

    def _note(self, text: str) -> None:
        if not is_bound(text) and not is_address(text):
            self.words.update(words_of(text))
            self.names.add_text(text)

    def _keep(self, found: Iterable[str]) -> None:
        for text in found:
            words = words_of(text)
            self._kept.update(words)
            self.words.update(words)

    def _enumerated(self) -> set[str]:
        """Return the words of texts that a field has few of, wherever they are sent."""
        few = {key for key, counts in self._values.items() if _has_few(counts)}
        free = {text for key, counts in self._values.items() if key not in few for text in counts}
        return {
            word
            for key in few
            for text in self._values[key]
            if _ONE_WORD.fullmatch(text)
            and text not in free
            and not self._told.identifying & {text, text.lower()}
            for word in words_of(text)
        }


def within(part: str) -> re.Pattern[str]:
    """Return a pattern of a text that stands between others."""
    return re.compile(rf"(?<!\w){re.escape(part)}(?!\w)", re.IGNORECASE)


def _has_few(counts: Counter[str]) -> bool:
    return len(counts) < _FEW or (len(counts) <= _MANY and counts.total() >= 2 * len(counts))
