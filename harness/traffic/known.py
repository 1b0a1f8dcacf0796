"""Secrets that were seen, and finding them again wherever they turn up."""

import re
from urllib.parse import quote, quote_plus

_FEW = 16


class KnownSecrets:
    """A dictionary from secrets to stand-ins that replaces them in any text."""

    def __init__(self) -> None:
        self._stand_ins: dict[bytes, bytes] = {}
        self._finders = [_Finder(12), _Finder(5), _Finder(1)]

    def __len__(self) -> int:
        return len(self._stand_ins)

    def learn(self, secret: bytes, stand_in: bytes) -> None:
        """Remember a secret, also as it is written in a URL or inside JSON."""
        if secret in self._stand_ins:
            return
        for writing in (_same, _in_url, _in_form, _in_json):
            written = writing(secret)
            if written not in self._stand_ins:
                self._stand_ins[written] = writing(stand_in)
                any(finder.add(written) for finder in self._finders)

    def replace(self, text: bytes) -> bytes:
        """Return the text with every known secret replaced."""
        found = [secret for finder in self._finders for secret in finder.found_in(text)]
        if not found:
            return text
        found.sort(key=len, reverse=True)
        pattern = b"|".join(re.escape(secret) for secret in found)
        return re.sub(pattern, lambda match: self._stand_ins[match[0]], text)


class _Finder:
    """Finds secrets whose longest run of letters and digits is not shorter than `shortest`.

    A few are looked for one by one; of many only those whose run is a run of the text too.
    """

    def __init__(self, shortest: int) -> None:
        self._runs_of = re.compile(rb"[A-Za-z0-9]{%d,}" % shortest).findall
        self._secrets: list[bytes] = []
        self._by_run: dict[bytes, list[bytes]] = {}

    def add(self, secret: bytes) -> bool:
        """Take the secret if it has such a run."""
        run = max(self._runs_of(secret), key=len, default=None)
        if run is None:
            return False
        self._secrets.append(secret)
        self._by_run.setdefault(run, []).append(secret)
        return True

    def found_in(self, text: bytes) -> list[bytes]:
        if len(self._secrets) <= _FEW:
            return [secret for secret in self._secrets if secret in text]
        runs = self._by_run.keys() & set(self._runs_of(text))
        return [secret for run in runs for secret in self._by_run[run] if secret in text]


def _same(text: bytes) -> bytes:
    return text


def _in_url(text: bytes) -> bytes:
    return quote(text, safe="").encode()


def _in_form(text: bytes) -> bytes:
    return quote_plus(text).encode()


def _in_json(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
