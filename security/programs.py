"""Programs whose arguments say more than options and operands can: the `special` of a rule."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from security import values
from security.arguments import Arguments, check_operands, part, unlisted
from security.policy import Rule
from security.refusal import Refused, shown
from security.scene import Scene
from security.scripts import check_awk, check_python, check_sed
from security.shell import Command

_VENV = re.compile(r"(\./)?\.venv/bin/")
_PYTHON = re.compile(r"python(3(\.\d{1,2})?)?")
_TOOLS = ("pip", "pytest", "coverage", "uvicorn", "alembic", "ruff", "mypy")
_LISTING = ("find", "rg", "grep", "lsof", "pgrep")
_FED = ("wc", "grep", "cat", "head", "ls", "kill", "ruff", "mypy")
_INIT = ("init.sh", "./init.sh")
_PYTHON_OPTIONS = re.compile(r"-[uBIEsSOqb]+")
_COVERAGE_OPTION = re.compile(
    r"--(branch|parallel-mode|append|source=[\w./,]+|(omit|include)=[^=]*)|-[pa]"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A program with its words, its rule, and the command that it stands in."""

    name: str
    rule: Rule
    words: Sequence[str]
    command: Command
    scene: Scene

    def check(self, kind: str, value: str) -> None:
        values.check(kind, value, self.scene, self.name)

    def part(self, words: Sequence[str] | None = None) -> Arguments:
        return part(self.name, self.rule, self.words if words is None else words, self.check)


def run(words: Sequence[str], command: Command, scene: Scene) -> None:
    """Refuse a program that the policy does not know, or words that its rule does not allow."""
    name = program(words[0])
    rule = scene.policy.commands.get(name)
    if rule is None:
        reason = f"{shown(name)} is not among the allowed commands"
        raise Refused("command", reason, "use an allowed one, or let a person allow it")
    rest = list(words[1:])
    if rule.sub:
        name, rule, rest = _subcommand(name, rule, rest, scene)
    call = Call(name, rule, rest, command, scene)
    _SPECIAL[rule.special](call)


def program(word: str) -> str:
    """Return the policy's name of a program; a path is one only in the project's environment."""
    inside = _VENV.match(word)
    bare = word[inside.end() :] if inside else word
    if _PYTHON.fullmatch(bare):
        return "python"
    if bare == "pip3":
        return "pip"
    return bare if not inside or bare in _TOOLS else word


def _subcommand(
    name: str, rule: Rule, rest: list[str], scene: Scene
) -> tuple[str, Rule, list[str]]:
    while rest and rest[0].startswith("-") and rest[0] not in rule.sub:
        option, equals, value = rest.pop(0).partition("=")
        if option in rule.before:
            given = value if equals else (rest.pop(0) if rest else "")
            values.check(rule.before[option], given, scene, name)
        elif equals or option not in rule.before_flags:
            raise unlisted(name, option)
    if not rest or rest[0] not in rule.sub:
        what = f"{name} {shown(rest[0])}" if rest else f"{name} without a subcommand"
        advice = f"the harness does that itself; allowed are {', '.join(list(rule.sub)[:12])}, …"
        raise Refused(f"{name}:subcommand", f"{what} is not allowed", advice)
    return f"{name} {rest[0]}", rule.sub[rest[0]], rest[1:]


def _plain(call: Call) -> None:
    given = call.part()
    check_operands(call.name, call.rule, given, call.check)
    searched = 1 if call.rule.first and not given.has("e") else 0
    if call.rule.stdin and len(given.operands) <= searched and not given.has("[rR]"):
        _require_input(call)


def _require_input(call: Call) -> None:
    command = call.command
    fed = command.source is not None or command.body is not None
    if not fed and not any(item.operator == "<" for item in command.redirects):
        raise Refused(f"{call.name}:stdin", f"{call.name} would wait for input", "name a file")


def _find(call: Call) -> None:
    rest = list(call.words)
    while rest:
        word = rest.pop(0)
        if word in call.rule.values:
            call.check(call.rule.values[word], rest.pop(0) if rest else "")
        elif word.startswith("-") and word not in call.rule.flags:
            raise unlisted("find", word)
        elif word not in call.rule.flags:
            call.check("path", word)


def _test(call: Call) -> None:
    """Bash evaluates subscripts in operands of `-v` and of comparisons of numbers."""
    if any(word in ("-v", "-R") or re.search(r"[$`]", word) for word in call.words):
        raise Refused("test", "this test may evaluate code", "test files and plain texts")


def _change_folder(call: Call) -> None:
    if len(call.words) != 1 or call.words[0].startswith("-") or call.command.pipeline:
        raise Refused("cd", "cd takes one folder of the project", "name it")
    call.scene.enter(call.words[0])


def _copy(call: Call) -> None:
    """The last operand is written, the others are read."""
    *sources, target = call.part().operands or ("",)
    if not sources:
        raise Refused("cp:operands", "cp lacks an operand", "name source and target")
    for one in sources:
        call.check("path", one)
    call.check("target", target)


def _remove(call: Call) -> None:
    for word in call.words:
        if re.fullmatch(r"[.*?/\[\]!]*", word):
            raise Refused("rm:all", "it deletes the whole project", "name what to delete")
    _plain(call)


def _make_executable(call: Call) -> None:
    words = list(call.words)
    mode, name = (words[0], words[1]) if len(words) == 2 else ("", "")  # noqa: PLR2004
    if not re.fullmatch(r"[ua]{0,2}\+x|755", mode) or name not in _INIT:
        raise Refused("chmod", "only init.sh may be made executable", "chmod +x init.sh")


def _export(call: Call) -> None:
    for word in call.words:
        variable(*word.partition("=")[::2], call.scene)


