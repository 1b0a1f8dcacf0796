"""Texts of the original that may have been made of what clients sent, nobody knows how."""

import re
from collections import defaultdict
from collections.abc import Iterable
from unicodedata import combining, normalize

from harness.verify.variant.renaming import WORD, words_of

_TOKEN = re.compile(rf"{WORD.pattern}|[0-9]+")
_APART = re.compile(r"[\s/?&=#<>\"'`,;]+")
_SLUG = re.compile(r"[\w-]+")
_SHORTEST = 4
_LONGER = 24
"""So much longer than a text the joined form of it may be: a prefix, a random end."""


def derived_words(chosen: Iterable[str], shown: Iterable[str]) -> set[str]:
    """Return the words of chosen texts that texts shown by the original may be made of.

    That is so where all of one is in the other, or where it is when nothing parts the words.
    """
    found: set[str] = set()
    texts = list(chosen)
    by_token: dict[str, set[int]] = defaultdict(set)
    tokens = [_tokens(text) for text in texts]
    for index, mine in enumerate(tokens):
        for token in mine:
            by_token[token].add(index)
    for text in shown:
        theirs = _tokens(text)
        for index in {one for token in theirs for one in by_token.get(token, ())}:
            if _is_made_of(text, theirs, tokens[index]):
                found.update(words_of(texts[index]))
    joined = {_compact(part): _sequence(part) for text in shown for part in _APART.split(text)}
    for text in texts:
        compact, sequence = _compact(text), _sequence(text)
        if len(compact) >= _SHORTEST and any(
            _is_joined(compact, sequence, *other) for other in joined.items()
        ):
            found.update(words_of(text))
    return found


def _is_made_of(text: str, theirs: frozenset[str], mine: frozenset[str]) -> bool:
    shared = len(theirs & mine)
    return shared in (len(theirs), len(mine)) or (
        2 * shared >= len(theirs) and _SLUG.fullmatch(text) is not None
    )


def _is_joined(mine: str, sequence: tuple[str, ...], other: str, theirs: tuple[str, ...]) -> bool:
    if mine in other:
        return len(other) <= len(mine) + _LONGER and not _within(sequence, theirs)
    return len(other) >= _SHORTEST and mine.startswith(other) and not _within(theirs, sequence)


def _tokens(text: str) -> frozenset[str]:
    return frozenset(found.lower() for found in _TOKEN.findall(_without_accents(text)))


def _sequence(text: str) -> tuple[str, ...]:
    return tuple(words_of(text))


def _compact(text: str) -> str:
    return "".join(one for one in _without_accents(text).lower() if one.isalnum())


def _without_accents(text: str) -> str:
    return "".join(one for one in normalize("NFKD", text) if not combining(one))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    size = len(part)
    return any(whole[start : start + size] == part for start in range(len(whole) - size + 1))
