"""Fresh texts for those of a recording."""

from harness.verify.variant.formats import is_bound
from harness.verify.variant.leaves import by_pieces
from harness.verify.variant.renaming import renaming_for
from harness.verify.variant.told import is_address
from harness.verify.variant.vocabulary import Vocabulary, within


class Freshening:
    """Replaces texts wherever they stand; the same text always becomes the same one."""

    def __init__(self, vocabulary: Vocabulary, salt: str) -> None:
        self._left = vocabulary.unexplained | vocabulary.fixed
        self._mixed = vocabulary.mixed
        self._renaming = renaming_for(
            vocabulary.words,
            vocabulary.staying,
            vocabulary.searched & vocabulary.words,
            vocabulary.names.words,
            salt,
        )

    def __call__(self, text: str) -> str:
        if text in self._mixed:
            return self._around(text)
        if is_bound(text) or text in self._left:
            return text
        return by_pieces(text, self._plain) if is_address(text) else self._renaming.text(text)

    def _plain(self, text: str) -> str:
        if is_bound(text) or text in self._left:
            return text
        return self._renaming.text(text)

    def _around(self, text: str) -> str:
        """Change what clients said within a text of the original."""
        for part in sorted(self._mixed[text], key=len, reverse=True):
            text = within(part).sub(lambda found: self._renaming.text(found[0]), text)
        return text
