"""The decision on a shell line: a total function, in which any doubt is a refusal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from security import values
from security.policy import Policy, PolicyError, Rule, shipped
from security.programs import program, run, variable
from security.refusal import Refused
from security.scene import Scene
from security.second_opinion import programs
from security.shell import Command, read

_MESSAGE = ("-m", "-am", "--message")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a command would run. `root` is the project on disk; None judges by names alone."""

    root: Path | None = None
    policy: Policy | None = None
    """The policy of the project; None is the one that is shipped."""
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
        """The decision in one line."""
        return f"{self.reason}; {self.advice}" if self.advice else self.reason


def decide(command: str, context: Context | None = None) -> Decision:
    """Decide whether a shell line may run; never raises."""
    parsed: tuple[Command, ...] = ()
    try:
        context = context or Context()
        if not command.strip():
            raise Refused("empty", "there is no command", "name one")  # noqa: TRY301
        parsed = tuple(read(command, programs if context.second_opinion else None))
        check(parsed, Scene(context.policy or checked(), context.root))
    except Refused as no:
        return Decision(False, no.rule, no.reason, no.advice, parsed)
    except Exception as error:  # noqa: BLE001 - total: what fails is refused
        reason = f"the guard cannot judge it ({type(error).__name__})"
        return Decision(False, "guard-failed", reason, "write it in a simpler way", parsed)
    names = ", ".join(dict.fromkeys(program(one.words[0]) for one in parsed if one.words))
    return Decision(True, names, "every command and every argument is allowed", "", parsed)


@cache
def checked() -> Policy:
    """Return the shipped policy, its examples checked; raise PolicyError where one fails."""
    policy = shipped()
    check_examples(policy, policy.commands)
    return policy


def check_examples(policy: Policy, rules: dict[str, Rule]) -> None:
    """Raise PolicyError unless the examples of the rules are decided as they say."""
    for name, rule in rules.items():
        for line, wanted in rule.examples():
            if _allows(policy, line) != wanted:
                verdict = "refused" if wanted else "allowed"
                raise PolicyError(f"commands.{name}: the example {line!r} is {verdict}")
        for kind in _kinds(rule):
            if not values.known(kind):
                raise PolicyError(f"commands.{name}: there is no kind {kind!r}")


def _kinds(rule: Rule) -> set[str]:
    own = {rule.operands, rule.first or "any", *rule.values.values(), *rule.before.values()}
    return own.union(*(_kinds(inner) for inner in rule.sub.values()))


def _allows(policy: Policy, line: str) -> bool:
    try:
        check(read(line), Scene(policy))
    except Refused:
        return False
    return True


def check(commands: Sequence[Command], scene: Scene) -> None:
    """Refuse commands of which one may not run."""
    for one in commands:
        scene.chain = one.chain
        _check(one, scene)


def _check(command: Command, scene: Scene) -> None:
    for name, value in command.environment:
        variable(name, value, scene)
    for redirect in command.redirects:
        scene.check("path" if redirect.operator == "<" else "new", redirect.target, "redirect")
    for place, inner in command.computed:
        _check_computed(command, place, inner, scene)
    if command.words:
        run(command.words, command, scene)


def _check_computed(command: Command, place: int, inner: Sequence[Command], scene: Scene) -> None:
    """A substitution may be a commit message in a quoted heredoc, or the processes to end."""
    one = inner[0] if len(inner) == 1 and not inner[0].redirects else Command(("",))
    words = one.words
    message = command.words[:2] == ("git", "commit") and command.words[place - 1] in _MESSAGE
    if message and words == ("cat",) and one.body is not None:
        return
    listing = words[0] in ("lsof", "pgrep") or (words[0] == "cat" and words[-1].endswith(".pid"))
    if command.words[0] != "kill" or not listing:
        raise Refused(
            "substitution",
            "a command substitution is not allowed here",
            "run it first, then write its result out",
        )
    check(inner, scene)
