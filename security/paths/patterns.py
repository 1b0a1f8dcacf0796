"""Globs: what one may ask for, and which paths it matches."""

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cache, lru_cache
from itertools import takewhile

from security.paths.names import HIDDEN, Parts, check_name, fold, is_hidden
from security.refusal import Refused, shown

_LONGEST = 1000
_DEEPEST = 60
_MOST_CHOICES = 64
_CLASS = re.compile(r"\[[!^]?(?:\w(?:-\w)?)+-?\]", re.ASCII)
_MAGIC = re.compile(r"[*?\[]")
_GENERIC = re.compile(r"\*[*?.]*")
_NOT_FOR_PATTERNS = (
    *HIDDEN,
    *(".env", ".env.local", ".env.development", ".env.production", ".env.staging", ".envrc"),
    *(".netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
)


def readings(pattern: str) -> list[str]:
    """Return the plain globs that a tool may make of a pattern; refuse one that is too odd.

    What `!` leaves out is checked and not returned.
    """
    if not isinstance(pattern, str) or not pattern:
        raise Refused("pattern", "the pattern is empty or no text", "use one such as **/*.py")
    if len(pattern) > _LONGEST or pattern.count("/") > _DEEPEST:
        raise Refused("too-long", f"{shown(pattern)}... is too long", "use a shorter pattern")
    if re.search(r"[?*+@!]\(|\\", pattern):
        raise Refused("pattern", f"{shown(pattern)} is of a kind of its own", _SIMPLY)
    # The search tool takes several globs in one string, parted by blanks or commas.
    pieces = {pattern, *pattern.split(), *re.split(r"[\s,]+(?![^{]*\})", pattern)} - {""}
    found = []
    for piece in sorted(pieces):
        for choice in choices(piece.removeprefix("!")):
            excluded = piece.startswith("!")
            _check(choice, excluded=excluded)
            found += [] if excluded else [choice]
    return found


_SIMPLY = "use *, ?, **, [a-z] and {a,b} only"


def choices(pattern: str) -> list[str]:
    """Return what the braces of a pattern stand for."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        if len(waiting) + len(done) > _MOST_CHOICES:
            raise Refused("pattern", f"{shown(pattern)} has too many choices", "ask in parts")
        one = waiting.pop()
        inner = re.search(r"\{([^{}]*)\}", one)
        if inner is None:
            if "{" in one or "}" in one:
                raise Refused("pattern", f"{shown(pattern)} has a brace too many", _SIMPLY)
            done.append(one)
            continue
        if "," not in inner[1]:
            raise Refused("pattern", f"{shown(inner[0])} is no choice of names", _SIMPLY)
        before, after = one[: inner.start()], one[inner.end() :]
        waiting += [before + word + after for word in inner[1].split(",")]
    return done


def start(globs: Sequence[Parts]) -> Parts:
    """Return the folder below which all that globs match lies."""
    known = zip(*(literal(glob[:-1]) for glob in globs), strict=False)
    return tuple(same[0] for same in takewhile(lambda names: len(set(names)) == 1, known))


def literal(parts: Parts) -> Parts:
    """Return the folders that a glob names outright."""
    magic = [at for at, part in enumerate(parts) if _MAGIC.search(part)]
    return parts[: magic[0]] if magic else parts


def matches(parts: Parts, names: Parts) -> bool:
    """Whether a glob matches a path; each is looked at once for each part of the other."""

    @cache
    def there(at: int, of: int) -> bool:
        if at == len(parts):
            return of == len(names)
        if parts[at] == "**":
            return there(at + 1, of) or (of < len(names) and there(at, of + 1))
        if of == len(names) or not _matcher(parts[at]).match(names[of]):
            return False
        return there(at + 1, of + 1)

    return there(0, 0)


@lru_cache(maxsize=500)
def _matcher(part: str) -> re.Pattern[str]:
    return re.compile(translate(part.replace("[^", "[!")))


def parts_of(choice: str) -> Parts:
    return tuple(part for part in choice.split("/") if part not in ("", "."))


def _check(choice: str, *, excluded: bool) -> None:
    if choice.startswith("~"):
        raise Refused("home", f"{shown(choice)} is outside the project", "search below the root")
    for part in parts_of(choice):
        check_name(part)
        if "[" in _CLASS.sub("", part) or "]" in _CLASS.sub("", part):
            raise Refused("pattern", f"{shown(part)} has an odd class of characters", _SIMPLY)
        if not excluded:
            _check_hidden(part)


def _check_hidden(part: str) -> None:
    """A wildcard that begins with a star may pass over what is hidden; others name it."""
    if _GENERIC.fullmatch(part):
        return
    wanted = _matcher(fold(part))
    if is_hidden(part) or any(wanted.match(name) for name in _NOT_FOR_PATTERNS):
        reason = f"{shown(part)} would match what is hidden"
        raise Refused("hidden", reason, "name the files more closely")
