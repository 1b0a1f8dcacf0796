"""The words after a program, parted into options and operands and held against its rule."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from security.policy import Rule
from security.refusal import Refused, shown

Check = Callable[[str, str], None]
"""Refuses a value: its kind, the value."""
_SEARCHED = ("-e", "--regexp", "-f")
_HARMLESS = ("--help", "--version")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was given: the options as they were written, and the operands."""

    options: tuple[str, ...]
    operands: tuple[str, ...]

    def has(self, letter: str) -> bool:
        """Whether an option of one letter is among the bundles."""
        return any(re.fullmatch(rf"-\w*{letter}\w*", option) for option in self.options)


def part(name: str, rule: Rule, words: Sequence[str], check: Check) -> Arguments:
    """Part the words; refuse an option that the rule does not list, or a value of another kind."""
    options: list[str] = []
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if not word.startswith("-") or word == "-" or (rule.dashes and not _known(rule, word)):
            operands.append(word)
        else:
            options.append(word)
            _option(name, rule, word, rest, check)
    return Arguments(tuple(options), tuple(operands))


def check_operands(name: str, rule: Rule, given: Arguments, check: Check) -> None:
    """Refuse operands of another kind or number than the rule says."""
    operands = list(given.operands)
    if rule.first and operands and not any(one in _SEARCHED for one in given.options):
        check(rule.first, operands.pop(0))
    if len(operands) < rule.least and not (rule.operands == "package" and given.options):
        raise Refused(f"{name}:operands", f"{name} lacks an operand", "say what it is about")
    if rule.most is not None and len(operands) > rule.most:
        raise Refused(f"{name}:operands", f"{name} has too many operands", "give fewer")
    if rule.some_option and not given.options:
        raise Refused(f"{name}:operands", f"{name} lacks an option", "say what it is about")
    for one in operands:
        check(rule.operands, one)


def _known(rule: Rule, word: str) -> bool:
    return word in rule.flags or word in rule.values or word.startswith("-v")


def _option(name: str, rule: Rule, word: str, rest: list[str], check: Check) -> None:
    option, equals, value = word.partition("=")
    following = f"{word}={rest[0]}" if rest else ""
    if word in rule.flags or word in rule.exact or word in _HARMLESS:
        return
    if following in rule.exact:
        rest.pop(0)
    elif equals and option in rule.values:
        check(rule.values[option], value)
    elif word in rule.values:
        check(rule.values[word], _next(name, word, rest))
    elif re.fullmatch(r"-\d+", word) and "0" in rule.letters:
        return
    elif word.startswith("--"):
        raise unlisted(name, word)
    else:
        _bundle(name, rule, word, rest, check)


def _bundle(name: str, rule: Rule, word: str, rest: list[str], check: Check) -> None:
    for place, letter in enumerate(word[1:], 2):
        if f"-{letter}" in rule.values:
            glued = word[place:] or _next(name, word, rest)
            check(rule.values[f"-{letter}"], glued)
            return
        if letter not in rule.letters:
            raise unlisted(name, word)


def _next(name: str, word: str, rest: list[str]) -> str:
    if not rest:
        raise Refused(f"{name}:option", f"{shown(word)} of {name} lacks its value", "give it")
    return rest.pop(0)


def unlisted(name: str, word: str) -> Refused:
    reason = f"the option {shown(word)} of {name} is not allowed"
    return Refused(f"{name}:option", reason, "leave it out")
