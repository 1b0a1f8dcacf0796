"""Secrets that were seen, and finding them again wherever they turn up."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from harness.traffic.pieces import SeenPieces, joined

_LONG_RUN = re.compile(rb"[^A-Za-z0-9]([A-Za-z0-9]{12,})").findall
_SHORT_RUN = re.compile(rb"[A-Za-z0-9]{4,}").findall
_FEW = 16
_MEMORY = 200_000
_SHORTEST = 12


class KnownSecrets:
    """A dictionary from secrets to stand-ins that replaces them in any text.

    A secret with a long run of letters and digits is looked for where the text has that very run.
    Of the others a few are looked for one by one, many by their shorter runs.
    """

    def __init__(self) -> None:
        self._stand_ins: dict[bytes, bytes] = {}
        self._by_long_run: dict[bytes, list[bytes]] = {}
        self._by_short_run: dict[bytes, list[bytes]] = {}
        self._others: list[bytes] = []
        self._seen: set[int] = set()
        self._free = SeenPieces()
        self.doubts = 0
        """How many secrets may have been in earlier texts."""

    def __len__(self) -> int:
        return len(self._stand_ins)

    def learn(self, secret: bytes, stand_in: bytes) -> None:
        """Remember a secret, also as it is written in a URL or inside JSON."""
        if secret in self._stand_ins:
            return
        doubt = False
        for writing in (_same, _in_url, _in_form, _in_json):
            written = writing(secret)
            if written not in self._stand_ins:
                self._stand_ins[written] = writing(stand_in)
                doubt |= self._file(written)
        self.doubts += doubt

    def replace(self, text: bytes) -> bytes:
        """Return the text with every known secret replaced."""
        found = [secret for secret in self._candidates(text) if secret in text]
        if not found:
            return text
        found.sort(key=len, reverse=True)
        pattern = b"|".join(re.escape(secret) for secret in found)
        return re.sub(pattern, lambda match: self._stand_ins[match[0]], text)

    def _file(self, secret: bytes) -> bool:
        """Note by what the secret is found; return whether earlier texts may have had it."""
        long = max(_LONG_RUN(b" " + secret), key=len, default=None)
        if long is not None:
            self._by_long_run.setdefault(long, []).append(secret)
            doubt = len(self._seen) >= _MEMORY or hash(long) in self._seen
            if doubt:
                self._free.forget()
            return doubt
        short = max(_SHORT_RUN(secret), key=len, default=None)
        if short is not None:
            self._by_short_run.setdefault(short, []).append(secret)
        else:
            self._others.append(secret)
        return True

    def _candidates(self, text: bytes) -> list[bytes]:
        candidates = [*self._others]
        if len(text) >= _SHORTEST:
            for run in self._long_runs(text):
                candidates += self._by_long_run[run]
        short_runs: Iterable[bytes] = self._by_short_run
        if len(self._by_short_run) > _FEW:
            short_runs = self._by_short_run.keys() & set(_SHORT_RUN(text))
        for run in short_runs:
            candidates += self._by_short_run[run]
        return candidates

    def _long_runs(self, text: bytes) -> set[bytes]:
        """The runs in a text that secrets are found by; what was free of them is not read again."""
        pieces = self._free.fresh(text)
        if not pieces:
            return set()
        runs = set(_LONG_RUN(b" " + joined(pieces)))
        if len(self._seen) < _MEMORY:
            self._seen.update(map(hash, runs))
        found = runs & self._by_long_run.keys()
        if not found:
            self._free.remember(text, pieces)
        return found


def _same(text: bytes) -> bytes:
    return text


def _in_url(text: bytes) -> bytes:
    return quote(text, safe="").encode()


def _in_form(text: bytes) -> bytes:
    return quote_plus(text).encode()


def _in_json(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
