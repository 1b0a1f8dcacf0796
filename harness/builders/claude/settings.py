"""What a claude session runs with: whose account, which models, how patient."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import SetupError

KEYS = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")
BASE_URL = "ANTHROPIC_BASE_URL"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key and where it is sent; neither is printed, stored or seen by what the agent runs."""

    variable: str
    secret: str = field(repr=False)
    base_url: str | None = None

    def environment(self) -> dict[str, str]:
        address = {BASE_URL: self.base_url} if self.base_url else {}
        return {self.variable: self.secret, **address}


def credentials(environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return what the environment holds; None without a key."""
    for name in KEYS:
        if secret := environment.get(name, "").strip():
            return Credentials(name, secret, environment.get(BASE_URL) or None)
    return None


def require_credentials(who: str, otherwise: str) -> Credentials:
    """Return what the environment holds; raise SetupError without a key."""
    key = credentials()
    if key is None:
        raise SetupError(
            f"{who} needs a key, and neither {' nor '.join(KEYS)} is set.",
            do=f"Set {KEYS[0]}, or {otherwise}",
        )
    return key


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Models by name (None is the CLI's default), and patience in seconds."""

    model: str | None = None
    first_model: str | None = None
    """For the first try of a slice; None is `model`."""
    fallback_model: str | None = None
    max_turns: int = 200
    session_s: float = 3600.0
    """Working time of a session; waiting for the API does not count."""
    model_silence_s: float = 240.0
    """Without a sign of the model, after which the turn is given up."""
    retries: int = 8
    """Of the CLI, for one call that the API does not answer."""
    pauses_s: tuple[float, ...] = (30.0, 120.0, 300.0)
    """Between tries of the harness, after the CLI has given up."""

    def chosen(self, attempt: int) -> str | None:
        """Return the model for a try, counted from 1."""
        return (self.first_model or self.model) if attempt == 1 else self.model
