"""What a conversation used, message by message, in tokens and US dollars."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_MILLION = 1_000_000
_COUNTED = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens of each kind."""

    input: float
    output: float
    cache_read: float
    cache_write: float

    def of(self, counts: Mapping[str, int]) -> float:
        return sum(float(getattr(self, kind)) * n for kind, n in counts.items()) / _MILLION


@cache
def prices() -> dict[str, Price]:
    text = Path(__file__).with_name("prices.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["models"], dict[str, Price])


def price_of(model: str) -> Price:
    known = [name for name in prices() if model.startswith(name)]
    if known:
        return prices()[max(known, key=len)]
    return max(prices().values(), key=lambda one: one.output)


@dataclass(slots=True)
class Ledger:
    """Adds up usage; `told` gets what each message used, as tokens and dollars."""

    told: Callable[[int, float], None]
    tokens: int = 0
    usd: float = 0.0
    _model: str = ""
    _open: dict[str, int] = field(default_factory=dict)

    def started(self, model: str, usage: Mapping[str, Any]) -> None:
        """A message of the model begins; its input is known."""
        self.ended(None)
        self._model, self._open = model, _counts(usage)

    def ended(self, usage: Mapping[str, Any] | None) -> None:
        """The message is complete, or will never be; its output is what was told last."""
        if usage:
            self._open |= {kind: n for kind, n in _counts(usage).items() if n}
        if self._open:
            self._book(sum(self._open.values()), price_of(self._model).of(self._open))
        self._open = {}

    def settle(self, usd: float) -> None:
        """Book the difference to what the CLI counted for all of the conversation."""
        self.ended(None)
        if abs(usd - self.usd) > 1 / _MILLION:
            self._book(0, usd - self.usd)

    def _book(self, tokens: int, usd: float) -> None:
        self.tokens += tokens
        self.usd += usd
        self.told(tokens, usd)


def _counts(usage: Mapping[str, Any]) -> dict[str, int]:
    return {kind: int(usage.get(name) or 0) for kind, name in _COUNTED.items()}
