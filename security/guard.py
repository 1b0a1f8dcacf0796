"""The decision on a shell line: a total function, in which any doubt is a refusal."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from security.python_code import objection
from security.second_opinion import programs
from security.shell import Command, Refused, read

POLICY = Path(__file__).with_name("policy.toml")
_WORD = re.compile(r"[\w.:+=@%,-]*", re.ASCII)
_LONGEST_SLEEP_S = 600
_NAMED_PYTHON = re.compile(r"python(3(\.\d{1,2})?)?")
_VENV = re.compile(r"(\./)?\.venv/bin/")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(\[[\w,-]+\])?([<>=!~]=?[\w.*,<>=!~]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a command would run. `root` is the project on disk; None judges by names alone."""

    root: Path | None = None
    commands: tuple[str, ...] = ()
    """Further commands that the project allows, with any operands inside the project."""
    second_opinion: bool = True
    """Whether shfmt has to read the same programs in the line."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, by which rule, why, and what to do instead."""

    allowed: bool
    rule: str
    reason: str
    advice: str = ""
    parsed: tuple[Command, ...] = field(default=())

    @property
    def line(self) -> str:
        """The refusal in one line."""
        return f"{self.reason}; {self.advice}" if self.advice else self.reason


def decide(command: str, context: Context | None = None) -> Decision:
    """Decide whether a shell line may run; never raises."""
    parsed: tuple[Command, ...] = ()
    context = context or Context()
    try:
        parsed = tuple(read(command, programs if context.second_opinion else None))
        if not any(one.words for one in parsed):
            raise Refused("empty", "there is no command", "name one")  # noqa: TRY301
        judge = _Judge(context, policy())
        for one in parsed:
            judge.check(one)
    except Refused as no:
        return Decision(False, no.rule, no.reason, no.advice, parsed)
    except Exception as error:  # noqa: BLE001 - total: what fails is refused
        reason = f"the guard failed: {type(error).__name__}"
        return Decision(False, "guard-failed", reason, "write it in a simpler way", parsed)
    return Decision(True, "allowed", "every command is allowed", "", parsed)


@cache
def policy() -> dict[str, Any]:
    """Return the policy; raise ValueError when one of its examples is decided otherwise."""
    loaded = tomllib.loads(POLICY.read_text(encoding="utf-8"))
    judge = _Judge(Context(), loaded)
    for name, rule in loaded["commands"].items():
        for wanted, key in ((True, "match"), (False, "not_match")):
            for example in rule.get(key, []):
                if judge.allows(example) != wanted:
                    raise ValueError(f"policy.toml, commands.{name}.{key}: {example}")
    return loaded


