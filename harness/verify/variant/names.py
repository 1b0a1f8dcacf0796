"""Names of fields, parameters and paths, and the texts that are made of them."""

import re
from collections.abc import Iterable

import inflection

from harness.verify.variant.renaming import words_of

_RESERVED = "true false yes no on off null nil none nan inf infinity undefined asc desc"
_PARTS = re.compile(r"\w+")


class Names:
    """Names, in the ways in which they may be written, and texts that may be names."""

    def __init__(self) -> None:
        self._names: set[str] = set(_RESERVED.split())
        self._added: set[str] = set()
        self._texts: set[str] = set()

    def __contains__(self, text: str) -> bool:
        return text.lower() in self._names

    def add(self, found: Iterable[str]) -> None:
        for text in {*found} - self._added:
            self._added.add(text)
            for name in (text.lower(), inflection.underscore(text)):
                self._names |= {name, inflection.singularize(name), inflection.pluralize(name)}

    def add_text(self, text: str) -> None:
        if " " not in text:
            self._texts.add(text.lower())

    def words_sent(self) -> set[str]:
        """Return the words of texts that are names, such as what to sort by."""
        return {
            word
            for text in self._texts
            if text in self._names or all(part in self._names for part in _PARTS.findall(text))
            for word in words_of(text)
        }

    @property
    def words(self) -> set[str]:
        return {word for name in self._names for word in words_of(name)}
