"""A shell line as the commands that bash would run, or a refusal.

tree-sitter-bash gives the structure. Only node kinds of a list are read; whatever else occurs
(functions, arithmetic, process substitution, …) is refused by name.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import tree_sitter_bash
from tree_sitter import Language, Node, Parser


class Refused(Exception):  # noqa: N818 - it is a verdict, not a mistake
    """A line that is not let through: the rule, why, and what to do instead."""

    def __init__(self, rule: str, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.advice = rule, reason, advice


@dataclass(frozen=True, slots=True)
class Redirect:
    """`operator` as bash writes it; `target` is the file, empty for a heredoc or here-string."""

    operator: str
    target: str


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: literal words, environment prefixes, redirects, and whether it is fed.

    `body` is the text of a heredoc. A word made by a substitution is in `computed`, by its index.
    """

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    piped: bool = False
    body: str | None = None
    computed: tuple[tuple[int, tuple["Command", ...]], ...] = ()


_CONTAINERS = {
    "program", "list", "pipeline", "subshell", "compound_statement", "negated_command",
    "if_statement", "elif_clause", "else_clause", "while_statement", "do_group",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BRACES = re.compile(r"^([^{}]*)\{([^{}]*,[^{}]*)\}([^{}]*)$")
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)
_LOOPED = 20
_LONGEST = 32_768


def read(line: str, second: Callable[[str], dict[int, int] | None] | None = None) -> list[Command]:
    """Return the simple commands of a line, loop bodies once for each item; raise Refused.

    `second` is another parser's opinion on where programs stand (byte offset -> words); where it
    differs the line is refused.
    """
    if len(line) > _LONGEST:
        raise Refused("length", "the line is too long", "split it, or write a script")
    if _CONTROL.search(line) or "\r" in line:
        raise Refused("control-character", "it holds a control character", "use plain text")
    try:
        source = line.encode()
    except UnicodeEncodeError:
        raise Refused("encoding", "it is not valid Unicode", "use plain text") from None
    root = _parser().parse(source).root_node
    if root.has_error:
        raise Refused("syntax", "it does not parse", "write it in a simpler way, a step a line")
    _refuse_gaps(root)
    if second is not None and second(line) != dict(_programs(root)):
        raise Refused("second-opinion", "two parsers read it differently", "write it simpler")
    return list(_Reader({}).commands(root))


def _programs(node: Node) -> Iterator[tuple[int, int]]:
    """Yield where programs stand and how many words each has."""
    if node.type == "command":
        words = [
            part
            for part in node.named_children
            if part.type not in ("variable_assignment", "file_redirect", "herestring_redirect")
        ]
        fed = node.parent is not None and node.parent.type == "redirected_statement"
        dashes = fed and any(gap.strip() == "-" for gap in _gaps(node.parent or node))
        if words:
            yield words[0].start_byte, len(words) + dashes
    elif node.type == "test_command" and node.text and node.text[:2] != b"[[":
        yield node.start_byte, len(_leaves(node)) + 2
    for part in node.children:
        yield from _programs(part)


def _leaves(node: Node) -> list[Node]:
    nested = ("unary_expression", "binary_expression")
    leaves: list[Node] = []
    for part in node.children if node.type in nested else node.named_children:
        leaves += _leaves(part) if part.type in nested else [part]
    return leaves


def _gaps(node: Node) -> Iterator[str]:
    """Yield what stands between a node's children without being one: the parser skips some."""
    source, end = node.text or b"", 0
    for part in node.children:
        yield source[end : part.start_byte - node.start_byte].decode(errors="replace")
        end = part.end_byte - node.start_byte


def _refuse_gaps(node: Node) -> None:
    for gap in _gaps(node):
        left = gap.replace("\\\n", " ").strip(" \t\n")
        if left and not (left == "-" and node.type == "redirected_statement"):
            raise Refused("gap", f"{left[:20]} is read in more than one way", "write it simpler")
    for part in node.children:
        _refuse_gaps(part)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _unread(node: Node) -> Refused:
    kind = node.type.replace("_", " ")
    return Refused(f"node:{node.type}", f"{kind} is not read by the guard", "run plain commands")


