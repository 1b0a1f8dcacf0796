"""What a session is told: templates from prompts/, filled within a bound.

Captured text goes between marks that it cannot know, and the SDK is told to take prompts verbatim:
it can neither expand files nor run commands.
"""

import hashlib
import platform
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import harness
from harness.builders import SessionContext
from harness.builders.claude import traffic
from harness.builders.claude.tools import describe

FOLDER = Path(harness.__file__).parents[1] / "prompts"
MOST_TOKENS = 12_000
_CHARACTERS_A_TOKEN = 3
"""Few, so that text of any kind stays below the bound."""
_SHARES = {"slice": 11_000, "failures": 7_000, "exchanges": 8_000, "notes": 5_000}
_PACKAGES = (
    "fastapi",
    "sqlalchemy",
    "asyncpg",
    "alembic",
    "pydantic",
    "pydantic-settings",
    "httpx",
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with the template that it came from, and the hash of that."""

    template: str
    digest: str
    text: str


def system() -> str:
    return filled("system.md.j2")


def filled(name: str, **values: Any) -> str:
    """Return a template of prompts/ with its values."""
    return _environment().get_template(name).render(**values)


def digest(name: str) -> str:
    """Return the hash of a template of prompts/."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


def coding(session: SessionContext) -> Prompt:
    """Return the prompt of a coding session, below 12,000 tokens however large the project is."""
    background, features = session.background, session.background.features
    chosen = _fit((describe(one) for one in session.slice), _SHARES["slice"])
    passing = Counter(features[name].resource for name in features.passing)
    by_resource = ", ".join(f"{name} {count}" for name, count in passing.most_common(20))
    return _filled(
        "coding.md.j2",
        session,
        passing=len(features.passing),
        total=len(features),
        by_resource=by_resource[:1000],
        slice=chosen,
        left_out=len(session.slice) - len(chosen),
        attempt=background.attempt,
        failures=_fit(session.failures, _SHARES["failures"]),
        exchanges=_fit(_exchanges(session), _SHARES["exchanges"]),
        notes=_fit(reversed(background.notes), _SHARES["notes"])[::-1],
    )


def initializer(session: SessionContext) -> Prompt:
    installed = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    return _filled(
        "initializer.md.j2",
        session,
        python=platform.python_version(),
        packages=installed,
        operations=_fit(_operations(session), 14_000),
        entities=_fit((_entity(one) for one in session.model.entities), 14_000),
    )


def specification(session: SessionContext) -> Prompt:
    known = (f"{one.id}: {one.description}" for one in session.background.features)
    return _filled(
        "specification.md.j2",
        session,
        spec=session.background.spec[:14_000],
        known=_fit(known, 10_000),
        operations=_fit(_operations(session), 7_000),
    )


def _filled(name: str, session: SessionContext, **values: Any) -> Prompt:
    text = (
        _environment()
        .get_template(name)
        .render(
            title=session.model.title,
            folder=session.folder,
            mark=f"data-{secrets.token_hex(4)}",
            **values,
        )
    )
    most = MOST_TOKENS * _CHARACTERS_A_TOKEN
    return Prompt(name, digest(name), text[:most])


def _environment() -> Environment:
    return Environment(  # noqa: S701 - Markdown, not HTML
        loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, keep_trailing_newline=True
    )


def _fit(texts: Iterable[str], most: int) -> list[str]:
    """Return the first texts that fit into so many characters; a single long one is cut."""
    kept: list[str] = []
    for text in texts:
        room = most - sum(map(len, kept))
        if len(text) > room:
            return kept or [f"{text[:most]}…"]
        kept.append(text)
    return kept


def _exchanges(session: SessionContext) -> Iterable[str]:
    """Yield one exchange for each failing feature, for the first of them."""
    for feature in session.slice[:8]:
        for name in feature.acceptance.exchanges[:1]:
            one = traffic.named(session.background.recordings, name)
            if one is not None:
                yield traffic.shown(name, one, 1200)


def _operations(session: SessionContext) -> Iterable[str]:
    return (f"{one.method} {one.path}: {one.summary}" for one in session.model.operations)


def _entity(entity: Any) -> str:
    return f"{entity.name}: {', '.join(column.name for column in entity.columns)}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
