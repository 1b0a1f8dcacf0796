"""A shell line as the commands that bash would run, or a refusal.

tree-sitter-bash gives the structure. Only node kinds of a list are read; whatever else occurs
(functions, arithmetic, process substitution, …) is refused by name.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from security.refusal import Refused, shown
from security.words import expand, text_of, value

_CONTAINERS = {
    "program", "subshell", "compound_statement", "negated_command", "if_statement",
    "elif_clause", "else_clause", "while_statement", "do_group", "list",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_OPERATORS = (">", ">>", "<", "&>", "&>>", ">|")
_MOST_ITEMS = 20
_LONGEST = 32_768


@dataclass(frozen=True, slots=True)
class Redirect:
    operator: str
    target: str


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: literal words, environment prefixes and redirects.

    `source` are the words of the command that feeds it through a pipe, `body` is the text of a
    heredoc. A word made by a substitution is in `computed`, by its index. Commands of one `chain`
    are joined by `&&` alone: one runs only when those before it succeeded.
    """

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    source: tuple[str, ...] | None = None
    body: str | None = None
    computed: tuple[tuple[int, tuple["Command", ...]], ...] = ()
    chain: int = 0
    pipeline: bool = False


Opinion = Callable[[str], dict[int, int] | None]
"""Another parser: where programs stand (byte offset -> words); None where it cannot parse."""


def read(line: str, second: Opinion | None = None) -> list[Command]:
    """Return the simple commands of a line, loop bodies once for each item; raise Refused.

    Where the second opinion differs, the line is refused.
    """
    if len(line) > _LONGEST:
        raise Refused("length", "the line is too long", "split it, or write a script")
    if _CONTROL.search(line):
        raise Refused("control-character", "it holds a control character", "use plain text")
    try:
        source = line.encode()
    except UnicodeEncodeError:
        raise Refused("encoding", "it is not valid Unicode", "use plain text") from None
    root = _parser().parse(source).root_node
    if root.has_error:
        raise Refused("syntax", "it does not parse", "write it in a simpler way, a step a line")
    _refuse_gaps(root)
    commands = list(_Reader({}).commands(root))
    if second is not None and second(line) != dict(_programs(root)):
        raise Refused("second-opinion", "two parsers read it differently", "write it simpler")
    return commands


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


