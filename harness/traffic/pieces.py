"""Rows that come again: lists in answers repeat what earlier answers held."""

from collections.abc import Iterable

_BETWEEN = b"},"
_SMALL = 256
_MOST = 50_000


class SeenPieces:
    """Remembers the pieces of JSON texts that were searched and held nothing.

    A text is cut where an object ends and more follows. No name, token or run of letters reaches
    over such a place, so what is looked for is in a piece or nowhere.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def fresh(self, text: bytes) -> list[bytes]:
        """Return the pieces that are still to be searched."""
        if len(text) < _SMALL:
            return [text]
        seen = self._seen
        return [piece for piece in text.split(_BETWEEN) if hash(piece) not in seen]

    def remember(self, text: bytes, pieces: Iterable[bytes]) -> None:
        """Note that pieces of a text held nothing. Short texts are not worth the note."""
        if len(text) >= _SMALL and len(self._seen) < _MOST:
            self._seen.update(map(hash, pieces))

    def forget(self) -> None:
        self._seen.clear()


def joined(pieces: list[bytes]) -> bytes:
    """Return pieces as one text, still apart from each other."""
    return _BETWEEN.join(pieces)
