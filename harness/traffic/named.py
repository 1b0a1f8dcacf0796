"""Secrets that a name gives away: JSON members, form fields, URL parameters; and marked tokens."""

import re
import string
from typing import Literal

from harness.traffic.known import KnownSecrets
from harness.traffic.lexicon import (
    HINT,
    HINT_WORD,
    PERSONAL_HINT,
    is_password,
    is_personal,
    is_session,
    is_token,
)
from harness.traffic.pieces import SeenPieces, joined
from harness.traffic.stand_ins import StandIns
from harness.traffic.writings import Writing, read_as, write_like

Side = Literal["asked", "answered", "refused"]
"""Who wrote a text: the client, the server, or the server with an error."""
Found = tuple[int, int, bytes]
"""From where to where a value stands, and what replaces it."""

_NAMES = re.compile(rb'"([\w\-]++)":').findall
_SPACED = re.compile(rb'"\s++:').search
_MEMBER = re.compile(rb'"([\w.$ \-]{1,64})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d+)(?=[\s,}\]]))')
_NESTED = re.compile(rb'(\\+")([\w.$ \-]{1,64})\1\s*:\s*\1((?:(?!\1).)*)\1')
_HOLDER = re.compile(rb'(\\*")([\w.$ \-]{1,64})\1\s*:\s*(\{[^{}]*\})')
_HELD = re.compile(rb'(:\s*(\\*"))((?:(?!\2).)+)(?=\2)')
_PAIR = re.compile(rb"([\w.\-\[\]%]{1,64})=([^&\s\"'<>#;\\]+)")
_MARKED = re.compile(
    rb"eyJ[\w\-]{8,}\.[\w\-]+(?:\.[\w\-]*)*|\b[a-z]{2}_(?:live|test)_\w{10,}|\bghp_\w{20,}"
    rb"|\bgithub_pat_\w{20,}|\bglpat-[\w\-]{16,}|\bxox[a-z]-[\w\-]{10,}|\bAKIA[0-9A-Z]{16}\b"
)
_MARKS = (b"eyJ", b"_live_", b"_test_", b"ghp_", b"_pat_", b"glpat-", b"xox", b"AKIA")
_EMAIL = re.compile(rb"([\w.+%\-]+)(@(?:[\w\-]+\.)+[A-Za-z]{2,})")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CREDENTIALS = re.compile(rb"([A-Za-z][\w\-]*)\s+(\S+)\s*")
_SPACE = re.compile(rb"\s")
_DIGIT = re.compile(rb"\d")
_LETTER = re.compile(rb"[A-Za-z]")
_NAME_BYTES = (string.ascii_letters + string.digits + "_.-[]%").encode()
_PLACEHOLDERS = frozenset({b"", b"null", b"undefined", b"none", b"nil", b"true", b"false"})
_LONGEST_NAME = 70
_MOST_PAIRS = 50
_MOST_NAMES = 10_000
_LONGEST_WORD = 10
DISTINCT = 8
"""Shorter secrets are too ordinary to look for."""
_LONG = 16
_VERY_LONG = 32


