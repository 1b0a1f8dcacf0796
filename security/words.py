"""The value of a word: quotes removed, escapes read, loop variables put in, braces written out."""

import re
from collections.abc import Mapping
from itertools import islice

from tree_sitter import Node

from security.refusal import Refused, shown

_BRACES = re.compile(r"([^{}]*)\{([^{}]*,[^{}]*|\d{1,3}\.\.\d{1,3})\}([^{}]*)")
_BRACED = ("word", "concatenation", "brace_expression")
_MOST = 20
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)
_QUOTED = re.compile(r'\\([$`"\\\n])')
_ANSI = re.compile(
    r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)", re.DOTALL
)
_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
}
_SPECIAL = {"$?": "0", "$#": "0", "$$": "2", "$!": "%1", "$PWD": ".", "${PWD}": "."}


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def expand(node: Node, values: Mapping[str, str]) -> list[str]:
    """Return the words that a word becomes: several where braces are written out."""
    text = text_of(node)
    if "{" not in text or node.type not in _BRACED or re.search(r"['\"$\\]", text):
        return [value(node, values)]
    parts = _BRACES.fullmatch(text)
    if parts is None:
        raise Refused("braces", "this brace expansion is not read", "write the names out")
    before, inner, after = parts.groups()
    return [f"{before}{one}{after}" for one in _alternatives(inner)]


def _alternatives(inner: str) -> list[str]:
    first, dots, last = inner.partition("..")
    if not dots:
        return inner.split(",")
    low, high = sorted((int(first), int(last)))
    return [str(number) for number in islice(range(low, high + 1), _MOST)]


def value(node: Node, values: Mapping[str, str]) -> str:  # noqa: PLR0911 - one case a kind
    """Return the one value of a word; refuse what only the shell can tell."""
    text = text_of(node)
    match node.type:
        case "word" | "number":
            return _ESCAPED.sub(lambda found: found[1].strip("\n"), text)
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return _ANSI.sub(_ansi, text[2:-1])
        case "string":
            return _double_quoted(node, values)
        case "concatenation":
            return "".join(value(part, values) for part in node.children)
        case "simple_expansion" | "expansion" | "command_substitution":
            return _expansion(text, values)
        case "{" | "}" | "[" | "]" | "^":
            return node.type
    raise _only_the_shell(node.type, text)


def _expansion(text: str, values: Mapping[str, str]) -> str:
    name = text.removeprefix("$").removeprefix("{").removesuffix("}")
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text == "$(pwd)":
        return "."
    if name in values and text in (f"${name}", f"${{{name}}}"):
        return values[name]
    raise _only_the_shell("expansion", text)


def _only_the_shell(kind: str, text: str) -> Refused:
    reason = f"only the shell can tell what {shown(text)} is"
    return Refused(f"node:{kind}", reason, "write the value out")


def _double_quoted(node: Node, values: Mapping[str, str]) -> str:
    source, end, pieces = node.text or b"", 1, list[str]()
    for part in node.named_children:
        start = part.start_byte - node.start_byte
        pieces.append(source[end:start].decode())
        content = part.type == "string_content"
        pieces.append(_unquoted(text_of(part)) if content else value(part, values))
        end = part.end_byte - node.start_byte
    pieces.append(source[end:-1].decode())
    return "".join(pieces)


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda found: found[1].strip("\n"), text)


def _ansi(found: re.Match[str]) -> str:
    part = found[1]
    if part[0] in "xuU" and len(part) > 1:
        return chr(min(int(part[1:], 16), 0x10FFFF))
    if part[0] in "01234567":
        return chr(int(part, 8) & 255)
    return _LETTERS.get(part, part if part in "\\'\"?" else f"\\{part}")
