"""What clients have said so far, and the forms in which a backend gives it back."""

import re

from harness.verify.variant.renaming import words_of

_SLUG = re.compile(r"[\w-]+")
_SUFFIX = re.compile(r"[-_][0-9a-zA-Z]{1,16}")


def is_address(text: str) -> bool:
    """Whether a text is a path or URL: its parts are texts of their own."""
    return "/" in text and re.search(r"\s", text) is None


class Told:
    """Texts that were told."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._sequences: set[tuple[str, ...]] = set()
        self.identifying: set[str] = set()
        """Those in paths and e-mail addresses, and passwords."""

    def add(self, text: str, *, identifies: bool = False) -> None:
        lower = text.lower().strip()
        self._texts.add(lower)
        self._sequences.add(tuple(words_of(text)))
        local, at, _ = lower.partition("@")
        if at:
            self._texts.add(local)
            self.identifying.add(local)
        if identifies:
            self.identifying.add(text)

    def knows(self, text: str) -> bool:
        """Whether a text was told, in whatever case, or is the slug of one, with or without an end.

        The end must have a digit: a counter or something random.
        """
        if text.lower().strip() in self._texts:
            return True
        if not _SLUG.fullmatch(text):
            return False
        if tuple(words_of(text)) in self._sequences:
            return True
        stem = text[: max(text.rfind("-"), text.rfind("_"), 0)]
        suffix = text[len(stem) :]
        if not any(one.isdigit() for one in suffix) or not _SUFFIX.fullmatch(suffix):
            return False
        return tuple(words_of(stem)) in self._sequences
