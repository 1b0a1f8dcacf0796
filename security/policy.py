"""The policy: what may run, as typed data read from policy.toml."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Wanted = TypeVar("Wanted")
FILE = Path(__file__).with_name("policy.toml")


class PolicyError(ValueError):
    """A policy that cannot be used; the message says where and why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one program, or one of its subcommands, may be given. The keys are policy.toml's."""

    letters: str = ""
    flags: tuple[str, ...] = ()
    values: dict[str, str] = {}
    exact: tuple[str, ...] = ()
    operands: str = "never"
    first: str = ""
    least: int = 0
    most: int | None = None
    some_option: bool = False
    stdin: bool = False
    dashes: bool = False
    special: str = ""
    sub: dict[str, "Rule"] = {}
    before: dict[str, str] = {}
    before_flags: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    not_match: tuple[str, ...] = ()

    def examples(self) -> list[tuple[str, bool]]:
        """Return the rule's examples with what is to be decided, those of subcommands included."""
        own = [(line, True) for line in self.match] + [(line, False) for line in self.not_match]
        return own + [example for rule in self.sub.values() for example in rule.examples()]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """policy.toml, or that plus what a project allows."""

    version: int
    protected: tuple[str, ...]
    secret: tuple[str, ...]
    no_secret: tuple[str, ...]
    plain_names: tuple[str, ...]
    modules: tuple[str, ...]
    folders: tuple[str, ...]
    servers: tuple[str, ...]
    packages: tuple[str, ...]
    environment: dict[str, str]
    commands: dict[str, Rule]
    optional: dict[str, Rule] = {}

    def extended(self, additions: "Additions") -> "Policy":
        """Return a project's policy, which allows more; raise PolicyError for what is unknown."""
        unknown = [name for name in additions.allow if name not in self.optional]
        if unknown:
            known = ", ".join(self.optional)
            raise PolicyError(f"security.allow: {unknown[0]} is not optional (there is {known})")
        chosen = {name: self.optional[name] for name in additions.allow}
        more = {name: _converted(rule, Rule, name) for name, rule in additions.commands.items()}
        taken = [name for name in more if name in self.commands]
        if taken:
            raise PolicyError(f"security.commands.{taken[0]}: the policy has a rule for it already")
        return msgspec.structs.replace(
            self,
            commands={**self.commands, **chosen, **more},
            packages=(*self.packages, *additions.packages),
        )


@dataclass(frozen=True, slots=True)
class Additions:
    """What a project allows besides: optional programs, programs of its own, packages."""

    allow: Sequence[str] = ()
    packages: Sequence[str] = ()
    commands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def parse(text: str) -> Policy:
    """Return a policy; raise PolicyError where it does not read. Its examples are not checked."""
    try:
        return _converted(tomllib.loads(text), Policy, "policy")
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"policy: {error}") from error


def digest() -> str:
    """Return what a journal records of the policy that a session ran with."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()[:12]


@cache
def shipped() -> Policy:
    return parse(FILE.read_text(encoding="utf-8"))


def _converted(value: Any, kind: type[Wanted], where: str) -> Wanted:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{where}: {error}") from error