def variable(name: str, value: str, scene: Scene) -> None:
    """Refuse a variable that the policy does not list."""
    kind = scene.policy.environment.get(name)
    if kind is None:
        raise Refused("environment", f"{shown(name)} may not be set here", "leave it out")
    values.check(kind, value, scene, name)


def _source(call: Call) -> None:
    if len(call.words) != 1 or call.words[0] not in (".venv/bin/activate", "./.venv/bin/activate"):
        raise Refused("source", "only .venv/bin/activate may be sourced", "run the command itself")


def _set(call: Call) -> None:
    if not re.fullmatch(r"(-[eux]+ ?)*(-[eux]*o pipefail)?", " ".join(call.words)):
        raise Refused("set", "only -e, -u, -x and -o pipefail may be set", "leave it out")


def _wrapper(call: Call) -> None:
    rest = list(call.words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        kind = call.rule.values.get(option)
        if kind is None:
            raise unlisted(call.name, option)
        call.check(kind, rest.pop(0) if rest else "")
    if call.rule.first:
        call.check(call.rule.first, rest.pop(0) if rest else "")
    if not rest:
        raise Refused(f"{call.name}:operands", "there is nothing to run", "name the command")
    run(rest, call.command, call.scene)


def _xargs(call: Call) -> None:
    """What is fed in are names that a listing program found in the project."""
    source = call.command.source or ("",)
    listing = source[0] in _LISTING or tuple(source[:2]) == ("git", "ls-files")
    rest = list(call.words)
    while rest and re.fullmatch(r"-[0r]+|-n|-\d+", rest[0]):
        if rest.pop(0) == "-n":
            call.check("int", rest.pop(0) if rest else "")
    if not listing or not rest or rest[0] not in _FED:
        raise Refused("xargs", "xargs may only pass found names to a reading program", "use a loop")
    fed = "2" if rest[0] == "kill" else "fed"
    run([*rest, fed], call.command, call.scene)


def _commit(call: Call) -> None:
    given = call.part()
    said = ("-F", "--file", "--message", "--no-edit", "--dry-run")
    written = any(one.partition("=")[0] in said for one in given.options)
    if not written and not given.has("m"):
        raise Refused("git commit:editor", "it would wait for an editor", "give the message: -m")
    check_operands(call.name, call.rule, given, call.check)


def _sed(call: Call) -> None:
    rest, scripts, operands, kind = list(call.words), list[str](), list[str](), "path"
    while rest:
        word = rest.pop(0)
        if word in ("-i", "--in-place"):
            kind = "write"
        elif word in ("-e", "--expression") and rest:
            scripts.append(rest.pop(0))
        elif word.startswith("-") and not re.fullmatch(r"-[nErsz]+|--quiet", word):
            raise unlisted("sed", word)
        elif not word.startswith("-"):
            operands.append(word)
    if not scripts and operands:
        scripts.append(operands.pop(0))
    for script in scripts:
        check_sed(script)
    for one in operands:
        call.check(kind, one)
    if not operands:
        _require_input(call)


def _awk(call: Call) -> None:
    given = call.part()
    if not given.operands:
        raise Refused("awk:script", "awk lacks its program", "give it")
    check_awk(given.operands[0])
    for one in given.operands[1:]:
        call.check("path", one)
    if len(given.operands) == 1:
        _require_input(call)


def _python(call: Call) -> None:
    rest = list(call.words)
    while rest and (_PYTHON_OPTIONS.fullmatch(rest[0]) or rest[0] in ("-W", "-X")):
        option = rest.pop(0)
        if option in ("-W", "-X"):
            call.check("warning", rest.pop(0) if rest else "")
    first = rest[0] if rest else "-"
    if first == "-":
        check_python(call.command.body)
    elif inline := re.fullmatch(r"-[uBIEsSOqb]*c(.*)", first, re.DOTALL):
        check_python(inline[1] or (rest[1] if len(rest) > 1 else None))
    elif first == "-m":
        _module(call, rest[1:])
    elif first not in ("-V", "-VV", "--version", "--help"):
        _script(call, first)


def _script(call: Call, word: str) -> None:
    if word.startswith("-"):
        raise unlisted("python", word)
    call.check("path", word)
    if not word.endswith(".py"):
        raise Refused("python:script", f"{shown(word)} is no Python file", "name a .py file")


def _module(call: Call, words: Sequence[str]) -> None:
    name = words[0] if words else ""
    policy = call.scene.policy
    if name in _TOOLS:
        run(words, call.command, call.scene)
    elif name in policy.modules or name.partition(".")[0] in policy.folders:
        call.check("module", name)
        for word in words[1:]:
            if not word.startswith("-"):
                call.check("path", word)
    else:
        reason = f"the module {shown(name)} may not be run"
        raise Refused("python:module", reason, "run a module of the project")


def _coverage_run(call: Call) -> None:
    rest = list(call.words)
    while rest and _COVERAGE_OPTION.fullmatch(rest[0]):
        rest.pop(0)
    if rest[:1] == ["-m"]:
        _module(call, rest[1:])
    else:
        _script(call, rest[0] if rest else "-")


_SPECIAL: dict[str, Callable[[Call], None]] = {
    "": _plain,
    "find": _find,
    "test": _test,
    "cd": _change_folder,
    "copy": _copy,
    "rm": _remove,
    "chmod": _make_executable,
    "export": _export,
    "source": _source,
    "set": _set,
    "wrapper": _wrapper,
    "xargs": _xargs,
    "commit": _commit,
    "sed": _sed,
    "awk": _awk,
    "python": _python,
    "python_module": _coverage_run,
}
