"""What a value looks like: the kinds of values that a backend makes up itself."""

import re
from itertools import pairwise
from typing import Literal

Kind = Literal["uuid", "jwt", "ulid", "hex", "digits", "random"]

_KINDS: tuple[tuple[Kind, re.Pattern[str], int], ...] = (
    ("uuid", re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), 0),
    ("uuid", re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}"), 0),
    ("jwt", re.compile(r"[\w-]{10,}\.[\w-]{10,}\.[\w-]{16,}"), 3),
    ("ulid", re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}"), 0),
    ("digits", re.compile(r"[0-9]{12,}"), 0),
    ("hex", re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}"), 3),
    ("random", re.compile(r"[0-9a-zA-Z_\-+/=.]{6,}"), 3),
)
"""Kind, pattern, and how often letters, digits and case change where nobody wrote it by hand."""
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HUMP_MIN = 2.5
"""Mean length of the parts of a camel-case name; of random letters it is below 2."""
_OPAQUE_MIN = 16
_OPAQUE_CHANGES = 3
_LONG = 20
_LENGTH_STEP = 8
_SUFFIXED = re.compile(r"(?P<stem>.+[-_])(?P<suffix>[0-9a-zA-Z]{4,16})")
_WORD = re.compile(r"[^\W_]+")
_ID_KEY = re.compile(r"_?(?:id|pk|uid)|.*(?:[a-z0-9]I[dD]|_(?:id|pk|uid)|ID)")
_ID_LIST_KEY = re.compile(r".*(?:[a-z0-9]I[dD]s|_ids)|ids")


def kind(text: str) -> Kind | None:
    """Return the kind of generated value a text looks like, if any."""
    look = _look(text)
    return None if look == "random" and _is_name(text) else look


def _look(text: str) -> Kind | None:
    for name, pattern, changes in _KINDS:
        if pattern.fullmatch(text) and _changes(text) >= max(changes, len(text) * changes // 24):
            return name
    return None


def is_one_piece(text: str) -> bool:
    """Whether a text is a generated value as a whole, not one that merely contains some."""
    return kind(text) is not None and "/" not in text


def is_opaque(text: str) -> bool:
    """Whether a text means nothing to a client: long, or with digits and letters mixed."""
    return len(text) >= _OPAQUE_MIN or _changes(text) >= _OPAQUE_CHANGES


def same_format(one: str, other: str) -> bool:
    """Whether two generated values are of one kind, alphabet and length class."""
    what = kind(one)
    if what is None or what != kind(other):
        return False
    if what == "uuid":
        return one[14] == other[14] and one.isupper() == other.isupper()
    if what in {"jwt", "ulid"}:
        return True
    if what == "digits":
        return abs(len(one) - len(other)) <= 1
    if what == "hex":
        return len(one) == len(other) and one.isupper() == other.isupper()
    return _fits(one, other)


def same_random_id(one: str, other: str) -> bool:
    """Whether two texts look random and alike, where only ids are: some have letters alone."""
    alike = len(one) == len(other) >= _OPAQUE_MIN and _fits(one, other)
    return alike and _look(one) == _look(other) == "random"


def suffix_only(one: str, other: str) -> tuple[str, str] | None:
    """Return the random endings of two slugs that differ in nothing else."""
    left, right = _SUFFIXED.fullmatch(one), _SUFFIXED.fullmatch(other)
    if left is None or right is None or left["stem"] != right["stem"]:
        return None
    if len(left["suffix"]) != len(right["suffix"]):
        return None
    return left["suffix"], right["suffix"]


def words(text: str) -> set[str]:
    """Return the words of a text in lower case."""
    return {word.lower() for word in _WORD.findall(text)}


def is_id_key(key: str) -> bool:
    return _ID_KEY.fullmatch(key) is not None


def is_id_list_key(key: str) -> bool:
    return _ID_LIST_KEY.fullmatch(key) is not None


def id_owner(key: str) -> str:
    """Return what an id-like key says it is the id of: `article` for `articleIds`; or nothing."""
    stem = re.sub(r"_?(?:[iI][dD]s?|ID|pk|uid)$", "", key)
    return noun(stem)


def noun(name: str) -> str:
    """Return a name in snake case and singular, so that `blogPosts` and `blog_post` agree."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").strip("_")
    if snake.endswith("ies") and len(snake) > len("ties"):
        return snake[:-3] + "y"
    if re.search(r"(?:s|x|z|ch|sh)es$", snake):
        return snake[:-2]
    if snake.endswith("s") and not snake.endswith(("ss", "us", "is")):
        return snake[:-1]
    return snake


def _is_name(text: str) -> bool:
    """Whether a text reads like the name of something: no digits inside, and proper words."""
    stem = text.rstrip("0123456789")
    humps = _HUMP.findall(stem)
    digits = any(c.isdigit() for c in stem) or len(text) - len(stem) > len("99")
    return not digits and bool(humps) and sum(map(len, humps)) / len(humps) >= _HUMP_MIN


def _fits(one: str, other: str) -> bool:
    """Whether two random texts could come from one generator."""
    if abs(len(one) - len(other)) > (0 if len(one) < _LONG else _LENGTH_STEP):
        return False
    left, right = _alphabet(one), _alphabet(other)
    return left == right if len(one) >= _LONG else left <= right or right <= left


def _alphabet(text: str) -> set[str]:
    kinds = {
        "digit" if c.isdigit() else "upper" if c.isupper() else "lower" if c.islower() else ""
        for c in text
    }
    return kinds - {""}


def _changes(text: str) -> int:
    """Count the changes between letters and digits, and from lower to upper case mid-word."""
    classes = [
        "d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "" for c in text
    ]
    pairs = [pair for pair in pairwise(classes) if "" not in pair]
    return sum(a != b for a, b in pairs)
