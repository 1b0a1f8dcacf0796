"""What a path says before the disk is asked: names that mislead, secret ones, protected ones."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from security.paths.decision import Access
from security.refusal import Refused, shown

DEFAULT_PROTECTED = (
    ".git",
    ".claude",
    ".mcp.json",
    ".vscode",
    ".understudy",
    "feature_list.json",
    "tests/acceptance",
    "understudy.toml",
)
Parts = tuple[str, ...]
HIDDEN = (".git", ".claude")
SYSTEM = ("proc", "sys", "dev")
_SECRET = re.compile(
    r"\.env(?!\.(?:example|sample|template|test|dist)$)(?:rc|[.~_-].*)?"
    r"|\.(?:netrc|pgpass|npmrc|pypirc|git-credentials)"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)(?!\.pub$).*",
    re.DOTALL,
)
_SHORT = re.compile(r"[^~]{1,7}~\d{1,6}(?:\.[^.]{0,3})?")
_LONGEST = 4000
_LONGEST_NAME = 255
_UNPRINTED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# Marks that are drawn as nothing, and that some file systems and people do not see.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def split(path: str) -> tuple[bool, Parts]:
    """Return whether a path is absolute, and its names; refuse one that can mislead."""
    if not isinstance(path, str):
        raise Refused("not-a-path", "the path is not text", "name one file")
    if not path:
        raise Refused("not-a-path", "the path is empty", "name a file below the project's root")
    if len(path.encode(errors="surrogatepass")) > _LONGEST:
        raise Refused("too-long", f"{shown(path)}... is too long", "use a shorter path")
    if path.startswith("~"):
        raise Refused("home", f"{shown(path)} is outside the project", _INSIDE)
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    for part in parts:
        check_name(part)
    return path.startswith("/"), parts


_INSIDE = "name it from the project's root, as in app/main.py"


def check_name(name: str) -> None:
    """Refuse a name that another file system, or a person, may take for a different one."""
    text = shown(name)
    if any(unicodedata.category(one) in _UNPRINTED for one in name) or _IGNORED.search(name):
        raise Refused(
            "unprintable", f"{text} holds characters that do not show", "use plain letters"
        )
    if len(name.encode()) > _LONGEST_NAME:
        raise Refused("too-long", f"{text}... is too long", "use a shorter name")
    for form in (name, unicodedata.normalize("NFKC", name)):
        if form == "..":
            raise Refused("parent", "the path goes up with ..", _INSIDE)
        if "\\" in form or "/" in form:
            raise Refused("separator", f"{text} holds another separator", "part folders with /")
        if ":" in form:
            raise Refused("stream", f"{text} holds a colon", "use a name without one")
        if not form.strip(". "):
            raise Refused("dots", f"{text} is nothing but dots", "use a name with letters")
        if _SHORT.fullmatch(form):
            raise Refused(
                "short-name", f"{text} may be short for another name", "use the long name"
            )


def fold(name: str) -> str:
    """Return a name as the most lenient file system would compare it."""
    wide = unicodedata.normalize("NFKC", name)
    seen = [one for one in wide if unicodedata.category(one) not in _UNPRINTED]
    plain = _IGNORED.sub("", "".join(seen))
    return unicodedata.normalize("NFKC", plain.upper().casefold()).strip(" ").rstrip(". ")


def is_secret(name: str) -> bool:
    return bool(_SECRET.fullmatch(fold(name)))


def is_hidden(name: str) -> bool:
    """Whether something of this name is never shown."""
    return fold(name) in HIDDEN or is_secret(name)


@dataclass(frozen=True, slots=True)
class Rules:
    """The names that are the harness's own, each as its folded parts from the root.

    One that begins with a dot is protected in every folder.
    """

    protected: tuple[Parts, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Rules":
        """Read entries such as `tests/acceptance`; raise ValueError on a bad one."""
        found = []
        for entry in entries:
            try:
                absolute, parts = split(entry)
            except Refused as no:
                raise ValueError(f"protected: {no.reason}; {no.advice}") from None
            if absolute or not parts:
                raise ValueError(f"protected: {entry!r} is not below the root; name it from there")
            found.append(tuple(fold(part) for part in parts))
        return cls(tuple(found))

    def check(self, parts: Sequence[str], access: Access) -> None:
        """Refuse what may not be read, or not be written, by its name."""
        folded = tuple(fold(part) for part in parts)
        for part in folded:
            if part in HIDDEN:
                raise Refused(
                    "hidden", f"{part} is not for builders", "use the tools you were given"
                )
            if is_secret(part):
                raise Refused("secret", f"{shown(part)} may hold secrets", "use .env.example")
        if access is not Access.WRITE:
            return
        if any(_covers(entry, folded) for entry in self.protected):
            what = shown("/".join(parts))
            raise Refused("protected", f"{what} is the harness's own", "leave it as it is")
        # A folder with HEAD, config, objects and refs is a repository to git, and its config runs.
        if folded and folded[-1] == "head":
            raise Refused("repository", "HEAD would make it a repository", "use another name")


def _covers(entry: Parts, folded: Parts) -> bool:
    if folded and folded == entry[: len(folded)]:
        return True
    starts = range(len(folded)) if entry[0].startswith(".") else range(1)
    return any(folded[at : at + len(entry)] == entry for at in starts)
