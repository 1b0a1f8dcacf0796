"""Names in generated code: what the model calls things, as Python spells it."""

import builtins
import keyword
import re
import unicodedata

RESERVED = {
    "metadata", "registry", "model_config", "model_fields", "schema", "json", "copy", "date",
    "datetime",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Split a name of any spelling (`tagList`, `tag-list`, `TAG_LIST`) into lower-case words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", plain)
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", spaced)]


def snake(text: str) -> str:
    """Return a valid Python identifier in snake case."""
    name = "_".join(words(text)) or "value"
    if name[0].isdigit():
        name = f"n{name}"
    return name


def attribute(text: str) -> str:
    """Return an attribute name that neither Python, SQLAlchemy nor Pydantic claims."""
    name = snake(text)
    return f"{name}_" if keyword.iskeyword(name) or name in RESERVED else name


def variable(text: str) -> str:
    """Return a variable name that hides no keyword and no built-in."""
    name = snake(text)
    return f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def pascal(text: str) -> str:
    """Return a class name."""
    name = "".join(word[:1].upper() + word[1:] for word in words(text)) or "Value"
    return f"N{name}" if name[0].isdigit() else name


def camel(name: str) -> str:
    """Return what Pydantic's `to_camel` makes of a snake-case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def title(text: str) -> str:
    """Return a name in words: `comment_reply` is "comment reply"."""
    return " ".join(words(text))


def article(noun: str) -> str:
    """Put the indefinite article before a noun."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def unique(wanted: str, taken: set[str], *, suffix: str = "") -> str:
    """Return `wanted`, or a variant of it that is not taken, and take it."""
    name, number = wanted, 2
    while name + suffix in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name + suffix)
    return name + suffix
