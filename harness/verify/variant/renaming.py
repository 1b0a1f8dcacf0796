"""Fresh words for known ones: same length, same order, same beginnings.

The words form a tree of letters. At every fork the letters are replaced by others in the same
order, so that two words begin alike for as long as they did, and sort as they did: what a list is
sorted or searched by keeps its answer.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from hashlib import blake2b

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_PLAIN = re.compile("[a-z]*")
_VOWELS = frozenset("aeiouy")
_END = ord("z") + 1


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return [found.lower() for found in WORD.findall(text)]


def can_change(word: str) -> bool:
    """Whether a word has letters that can be replaced: those of a to z after the first."""
    return len(word) > 1 and word.isascii() and word.isalpha()


class Renaming:
    """A renaming of all words of a recording; those of `kept` stay, and so do first letters."""

    def __init__(self, words: Iterable[str], kept: Iterable[str], salt: str) -> None:
        self._salt = salt
        self._words = {*words, *kept}
        stays = {*kept, *(word for word in self._words if not can_change(word))}
        self._fixed = {word[:end] for word in stays for end in range(1, len(word) + 1)}
        self._fresh: dict[str, str] = {}
        """The new last letter of each beginning of a word."""
        after: dict[str, set[str]] = defaultdict(set)
        for word in self._words:
            plain = _PLAIN.match(word)
            for end in range(1, plain.end() if plain else 0):
                after[word[:end]].add(word[end])
        for beginning, letters in after.items():
            self._replace(beginning, sorted(letters))

    def word(self, word: str) -> str:
        """Return the fresh word, in the case of the old one; others than those given stay."""
        lower = word.lower()
        if lower not in self._words or not can_change(lower):
            return word
        return "".join(
            fresh.upper() if old.isupper() else fresh
            for end, old in enumerate(word, 1)
            for fresh in (self._fresh.get(lower[:end], lower[end - 1]),)
        )

    def text(self, text: str) -> str:
        return WORD.sub(lambda found: self.word(found[0]), text)

    def _replace(self, beginning: str, letters: list[str]) -> None:
        """Give each letter that follows a beginning another one, between its neighbours' new ones.

        As many letters as are still to come up to the next one that stays are left for them.
        """
        lowest = ord("a")
        for index, letter in enumerate(letters):
            here = beginning + letter
            if here in self._fixed:
                lowest = ord(letter) + 1
                continue
            later = letters[index + 1 :]
            stays = next((one for one in later if beginning + one in self._fixed), None)
            waiting = later.index(stays) if stays else len(later)
            end = (ord(stays) if stays else _END) - waiting
            self._fresh[here] = self._pick(here, map(chr, range(lowest, end)))
            lowest = ord(self._fresh[here]) + 1

    def _pick(self, here: str, candidates: Iterable[str]) -> str:
        letter = here[-1]

        def rank(one: str) -> tuple[bool, bool, bytes]:
            draw = blake2b(f"{self._salt}/{here}/{one}".encode(), digest_size=8).digest()
            return one == letter, (one in _VOWELS) != (letter in _VOWELS), draw

        return min(candidates, key=rank)


def renaming_for(
    words: Collection[str],
    kept: Collection[str],
    searched: Collection[str],
    taken: Collection[str],
    salt: str,
) -> Renaming:
    """Return a renaming under which searched words are within the same words as before.

    `searched` are some of `words`. No word becomes one of those `taken`.
    """
    staying = set(kept)
    while True:
        renaming = Renaming(words, staying, salt)
        fresh = {word: renaming.word(word) for word in words}
        broken = {word for word, new in fresh.items() if new != word and new in taken}
        for part in searched:
            for word in words:
                if (part in word) != (fresh[part] in fresh[word]):
                    broken |= {part, word}
        if broken <= staying:
            return renaming
        staying |= broken