class NamedSecrets:
    """Replaces values in a text by what their names say, and learns the distinctive ones."""

    def __init__(self, stand_ins: StandIns, known: KnownSecrets, *, personal: bool) -> None:
        self._stand_ins = stand_ins
        self._known = known
        self._personal = personal
        self._plain = SeenPieces()
        self._plain_names: set[bytes] = set()
        self.short: dict[bytes, bytes] = {}
        """Secrets that were replaced but are too ordinary to look for everywhere."""

    def in_text(self, text: bytes, side: Side) -> bytes:
        """Return the text with the secrets replaced that their names or marks give away."""
        pieces = [text]
        if not self._is_plain(text):
            pieces = self._at_hints(text, side)
            if _has_marks(text):
                pieces[::2] = [_MARKED.sub(self._marked, piece) for piece in pieces[::2]]
        if self._personal and b"@" in text:
            pieces[::2] = [_EMAIL.sub(self._address, piece) for piece in pieces[::2]]
        return b"".join(pieces)

    def secret(self, written: bytes, writing: Writing) -> bytes:
        """Return the stand-in of a secret, written the same way."""
        plain = read_as(writing, written)
        if plain.lower() in _PLACEHOLDERS:
            return written
        stand_in = self._stand_ins.of(plain)
        if is_distinct(plain):
            self._known.learn(plain, stand_in)
        else:
            self.short[plain] = stand_in
        return write_like(writing, written, stand_in)

    def is_secret(self, name: str, value: bytes, side: Side) -> bool:
        """Whether a value under this name is secret: error texts and plain words are not."""
        if is_password(name) or is_token(name):
            if side == "asked":
                return not value.startswith(b"http")
            if value.startswith(b"http") or _SPACE.search(value):
                return is_token(name) and _CREDENTIALS.fullmatch(value) is not None
            return is_token_like(value) if side == "refused" else not is_word(value)
        return is_session(name) and is_token_like(value) and not _UUID.fullmatch(value)

    def _at_hints(self, text: bytes, side: Side) -> list[bytes]:
        """Cut the text into what stays and what was replaced, in turns."""
        lowered = text.lower()
        hints = list(HINT.finditer(lowered))
        if self._personal:
            hints += PERSONAL_HINT.finditer(lowered)
            hints.sort(key=lambda hint: hint.start())
        pieces: list[bytes] = []
        done = 0
        for hint in hints:
            if hint.start() < done:
                continue
            is_member = hint[0].endswith(b":")
            found = (self._member if is_member else self._pair)(text, hint, side)
            if found is not None:
                start, end, value = found
                pieces += [text[done:start], value]
                done = end
        return [*pieces, text[done:]]

    def _is_plain(self, text: bytes) -> bool:
        """Whether a quick look can tell that neither names nor marks give away a secret."""
        pieces = self._plain.fresh(text)
        rest = joined(pieces)
        if _has_marks(rest) or not self._names_nothing(rest):
            return False
        self._plain.remember(text, pieces)
        return True

    def _names_nothing(self, text: bytes) -> bool:
        """Whether all names in a text are plain, as far as a quick look can tell.

        Names that are not seen so are left to the search for hints: next to a space, with
        unusual characters, in JSON that is quoted in JSON, or before many equals signs.
        """
        names = _NAMES(text)
        if len(names) != text.count(b'":') or _SPACED(text):
            return False
        pairs = text.split(b"=", _MOST_PAIRS)
        if len(pairs) > _MOST_PAIRS or (self._personal and len(pairs) > 1):
            return False
        if any(HINT_WORD.search(part[-_LONGEST_NAME:].lower()) for part in pairs[:-1]):
            return False
        new = set(names) - self._plain_names
        if any(self._tells(name.decode()) for name in new):
            return False
        if len(self._plain_names) < _MOST_NAMES:
            self._plain_names |= new
        return True

    def _tells(self, name: str) -> bool:
        if is_password(name) or is_token(name) or is_session(name):
            return True
        return self._personal and is_personal(name)

    def _member(self, text: bytes, hint: re.Match[bytes], side: Side) -> Found | None:
        """Replace the value of a JSON member, also inside JSON that is quoted in JSON."""
        quote = text.rfind(b'"', max(0, hint.start() - _LONGEST_NAME), hint.start() + 1)
        if quote < 0:
            return None
        start = quote
        while start and text[start - 1] == ord("\\"):
            start -= 1
        if start < quote and (match := _NESTED.match(text, start)) is not None:
            return self._found(match, match[2], 3, side, "plain")
        if start == quote and (match := _MEMBER.match(text, quote)) is not None:
            return self._found(match, match[1], 3 if match[2] is None else 2, side, "json")
        match = _HOLDER.match(text, start)
        return match and self._digested(match)

    def _digested(self, match: re.Match[bytes]) -> Found | None:
        """Replace the digest in an object that stands for a password."""
        if not is_password(match[2].decode("utf-8", "replace")):
            return None

        def replaced(held: re.Match[bytes]) -> bytes:
            value = held[3]
            return held[1] + (self.secret(value, "plain") if is_token_like(value) else value)

        return match.start(3), match.end(3), _HELD.sub(replaced, match[3])

    def _pair(self, text: bytes, hint: re.Match[bytes], side: Side) -> Found | None:
        """Replace the value of a form field or URL parameter."""
        start = hint.start()
        while start and text[start - 1] in _NAME_BYTES:
            start -= 1
        if start and text[start - 1] not in b"?&;":
            return None
        match = _PAIR.match(text, start)
        return match and self._found(match, match[1], 2, side, "form")

    def _found(
        self, match: re.Match[bytes], name: bytes, group: int, side: Side, writing: Writing
    ) -> Found | None:
        value = self._replacement(name.decode("utf-8", "replace"), match[group], side, writing)
        return None if value is None else (match.start(group), match.end(group), value)

    def _replacement(self, name: str, written: bytes, side: Side, writing: Writing) -> bytes | None:
        if self.is_secret(name, written, side):
            if b" " in written and (match := _CREDENTIALS.fullmatch(written)):
                return match[1] + b" " + self.secret(match[2], writing)
            return self.secret(written, writing)
        if self._personal and side != "refused" and is_personal(name):
            return write_like(writing, written, self._stand_ins.of(read_as(writing, written)))
        return None

    def _marked(self, match: re.Match[bytes]) -> bytes:
        return self.secret(match[0], "plain")

    def _address(self, match: re.Match[bytes]) -> bytes:
        """Keep the case of each letter: an address is the same however it is written."""
        made = self._stand_ins.of(match[1].lower())
        letters = [
            bytes([new]).upper() if bytes([old]).isupper() else bytes([new])
            for old, new in zip(match[1], made, strict=True)
        ]
        return b"".join([*letters, match[2]])


def _has_marks(text: bytes) -> bool:
    return any(mark in text for mark in _MARKS)


def is_word(value: bytes) -> bool:
    return len(value) <= _LONGEST_WORD and value.isalpha()


def is_token_like(value: bytes) -> bool:
    if len(value) < _LONG or _SPACE.search(value):
        return False
    mixed = _DIGIT.search(value) is not None and not value.isdigit()
    return mixed or len(value) >= _VERY_LONG


def is_distinct(value: bytes) -> bool:
    """Whether the value can hardly occur by chance."""
    if len(value) < DISTINCT:
        return False
    has_digit = _DIGIT.search(value) is not None
    return (has_digit and _LETTER.search(value) is not None) or len(value) >= _LONG