class _Reader:
    """Reads nodes; `values` are the loop variables and what they stand for."""

    def __init__(self, values: Mapping[str, str], chains: Iterator[int] | None = None) -> None:
        self._values = values
        self._chains = chains or itertools.count(1)

    def commands(
        self, node: Node, source: tuple[str, ...] | None = None, chain: int | None = None
    ) -> Iterator[Command]:
        chain = next(self._chains) if chain is None else chain
        read_node = getattr(self, f"_read_{node.type}", None)
        if read_node is not None:
            yield from read_node(node, source, chain)
        elif node.type in _CONTAINERS:
            for part in node.named_children:
                yield from self.commands(part, source)
        elif node.type != "comment":
            raise _unread(node)

    def _read_list(
        self, node: Node, source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        """`A && B` keeps the chain; after an `||` nothing is certain."""
        left, right = (part for part in node.named_children if part.type != "comment")
        certain = _only_and(node)
        yield from self.commands(left, source, chain if certain else None)
        yield from self.commands(right, source, chain if certain else None)

    def _read_pipeline(
        self, node: Node, source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        for part in node.named_children:
            found = [replace(one, pipeline=True) for one in self.commands(part, source, chain)]
            source = found[-1].words if found else ()
            yield from found

    def _read_command(
        self, node: Node, source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        words: list[str] = []
        environment, redirects = list[tuple[str, str]](), list[Redirect]()
        computed: list[tuple[int, tuple[Command, ...]]] = []
        body: str | None = None
        for part in node.named_children:
            if part.type == "command_name":
                words.append(self._program(part))
            elif part.type == "variable_assignment":
                environment.append(self._assigned(part))
            elif part.type == "file_redirect":
                redirects += self._redirect(part)
            elif part.type == "herestring_redirect":
                body = self._value(part.named_children[-1])
            elif (inner := _substitution(part)) is not None:
                computed.append((len(words), tuple(self._inside(inner))))
                words.append("")
            else:
                words += expand(part, self._values)
        yield Command(
            tuple(words), tuple(environment), tuple(redirects), source, body, tuple(computed), chain
        )

    def _read_redirected_statement(
        self, node: Node, source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        redirects, found, rest = list[Redirect](), list[Command](), list[Command]()
        body: str | None = None
        for part in node.named_children:
            if part.type == "file_redirect":
                redirects += self._redirect(part)
            elif part.type == "herestring_redirect":
                body = self._value(part.named_children[-1])
            elif part.type != "heredoc_redirect":
                found += self.commands(part, source, chain)
        last = found.pop() if found else Command((), source=source, chain=chain)
        words = (*last.words, "-") if _dash(node) else last.words
        for part in node.named_children:
            if part.type == "heredoc_redirect":
                body = self._heredoc(part, redirects, rest, words)
        targets = (*last.redirects, *redirects)
        body = last.body if body is None else body
        yield from [*found, replace(last, words=words, redirects=targets, body=body), *rest]

    def _heredoc(
        self, node: Node, redirects: list[Redirect], rest: list[Command], words: tuple[str, ...]
    ) -> str:
        body, quoted = "", False
        for part in node.named_children:
            if part.type == "heredoc_start":
                quoted = text_of(part)[:1] in "'\"\\"
            elif part.type == "heredoc_body":
                body = text_of(part)
            elif part.type == "file_redirect":
                redirects += self._redirect(part)
            elif part.type in ("pipeline", "command", "list", "redirected_statement"):
                rest += self.commands(part, words)
            elif part.type != "heredoc_end":
                raise _unread(part)
        if not quoted and re.search(r"[$`\\]", body):
            reason = "an unquoted heredoc is expanded by the shell"
            raise Refused("heredoc", reason, "quote its end: <<'EOF'")
        return body

    def _read_for_statement(
        self, node: Node, _source: tuple[str, ...] | None, _chain: int
    ) -> Iterator[Command]:
        name, items, body = "", list[str](), None
        for part in node.named_children:
            if part.type == "variable_name":
                name = text_of(part)
            elif part.type == "do_group":
                body = part
            else:
                items += expand(part, self._values)
        if body is None or node.children[0].type != "for":
            raise _unread(node)
        if len(items) > _MOST_ITEMS or any(re.search(r"\s", item) for item in items):
            raise Refused("loop", "the loop has too many items, or blanks in one", "use a glob")
        for item in items or [""]:
            yield from _Reader({**self._values, name: item}, self._chains).commands(body)

    def _read_test_command(
        self, node: Node, _source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        leaves = [part for part in _leaves(node) if part.is_named]
        words = [
            text_of(part) if part.type == "test_operator" else self._value(part) for part in leaves
        ]
        yield Command(("test", *words), chain=chain)

    def _read_declaration_command(
        self, node: Node, _source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        if text_of(node.children[0]) != "export":
            raise _unread(node)
        parts = [self._assigned(part) for part in node.named_children]
        yield Command(("export", *(f"{name}={given}" for name, given in parts)), chain=chain)

    def _read_variable_assignment(
        self, node: Node, _source: tuple[str, ...] | None, chain: int
    ) -> Iterator[Command]:
        name, given = self._assigned(node)
        yield Command(("export", f"{name}={given}"), chain=chain)

    def _inside(self, node: Node) -> Iterator[Command]:
        for part in node.named_children:
            yield from self.commands(part)

    def _program(self, node: Node) -> str:
        if re.search(r"[$`{*?\[]", text_of(node)) and text_of(node) != "[":
            raise Refused("program-word", "the program is computed", "name the program")
        return self._value(node.named_children[0])

    def _redirect(self, node: Node) -> list[Redirect]:
        operator = next((text_of(part) for part in node.children if not part.is_named), "")
        targets = [part for part in node.named_children if part.type != "file_descriptor"]
        if len(targets) != 1:
            raise Refused("redirect", "the redirect has no single target", "name one file")
        if operator in (">&", "<&") and re.fullmatch(r"[012]|-", text_of(targets[0])):
            return []
        if operator not in _OPERATORS:
            raise Refused("redirect", f"the redirect {shown(operator)} is not read", "use > or <")
        return [Redirect(operator, self._value(targets[0]))]

    def _assigned(self, node: Node) -> tuple[str, str]:
        if node.type != "variable_assignment" or node.children[1].type != "=":
            raise _unread(node)
        name, *given = node.named_children
        if name.type != "variable_name":
            raise _unread(name)
        return text_of(name), self._value(given[0]) if given else ""

    def _value(self, node: Node) -> str:
        return value(node, self._values)


def _unread(node: Node) -> Refused:
    kind = node.type.replace("_", " ")
    return Refused(f"node:{node.type}", f"{shown(kind)} is not allowed", "run plain commands")


def _only_and(node: Node) -> bool:
    if node.type != "list":
        return True
    return all(part.type != "||" for part in node.children) and all(
        _only_and(part) for part in node.named_children
    )


def _substitution(node: Node) -> Node | None:
    """Return the command substitution that is the whole of a word, quoted or not."""
    if node.type == "string" and [part.type for part in node.named_children] == [
        "command_substitution"
    ]:
        node = node.named_children[0]
    plain = node.type == "command_substitution" and text_of(node).startswith("$(")
    return node if plain and text_of(node) != "$(pwd)" else None


def _leaves(node: Node) -> list[Node]:
    nested = ("unary_expression", "binary_expression")
    leaves: list[Node] = []
    for part in node.children if node.type in nested else node.named_children:
        leaves += _leaves(part) if part.type in nested else [part]
    return leaves


def _programs(node: Node) -> Iterator[tuple[int, int]]:
    """Yield where programs stand and how many words each has, `time` being a keyword."""
    if node.type == "command":
        skipped = ("variable_assignment", "file_redirect", "herestring_redirect")
        words = [part for part in node.named_children if part.type not in skipped]
        if len(words) > 1 and words[0].text == b"time":
            words.pop(0)
        fed = node.parent if node.parent and node.parent.type == "redirected_statement" else None
        if words:
            yield words[0].start_byte, len(words) + (fed is not None and _dash(fed))
    elif node.type == "test_command" and node.text and node.text[:2] != b"[[":
        yield node.start_byte, len(_leaves(node)) + 2
    for part in node.children:
        yield from _programs(part)


def _gaps(node: Node) -> Iterator[str]:
    """Yield what stands between a node's children without being one: the parser skips some."""
    source, end = node.text or b"", 0
    for part in node.children:
        yield source[end : part.start_byte - node.start_byte].decode(errors="replace")
        end = part.end_byte - node.start_byte


def _dash(node: Node) -> bool:
    """Whether a lone `-` stands before a heredoc: tree-sitter-bash drops it."""
    return any(gap.strip() == "-" for gap in _gaps(node))


def _refuse_gaps(node: Node) -> None:
    for gap in _gaps(node):
        left = gap.replace("\\\n", " ").strip(" \t\n")
        if left and not (left == "-" and node.type == "redirected_statement"):
            raise Refused("gap", f"{shown(left)} is read in more than one way", "write it simpler")
    for part in node.children:
        _refuse_gaps(part)


def joined(commands: Sequence[Command]) -> list[dict[str, object]]:
    """Return the parse as JSON values."""
    return [
        {
            "words": list(one.words),
            "environment": dict(one.environment),
            "redirects": [[item.operator, item.target] for item in one.redirects],
        }
        for one in commands
    ]
