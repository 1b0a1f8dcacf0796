"""A refusal: the one way in which a line, a path or a piece of code is turned down."""


class Refused(Exception):  # noqa: N818 - it is a verdict, not a mistake
    """What is not let through: by which rule, why, and what to do instead."""

    def __init__(self, rule: str, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.advice = rule, reason, advice


def shown(value: str) -> str:
    """Return a value as a refusal may name it: short, on one line."""
    return ascii(value[:40])[1:-1]
