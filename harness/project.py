"""The project directory and its understudy.toml."""

import difflib
import os
import re
import secrets
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.errors import ConfigError, SetupError, UsageError
from harness.traffic.framings.recordings import TranslatedRecording
from harness.traffic.store import SUFFIX

if TYPE_CHECKING:
    from security.policy import Policy

CONFIG_NAME = "understudy.toml"
SPEC_NAME = "spec.md"
DESCRIPTIONS_NAME = "describe.toml"


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Target(Table):
    """What to clone. Without `hosts`, the one with most API traffic is the target."""

    url: str | None = None
    title: str | None = None
    hosts: list[str] = []
    extra_hosts: list[str] = []
    denied_hosts: list[str] = []


class Traffic(Table):
    """`personal` replaces e-mail addresses, names and phone numbers on import too."""

    personal: bool = False


class Build(Table):
    """Who builds. `hybrid` lets `offline` go first; `auto` is hybrid where a key is there."""

    builder: Literal["auto", "offline", "claude", "hybrid"] = "auto"
    model: str | None = None
    first_model: str | None = None
    fallback_model: str | None = None
    slice: int = Field(default=25, ge=1)
    stuck_after: int = Field(default=3, ge=1)


class Budget(Table):
    """Upper bounds of one run; none where nothing is set. Times are in seconds."""

    max_sessions: int | None = Field(default=None, ge=1)
    max_features: int | None = Field(default=None, ge=1)
    wall_s: float | None = Field(default=None, gt=0)
    work_s: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    turns: int | None = Field(default=None, ge=1)
    session_tokens: int | None = Field(default=None, ge=1)
    session_usd: float | None = Field(default=None, gt=0)
    session_turns: int | None = Field(default=None, ge=1)
    session_s: float | None = Field(default=None, gt=0)


class Security(Table):
    """What commands in sessions may do besides; builders cannot write it.

    `allow` names optional programs of the policy, `packages` what pip may install, `commands` are
    rules in the grammar of security/policy.toml.
    """

    allow: list[str] = []
    packages: list[str] = []
    commands: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.model_fields_set:
            self.policy()
        return self

    def policy(self) -> "Policy":
        """Return the shell policy of the project; raise PolicyError where it cannot be."""
        from security.guard import check_examples  # noqa: PLC0415 - only those who guard pay for it
        from security.policy import Additions, shipped  # noqa: PLC0415

        policy = shipped().extended(Additions(self.allow, self.packages, self.commands))
        check_examples(policy, {name: policy.commands[name] for name in self.commands})
        return policy


class Config(Table):
    """understudy.toml."""

    target: Target = Target()
    traffic: Traffic = Traffic()
    build: Build = Build()
    budget: Budget = Budget()
    security: Security = Security()


class Project:
    """A project directory: where its parts are, and what understudy.toml says."""

    def __init__(self, directory: Path, config: Config) -> None:
        self.directory = directory
        self.config = config

    @classmethod
    def create(cls, directory: Path, url: str | None = None, spec: Path | None = None) -> "Project":
        """Make a project directory; refuse to touch one that is a project already."""
        config_path = directory / CONFIG_NAME
        if config_path.exists():
            raise UsageError(
                f"{directory} is a project already",
                do=f"Edit {config_path}, or go on with `understudy run {directory}`.",
            )
        if directory.exists() and not directory.is_dir():
            raise UsageError(f"{directory} is a file", do="Name a directory that may be created.")
        target: dict[str, Any] = {}
        if url is not None:
            target = {"url": url, "hosts": [_host_of(url)]}
        spec_text = None if spec is None else _read_spec(spec)
        try:
            (directory / "recordings").mkdir(parents=True, exist_ok=True)
            if spec_text is not None:
                (directory / SPEC_NAME).write_text(spec_text, encoding="utf-8")
            config_path.write_text(tomli_w.dumps({"target": target}), encoding="utf-8")
        except OSError as error:
            raise SetupError(
                f"cannot create {directory}: {error.strerror}",
                do="Choose a directory that can be written, on a disk with space left.",
            ) from error
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> "Project":
        if not directory.is_dir():
            raise UsageError(
                f"there is no directory {directory}",
                do=f"Create the project with `understudy new {directory} --url URL`.",
            )
        path = directory / CONFIG_NAME
        if not path.is_file():
            raise UsageError(
                f"{directory} is no project: it has no {CONFIG_NAME}",
                do=f"Make it one with `understudy new {directory} --url URL`.",
            )
        return cls(directory, read_config(path))

    @property
    def title(self) -> str:
        """What the application is called: from the configuration, else the directory's name."""
        if self.config.target.title:
            return self.config.target.title
        return re.sub(r"[-_]+", " ", self.directory.resolve().name).strip().title()

    @property
    def spec_path(self) -> Path:
        return self.directory / SPEC_NAME

    @property
    def descriptions_path(self) -> Path:
        return self.directory / DESCRIPTIONS_NAME

    @property
    def recordings_dir(self) -> Path:
        return self.directory / "recordings"

    @property
    def model_dir(self) -> Path:
        return self.directory / "model"

    @property
    def backend_dir(self) -> Path:
        return self.directory / "backend"

    @property
    def state_dir(self) -> Path:
        return self.directory / ".understudy"

    def recordings(self) -> list[TranslatedRecording]:
        """Return the recordings of the project, by name, messages as the exchanges they mean."""
        paths = sorted(self.recordings_dir.glob(f"*{SUFFIX}"))
        return [TranslatedRecording(path) for path in paths]

    def recording_path(self, name: str) -> Path:
        """Return where the recording of this name is kept."""
        return self.recordings_dir / f"{name}{SUFFIX}"

    def pseudonym_key(self) -> bytes:
        """Return the key that stand-ins are derived from; made on first use, readable by its owner.

        Recordings do not need it: only what is imported later with another key gets other
        stand-ins.
        """
        path = self.state_dir / "pseudonym.key"
        if not path.exists():
            self.state_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        try:
            return bytes.fromhex(path.read_text(encoding="ascii"))
        except ValueError as error:
            raise ConfigError(
                f"{path} does not hold a key",
                do="Delete it: a new one is made, and later imports get other stand-ins.",
            ) from error


def read_config(path: Path) -> Config:
    """Read understudy.toml; the error names the line or the key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", do="Correct that line.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: {error}", do="Save it as UTF-8.") from error
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise _unknown_key(path, [str(part) for part in first["loc"]]) from error
        raise ConfigError(f"{path}: {place}: {first['msg']}", do="Correct the value.") from error


def _unknown_key(path: Path, location: list[str]) -> ConfigError:
    table: Any = Config
    for part in location[:-1]:
        table = table.model_fields[part].annotation
    known = list(table.model_fields)
    close = difflib.get_close_matches(location[-1], known, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(known)}."
    return ConfigError(f"{path}: unknown key `{'.'.join(location)}`", do=hint)


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"{url} is no address of a site", do="Give it as https://host[:port].")
    return parts.netloc.rpartition("@")[2]


def _read_spec(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the specification {path}: {error}", do="Give a UTF-8 text file."
        ) from error
