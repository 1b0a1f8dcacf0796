"""What a run may use up, and what it has used up so far."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from harness.sessions.events import (
    FeatureFlipped,
    RunEnded,
    RunStarted,
    SessionEnded,
    SessionStarted,
    Spent,
    Waited,
)
from harness.sessions.journal import Entry


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of a run; None is unlimited. Times are in seconds."""

    sessions: int | None = None
    features: int | None = None
    wall_s: float | None = None
    working_s: float | None = None
    tokens: int | None = None
    usd: float | None = None
    turns: int | None = None
    session_tokens: int | None = None
    session_usd: float | None = None

    def given(self) -> dict[str, float]:
        return {
            item.name: float(value)
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }

    @classmethod
    def of(cls, given: dict[str, float]) -> "Limits":
        whole = ("sessions", "features", "tokens", "turns", "session_tokens")
        return cls(**{key: int(value) if key in whole else value for key, value in given.items()})  # type: ignore[arg-type]


@dataclass(slots=True)
class Usage:
    """What a run has used up, over all its processes. Only coding sessions count as sessions."""

    sessions: int = 0
    features: int = 0
    wall_s: float = 0.0
    working_s: float = 0.0
    tokens: int = 0
    usd: float = 0.0
    turns: int = 0
    """Messages of a model."""
    longest_session_s: float = 0.0
    dearest_session_usd: float = 0.0
    hungriest_session_tokens: int = 0


_WORDS = {
    "sessions": "sessions",
    "features": "new features",
    "wall_s": "seconds of wall time",
    "working_s": "seconds of working time",
    "tokens": "tokens",
    "usd": "US dollars",
    "turns": "turns of a model",
}


def used(entries: Iterable[Entry], run: str, now: float | None = None) -> Usage:
    """Add up what a run used: wall time is that of its living processes, not the pauses between."""
    usage, started, last = Usage(), None, None
    for entry in entries:
        if entry.run != run:
            continue
        match entry.event:
            case RunStarted():
                usage.wall_s += _span(started, last)
                started = entry.at
            case RunEnded():
                usage.wall_s += _span(started, entry.at)
                started = None
            case SessionStarted(kind="coding"):
                usage.sessions += 1
            case SessionEnded(seconds=seconds, tokens=tokens, usd=usd):
                usage.longest_session_s = max(usage.longest_session_s, seconds)
                usage.hungriest_session_tokens = max(usage.hungriest_session_tokens, tokens)
                usage.dearest_session_usd = max(usage.dearest_session_usd, usd)
            case Spent(tokens=tokens, usd=usd):
                usage.tokens += tokens
                usage.usd += usd
                usage.turns += bool(tokens)
            case FeatureFlipped(passes=passes):
                usage.features += 1 if passes else -1
            case Waited(seconds=seconds):
                usage.working_s -= seconds
            case _:
                pass
        last = entry.at
    usage.wall_s += _span(started, now if now is not None else last)
    usage.working_s += usage.wall_s
    return usage


def spent(entries: Iterable[Entry], session: int) -> tuple[int, float]:
    """Return the tokens and US dollars of one session."""
    found = [e.event for e in entries if e.session == session and isinstance(e.event, Spent)]
    return sum(item.tokens for item in found), sum(item.usd for item in found)


def _span(start: float | None, end: float | None) -> float:
    return 0.0 if start is None or end is None else max(0.0, end - start)


def over_budget(limits: Limits, usage: Usage) -> str | None:
    """Say which limit does not allow another session: it is reached, or too little is left."""
    for name, words in _WORDS.items():
        limit, spent = getattr(limits, name), getattr(usage, name)
        if limit is not None and spent >= limit:
            return f"{_number(spent)} of {_number(limit)} {words} are used"
    needs = (
        ("wall_s", usage.longest_session_s),
        ("working_s", usage.longest_session_s),
        ("tokens", usage.hungriest_session_tokens),
        ("usd", usage.dearest_session_usd),
    )
    for name, need in needs:
        limit = getattr(limits, name)
        left = None if limit is None else limit - getattr(usage, name)
        if left is not None and left < need:
            return (
                f"{_number(left)} {_WORDS[name]} are left, "
                f"and the longest session so far took {_number(need)}"
            )
    return None


@dataclass(frozen=True, slots=True)
class Means:
    """What a session may use; None is unlimited."""

    tokens: int | None = None
    usd: float | None = None
    turns: int | None = None


def allowance(limits: Limits, usage: Usage) -> Means:
    """Return what the next session may use."""
    left_tokens = None if limits.tokens is None else limits.tokens - usage.tokens
    left_usd = None if limits.usd is None else limits.usd - usage.usd
    tokens = [item for item in (limits.session_tokens, left_tokens) if item is not None]
    usd = [item for item in (limits.session_usd, left_usd) if item is not None]
    left_turns = None if limits.turns is None else limits.turns - usage.turns
    return Means(min(tokens, default=None), min(usd, default=None), left_turns)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
