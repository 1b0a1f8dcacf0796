"""Money is counted message by message."""

import pytest

from harness.builders.claude.ledger import Ledger, price_of, prices


def test_every_message_is_told() -> None:
    told: list[tuple[int, float]] = []
    ledger = Ledger(lambda tokens, usd: told.append((tokens, usd)))
    ledger.started("claude-sonnet-9", {"input_tokens": 1_000_000, "output_tokens": 1})
    ledger.ended({"output_tokens": 100_000, "input_tokens": 0})
    ledger.started("claude-haiku-9", {"cache_read_input_tokens": 1_000_000})
    ledger.ended({"output_tokens": 10})
    ledger.ended(None)

    assert [tokens for tokens, _ in told] == [1_100_000, 1_000_010]
    assert [usd for _, usd in told] == pytest.approx([3 + 1.5, 0.1 + 0.00005])
    assert (ledger.tokens, ledger.usd) == (2_100_010, pytest.approx(4.60005))


def test_a_message_that_breaks_off_counts() -> None:
    ledger = Ledger(lambda *_: None)
    ledger.started("claude-opus-9", {"input_tokens": 1000, "output_tokens": 1})
    ledger.started("claude-opus-9", {"input_tokens": 2000, "output_tokens": 1})
    ledger.ended(None)
    assert ledger.tokens == 3002


def test_what_is_not_known_is_dear() -> None:
    assert price_of("another") == max(prices().values(), key=lambda one: one.output)
    assert price_of("claude-haiku-4-5").output < price_of("claude-opus-5").output