class _Judge:
    def __init__(self, context: Context, rules: dict[str, Any]) -> None:
        self._context = context
        self._rules = rules

    def allows(self, line: str) -> bool:
        try:
            for one in read(line):
                self.check(one)
        except Refused:
            return False
        return True

    def check(self, command: Command) -> None:
        """Raise Refused unless the command may run."""
        for name, value in command.environment:
            self._variable(name, value)
        for redirect in command.redirects:
            self._redirect(redirect.operator, redirect.target)
        if not command.words:
            return
        for place, inner in command.computed:
            self._computed(command, place, inner)
        words = list(command.words)
        self._run(words, command)

    def _run(self, words: list[str], command: Command) -> None:
        name = self._program(words[0])
        rule = self._rules["commands"].get(name)
        if rule is None or ("program" in rule and words[0] != rule["program"]):
            if name in self._context.commands:
                rule = {"operands": "path", "dashes": True}
            else:
                raise Refused(f"command:{name}", f"{name[:40]} is not among the allowed commands",
                              "use one of the commands of security/policy.toml")  # fmt: skip
        arguments, label = words[1:], name
        if rule.get("sub"):
            rule, arguments, label = self._sub(name, rule, arguments)
        special = rule.get("special")
        if special:
            getattr(self, f"_{special}")(arguments, command, rule)
        else:
            self._arguments(label, rule, arguments, command)

    def _program(self, word: str) -> str:
        if word == "./init.sh":
            return "init"
        name = _VENV.sub("", word)
        if _NAMED_PYTHON.fullmatch(name):
            return "python"
        if name in ("pip3",):
            return "pip"
        return name if name != "init" else "init.sh"

    def _sub(
        self, name: str, rule: dict[str, Any], arguments: list[str]
    ) -> tuple[dict[str, Any], list[str], str]:
        rest = list(arguments)
        while rest and rest[0].startswith("-") and rest[0] not in rule:
            option, _, value = rest[0].partition("=")
            if rest[0] in rule.get("global_flags", []):
                rest.pop(0)
            elif option in rule.get("global", {}):
                rest.pop(0)
                value = value or (rest.pop(0) if rest else "")
                self._value(rule["global"][option], value, name)
            else:
                raise _option(name, rest[0])
        if not rest or not isinstance(rule.get(rest[0]), dict) or rest[0] == "global":
            what = rest[0] if rest else "without a subcommand"
            raise Refused(f"{name}:subcommand", f"{name} {what[:30]} is not allowed",
                          f"leave it to the harness, or use another {name} command")  # fmt: skip
        return rule[rest[0]], rest[1:], f"{name} {rest[0]}"

    # ---------------------------------------------------------------------- arguments

    def _arguments(
        self, name: str, rule: dict[str, Any], arguments: list[str], command: Command
    ) -> None:
        operands, options = self._split(name, rule, arguments)
        kind = rule.get("operands", "never")
        if rule.get("test"):
            operands = [one for one in operands if one != "]"]
        first = rule.get("first")
        given = any(one in ("-e", "--regexp", "-f") for one in options)
        if first and operands and not given:
            self._value(first, operands.pop(0), name)
        fed = (
            command.piped
            or command.body is not None
            or any(one.operator == "<" for one in command.redirects)
        )
        recursive = any(
            re.fullmatch(r"-[a-zA-Z]*[rR][a-zA-Z]*|--recursive", one) for one in options
        )
        if rule.get("stdin") and not operands and not fed and not recursive:
            raise Refused(f"{name}:stdin", f"{name} would wait for input", "name a file")
        if len(operands) < rule.get("needs", 0):
            raise Refused(f"{name}:operands", f"{name} lacks an operand", "name it")
        if len(operands) > rule.get("most", 10_000):
            raise Refused(f"{name}:operands", f"{name} has too many operands", "give one")
        if rule.get("needs_option") and not options:
            raise Refused(f"{name}:operands", f"{name} lacks an option", "say what it is about")
        if rule.get("needs_any") and not operands and not options:
            raise Refused(f"{name}:operands", f"{name} does nothing so", "name what it is about")
        for one in operands:
            self._value(kind, one, name)

    def _split(
        self, name: str, rule: dict[str, Any], arguments: list[str]
    ) -> tuple[list[str], list[str]]:
        operands: list[str] = []
        options: list[str] = []
        rest = list(arguments)
        while rest:
            word = rest.pop(0)
            if word == "--":
                return [*operands, *rest], options
            if rule.get("find") and (word in rule["flags"] or word in rule["values"]):
                if word in rule["values"]:
                    self._value(rule["values"][word], rest.pop(0) if rest else "", name)
            elif (
                not word.startswith("-")
                or word == "-"
                or rule.get("test")
                or (rule.get("dashes") and not word.startswith("-v"))
            ):
                operands.append(word)
            else:
                options.append(word)
                self._option(name, rule, word, rest)
        return operands, options

    def _option(self, name: str, rule: dict[str, Any], word: str, rest: list[str]) -> None:
        flags, values = rule.get("flags", []), rule.get("values", {})
        option, equals, value = word.partition("=")
        exact = rule.get("exact", [])
        if word in exact or (rest and f"{word}={rest[0]}" in exact):
            if word not in exact:
                rest.pop(0)
            return
        letters = "".join(one for one in flags if not one.startswith("-"))
        if word in flags or (not equals and word.startswith("--") and word in flags):
            return
        if equals and option in values:
            self._value(values[option], value, name)
        elif word in values:
            if not rest:
                raise Refused(f"{name}:option", f"{word} lacks its value", "give it")
            self._value(values[word], rest.pop(0), name)
        elif word.startswith("--"):
            raise _option(name, word)
        else:
            self._bundle(name, letters, values, word, rest)

    def _bundle(
        self, name: str, letters: str, values: dict[str, str], word: str, rest: list[str]
    ) -> None:
        for place, letter in enumerate(word[1:], 1):
            if f"-{letter}" in values:
                glued = word[place + 1 :] or (rest.pop(0) if rest else "")
                self._value(values[f"-{letter}"], glued, name)
                return
            if letter not in letters:
                raise _option(name, word)

    def _value(self, kind: str, value: str, name: str) -> None:  # noqa: C901, PLR0912
        good = True
        match kind:
            case "any" | "sql":
                good = not (
                    kind == "sql" and re.search(r"\\!|\\o|\\copy|\\i|program", value, re.IGNORECASE)
                )
            case "path" | "write" | "new" | "tracked" | "test" | "list" | "stash":
                self._place(kind, value, name)
            case "int":
                good = value.lstrip("-").isascii() and value.lstrip("-").isdigit()
            case "seconds":
                digits = re.fullmatch(r"(\d{1,6}(?:\.\d+)?|\.\d+)s?", value, re.ASCII)
                good = bool(digits) and float(digits[1] if digits else 0) <= _LONGEST_SLEEP_S
            case "name":
                good = bool(_WORD.fullmatch(value))
            case "module":
                good = bool(re.fullmatch(r"[a-z_][\w.]*", value, re.ASCII))
            case "app":
                good = bool(re.fullmatch(r"(app|main|src)[\w.]*:\w+", value, re.ASCII))
            case "revision":
                self._revision(value, name)
            case "package":
                self._package(value, name)
            case "pid":
                good = bool(re.fullmatch(r"%\d+|[1-9]\d+|[2-9]|", value, re.ASCII))
            case "server":
                good = bool(
                    re.fullmatch(rf"({'|'.join(self._rules['servers'])})( [\w.:-]+)*", value)
                )
            case "loopback":
                good = value in ("127.0.0.1", "localhost", "::1")
            case "url":
                good = _is_loopback(value)
            case "data" | "form":
                self._data(kind, value, name)
            case "report":
                self._place("write", value.partition(":")[2] or "x.y", name)
            case "ps":
                good = bool(re.fullmatch(r"aux|ax|a|u|x|ef|auxww|auxf|axjf", value))
            case "head":
                good = value in ("HEAD", "show")
            case _:
                good = False
        if not good:
            raise Refused(f"{name}:{kind}", f"{name} does not take {value[:40]!r}",
                          "use a value inside the project")  # fmt: skip

    def _data(self, kind: str, value: str, name: str) -> None:
        source = value.partition("=")[2] if kind == "form" else value
        if source.startswith(("@", "<")):
            self._place("path", source[1:].partition(";")[0] or "x", name)

    def _package(self, value: str, name: str) -> None:
        bare = value.partition("[")[0]
        if bare in (".", "./") or bare.startswith("./"):
            self._place("path", bare, name)
            return
        found = _REQUIREMENT.fullmatch(value)
        if not found or found[1].lower().replace("_", "-") not in self._rules["packages"]:
            raise Refused(f"{name}:package", f"{value[:40]} is not a known package",
                          "let a person add it to the policy")  # fmt: skip

    def _revision(self, value: str, name: str) -> None:
        if ":" in value:
            self._place("path", value.partition(":")[2] or "x", name)
        elif ".." in value and re.fullmatch(r"[\w./~^@{}-]*[\w~^}]\.{2,3}[\w./~^@{}-]*", value):
            return
        else:
            self._place("path", value, name)

    def _place(self, kind: str, value: str, name: str) -> None:  # noqa: C901, PLR0912
        rule = f"{name}:path"
        if kind == "stash":
            known = ("push", "pop", "apply", "list", "show")
            if value in known or value.startswith("stash@{"):
                return
            if not re.search(r"[./]", value):
                raise Refused(rule, f"git stash {value[:30]} is not allowed", "push or pop it")
            kind = "write"
        if kind == "list":
            if value == "list":
                return
            raise Refused(rule, f"{name} {value[:30]} is not allowed", "only list them")
        if kind == "test":
            value = value.partition("::")[0]
        if value in ("/dev/null", "-", "/dev/stdout", "/dev/stderr"):
            return
        parts = [part for part in value.split("/") if part not in ("", ".")]
        if value.startswith(("/", "~")) or ".." in parts or not value:
            raise Refused(rule, f"{value[:40] or 'an empty path'} is outside the project",
                          "stay below the project's folder")  # fmt: skip
        folded = [part.casefold().rstrip(". ") for part in parts]
        if kind in ("path", "test", "write") and any(
            part in self._rules["secret"] for part in folded
        ):
            raise Refused("secret", f"{value[:40]} may hold secrets", "use .env.example")
        hidden = self._rules["protected"]
        if ".git" in folded or (kind not in ("path", "test") and set(folded) & set(hidden)):
            raise Refused("protected", f"{value[:40]} is the harness's own",
                          "leave it: the harness writes it")  # fmt: skip
        if kind != "path" and any(
            re.search(r"[*?\[]", part) and re.fullmatch(_glob(part), item)
            for part in folded for item in hidden
        ):  # fmt: skip
            raise Refused("protected", f"{value[:40]} may match what is the harness's own",
                          "name the files")  # fmt: skip
        if kind == "tracked" and not parts:
            raise Refused(rule, "it takes everything out of the repository", "name the files")
        if kind == "new":
            self._new(value, parts[-1], rule)
        self._on_disk(value, rule)

    def _new(self, value: str, last: str, rule: str) -> None:
        """A file without an ending may be a program or a link: it has to be there already."""
        if "." in last or last in self._rules["plain_names"]:
            return
        root = self._context.root
        if root is None or not (root / value).is_file() or (root / value).is_symlink():
            raise Refused(rule, f"{value[:40]} has no ending", "give new files an ending")

    def _on_disk(self, value: str, rule: str) -> None:
        root = self._context.root
        if root is None:
            return
        real = root.resolve()
        if not (real / value).resolve().is_relative_to(real):
            raise Refused(rule, f"{value[:40]} leads outside the project", "use the real file")

    # ------------------------------------------------------------------------ specials

    def _sed(  # noqa: C901 - one case an option
        self, words: list[str], command: Command, rule: dict[str, Any]
    ) -> None:
        del rule
        rest, write, scripts, operands = list(words), False, [], []
        while rest:
            word = rest.pop(0)
            if word in ("-n", "-E", "-r", "-s", "--quiet"):
                continue
            if word in ("-i", "--in-place"):
                write = True
            elif word in ("-e", "--expression") and rest:
                scripts.append(rest.pop(0))
            elif word.startswith("-") and word != "-":
                raise _option("sed", word)
            else:
                operands.append(word)
        if not scripts and operands:
            scripts.append(operands.pop(0))
        for script in scripts:
            for part in re.split(r"(?<!\\);|\n", script):
                if not _SED.fullmatch(part.strip()):
                    raise Refused("sed:script", "the sed script may write files or run programs",
                                  "use only p, d, q and s/old/new/g")  # fmt: skip
        for one in operands:
            self._place("write" if write else "path", one, "sed")
        if not operands and not command.piped and command.body is None:
            raise Refused("sed:stdin", "sed would wait for input", "name a file")

    def _rm(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        for word in words:
            if word.rstrip("/") in (".", "", "*", "./*", "..") or re.fullmatch(
                r"[.*?/\[\]]+", word
            ):
                raise Refused("rm:path", "it deletes the whole project", "name what to delete")
        self._arguments("rm", {**rule, "needs": 1}, words, command)

    def _chmod(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        del command, rule
        mode = words[0] if words else ""
        if len(words) != 2 or not re.fullmatch(r"[ua]{0,2}\+x|755", mode) or words[1] not in (  # noqa: PLR2004
            "init.sh", "./init.sh",
        ):  # fmt: skip
            raise Refused("chmod", "only init.sh may be made executable", "chmod +x init.sh")

    def _export(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        del command, rule
        for word in words:
            name, _, value = word.partition("=")
            self._variable(name, value)

    def _source(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        del command, rule
        if words not in ([".venv/bin/activate"], ["./.venv/bin/activate"]):
            raise Refused(
                "source", "only .venv/bin/activate may be sourced", "run the command itself"
            )

    def _wrapper(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        rest = list(words)
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            kind = rule.get("values", {}).get(option)
            if kind is None:
                raise _option("timeout", option)
            self._value(kind, rest.pop(0) if rest else "", "timeout")
        if "first" in rule:
            self._value(rule["first"], rest.pop(0) if rest else "", "timeout")
        if not rest:
            raise Refused("wrapper", "there is nothing to run", "name the command")
        self._run(rest, command)

    def _python(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        rest = list(words)
        while rest and re.fullmatch(r"-[uBIEsSOWq]+", rest[0]):
            rest.pop(0)
        if not rest or rest[0] == "-":
            self._code(command.body)
        elif rest[0] in ("-V", "--version", "-VV"):
            return
        elif found := re.fullmatch(r"-[uBIEsSOq]*c(.*)", rest[0], re.DOTALL):
            self._code(found[1] or (rest[1] if len(rest) > 1 else None))
        elif rest[0] == "-m":
            self._python_module(rest[1:], command, rule)
        elif rest[0].startswith("-"):
            raise _option("python", rest[0])
        else:
            self._place("path", rest[0], "python")
            if not rest[0].endswith(".py"):
                raise Refused("python:script", "it is not a Python file", "name a .py file")

    def _python_module(self, words: list[str], command: Command, rule: dict[str, Any]) -> None:
        del rule
        rest = words[1:] if words[:1] == ["-m"] else list(words)
        name = rest[0] if rest else ""
        top = name.partition(".")[0]
        if name.endswith(".py"):
            self._place("path", name, "coverage run")
        elif name in ("pytest", "alembic", "uvicorn", "mypy", "ruff", "coverage", "pip"):
            self._run([name, *rest[1:]], command)
        elif name in self._rules["modules"] or top in ("app", "scripts"):
            for word in rest[1:]:
                if not word.startswith("-"):
                    self._place("path", word, name)
        else:
            raise Refused("python:module", f"the module {name[:40]} may not be run",
                          "run a module of the project")  # fmt: skip

    def _code(self, code: str | None) -> None:
        if code is None:
            raise Refused("python:stdin", "python would wait for input, or run what it is fed",
                          "run a .py file of the project")  # fmt: skip
        if why := objection(code):
            raise Refused("python:code", why, "write a script in the project, or use a command")

    # --------------------------------------------------------------------------- parts

    def _variable(self, name: str, value: str) -> None:
        if name not in self._rules["environment"]:
            raise Refused("environment", f"{name[:40]} may not be set here", "leave it out")
        if name == "PYTHONPATH":
            for part in value.split(":"):
                self._place("path", part, "PYTHONPATH")

    def _redirect(self, operator: str, target: str) -> None:
        if operator:
            self._place("path" if operator == "<" else "new", target, "redirect")
            if operator != "<":
                self._place("write", target, "redirect")

    def _computed(self, command: Command, place: int, inner: Sequence[Command]) -> None:
        plain = len(inner) == 1 and not inner[0].redirects and not inner[0].environment
        cat = plain and inner[0].words == ("cat",) and inner[0].body is not None
        message = (
            cat
            and command.words[:2] == ("git", "commit")
            and (command.words[place - 1] in ("-m", "-am", "--message"))
        )
        ports = plain and command.words[0] == "kill" and inner[0].words[:1] == ("lsof",)
        if ports and re.match(r"-ti|-t", inner[0].words[1] if len(inner[0].words) > 1 else ""):
            self.check(inner[0])
        elif not message:
            raise Refused("substitution", "a command substitution is not allowed here",
                          "run it first, then write its result out")  # fmt: skip


_SED = re.compile(
    r"(\d+|\$|/(?:[^/\\]|\\.)*/)?(,(\d+|\$|\+\d+|/(?:[^/\\]|\\.)*/))?\s*!?\s*"
    r"(p|d|q|=|s/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/[gpiI\d]*|s\|(?:[^|\\]|\\.)*\|(?:[^|\\]|\\.)*\|[gpiI\d]*"
    r"|s#(?:[^#\\]|\\.)*#(?:[^#\\]|\\.)*#[gpiI\d]*|)"
)


def _glob(pattern: str) -> str:
    return "".join(
        ".*" if one in "*[" else "." if one == "?" else re.escape(one) for one in pattern
    )


def _is_loopback(value: str) -> bool:
    url = urlsplit(value if "://" in value else f"http://{value}")
    return url.scheme in ("http", "https") and "@" not in url.netloc and url.hostname in (
        "localhost", "127.0.0.1", "::1",
    )  # fmt: skip


def _option(name: str, word: str) -> Refused:
    return Refused(
        f"{name}:option", f"the option {word[:40]} of {name} is not allowed", "leave it out"
    )