class _Reader:
    """Reads nodes; `values` are the loop variables and what they stand for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def commands(  # noqa: C901 - one case a kind of node
        self, node: Node, *, piped: bool = False
    ) -> Iterator[Command]:
        kind = node.type
        if kind == "command":
            yield from self._simple(node, piped=piped)
        elif kind == "redirected_statement":
            yield from self._redirected(node, piped=piped)
        elif kind == "pipeline":
            for place, part in enumerate(node.named_children):
                yield from self.commands(part, piped=piped or place > 0)
        elif kind in _CONTAINERS:
            for part in node.named_children:
                yield from self.commands(part, piped=piped)
        elif kind == "for_statement":
            yield from self._loop(node)
        elif kind == "test_command":
            yield Command(("test", *self._tested(node)))
        elif kind == "declaration_command":
            yield self._declared(node)
        elif kind == "variable_assignment":
            yield Command(("export", f"{self._assigned(node)[0]}={self._assigned(node)[1]}"))
        elif kind != "comment":
            raise _unread(node)

    def _simple(self, node: Node, *, piped: bool) -> Iterator[Command]:
        words: list[str] = []
        environment, redirects = [], []
        computed: list[tuple[int, tuple[Command, ...]]] = []
        body: str | None = None
        for part in node.named_children:
            if part.type == "command_name":
                if (part.text or b"").startswith((b"$", b"`")) or b"{" in (part.text or b""):
                    raise Refused("program-word", "the program is computed", "name the program")
                words.append(self._word(part.named_children[0]))
            elif part.type == "variable_assignment":
                environment.append(self._assigned(part))
            elif part.type == "file_redirect":
                redirects.append(self._redirect(part))
            elif part.type == "herestring_redirect":
                body = self._word(part.named_children[-1])
            elif (inner := _substitution(part)) is not None:
                computed.append((len(words), tuple(self.commands_in(inner))))
                words.append("")
            else:
                words += self._expanded(part)
        yield Command(
            tuple(words), tuple(environment), tuple(redirects), piped, body, tuple(computed)
        )

    def commands_in(self, node: Node) -> Iterator[Command]:
        for part in node.named_children:
            yield from self.commands(part)

    def _redirected(self, node: Node, *, piped: bool) -> Iterator[Command]:
        redirects, body = [], None
        rest: list[Command] = []
        inner: list[Node] = []
        for part in node.named_children:
            if part.type == "file_redirect":
                redirects.append(self._redirect(part))
            elif part.type == "heredoc_redirect":
                body = self._heredoc(part, redirects, rest)
            elif part.type == "herestring_redirect":
                body = self._word(part.named_children[-1])
            else:
                inner.append(part)
        found = [one for part in inner for one in self.commands(part, piped=piped)]
        if not found:
            found = [Command(())]
        last = found[-1]
        if any(gap.strip() == "-" for gap in _gaps(node)):
            last = replace(last, words=(*last.words, "-"))
        found[-1] = replace(
            last,
            redirects=(*last.redirects, *redirects),
            body=last.body if body is None else body,
        )
        yield from found
        yield from rest

    def _heredoc(self, node: Node, redirects: list[Redirect], rest: list[Command]) -> str:
        body, quoted = "", False
        for part in node.named_children:
            if part.type == "heredoc_start":
                quoted = _text(part)[:1] in "'\"\\"
            elif part.type == "heredoc_body":
                body = _text(part)
            elif part.type == "file_redirect":
                redirects.append(self._redirect(part))
            elif part.type in ("pipeline", "command", "list", "redirected_statement"):
                rest += self.commands(part, piped=True)
            elif part.type != "heredoc_end":
                raise _unread(part)
        if not quoted and re.search(r"[$`\\]", body):
            raise Refused(
                "heredoc", "an unquoted heredoc is expanded by the shell", "quote it: <<'EOF'"
            )
        return body

    def _redirect(self, node: Node) -> Redirect:
        operator = next((_text(part) for part in node.children if not part.is_named), "")
        targets = [part for part in node.named_children if part.type != "file_descriptor"]
        if len(targets) != 1:
            raise Refused("redirect", "the redirect has no single target", "name one file")
        if operator in (">&", "<&") and re.fullmatch(r"\d|-", _text(targets[0])):
            return Redirect("", "")
        if operator not in (">", ">>", "<", "&>", "&>>", ">|"):
            raise Refused("redirect", f"the redirect {operator} is not read", "use > or <")
        return Redirect(operator, self._word(targets[0]))

    def _loop(self, node: Node) -> Iterator[Command]:
        name, items, body = "", list[str](), None
        for part in node.named_children:
            if part.type == "variable_name":
                name = _text(part)
            elif part.type == "do_group":
                body = part
            else:
                items += self._expanded(part)
        if body is None or node.children[0].type != "for":
            raise _unread(node)
        if len(items) > _LOOPED:
            raise Refused("loop", "the loop has too many items", "use a glob")
        for item in items or [""]:
            yield from _Reader({**self._values, name: item}).commands(body)

    def _tested(self, node: Node) -> Iterator[str]:
        for part in node.named_children:
            if part.type in ("unary_expression", "binary_expression"):
                yield from self._tested(part)
            elif part.type == "test_operator":
                yield _text(part)
            else:
                yield self._word(part)

    def _declared(self, node: Node) -> Command:
        if _text(node.children[0]) != "export":
            raise _unread(node)
        parts = [self._assigned(part) for part in node.named_children]
        return Command(("export", *(f"{name}={value}" for name, value in parts)))

    def _assigned(self, node: Node) -> tuple[str, str]:
        if node.type != "variable_assignment" or "+=" in _text(node).partition("=")[0] + "=":
            raise _unread(node)
        name, *value = node.named_children
        if name.type != "variable_name":
            raise _unread(name)
        return _text(name), self._word(value[0]) if value else ""

    def _expanded(self, node: Node) -> list[str]:
        text = _text(node)
        if (
            node.type in ("word", "concatenation")
            and "{" in text
            and not re.search(r"['\"$]", text)
        ):
            parts = _BRACES.match(text)
            if parts is None:
                raise Refused("braces", "a brace expansion is not read", "write the names out")
            before, inner, after = parts.groups()
            return [f"{before}{one}{after}" for one in islice(inner.split(","), _LOOPED)]
        return [self._word(node)]

    def _word(self, node: Node) -> str:  # noqa: PLR0911 - one case a kind of node
        match node.type:
            case "word" | "number":
                return _ESCAPED.sub(lambda found: found[1].strip("\n"), _text(node))
            case "raw_string":
                return _text(node)[1:-1]
            case "ansi_c_string":
                return _ansi(_text(node)[2:-1])
            case "string":
                return self._string(node)
            case "concatenation":
                return "".join(self._word(part) for part in node.children)
            case "simple_expansion" if _text(node) in ("$?", "$!", "$#", "$$"):
                return "%1" if _text(node) == "$!" else "0"
            case "simple_expansion" if _text(node)[1:] in self._values:
                return self._values[_text(node)[1:]]
            case "{" | "}" | "[" | "]" | "^":
                return node.type
        raise Refused(f"node:{node.type}", f"{_text(node)[:40]} is expanded", "write the value out")

    def _string(self, node: Node) -> str:
        pieces, end = [], node.start_byte + 1
        source = node.text or b""
        for part in node.named_children:
            pieces.append(
                source[end - node.start_byte : part.start_byte - node.start_byte].decode()
            )
            if part.type == "string_content":
                pieces.append(
                    re.sub(r'\\([$`"\\\n])', lambda found: found[1].strip("\n"), _text(part))
                )
            else:
                pieces.append(self._word(part))
            end = part.end_byte
        pieces.append(source[end - node.start_byte : -1].decode())
        return "".join(pieces)


def _substitution(node: Node) -> Node | None:
    """Return the command substitution that is the whole of a word, quoted or not."""
    if node.type == "string" and [part.type for part in node.named_children] == [
        "command_substitution"
    ]:
        node = node.named_children[0]
    if node.type == "command_substitution" and _text(node).startswith("$("):
        return node
    return None


_ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
}


def _ansi(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        part = found[1]
        if part[0] in "xu" and len(part) > 1:
            return chr(int(part[1:], 16))
        if part[0] in "01234567":
            return chr(int(part, 8) & 255)
        return _LETTERS.get(part, part)

    return _ANSI.sub(one, text)


def joined(commands: Sequence[Command]) -> list[dict[str, object]]:
    """Return the parse as JSON values."""
    return [
        {
            "words": list(one.words),
            "environment": dict(one.environment),
            "redirects": [[item.operator, item.target] for item in one.redirects if item.operator],
        }
        for one in commands
    ]
