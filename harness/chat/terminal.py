"""What the person reads: the model's words on stdout, what it does and what we say on stderr."""

import sys
from collections.abc import Callable

_MOST = 200


def say(text: str) -> None:
    sys.stderr.write(f"{plain(text)}\n")
    sys.stderr.flush()


def speak(text: str) -> None:
    sys.stdout.write(f"{plain(text)}\n")
    sys.stdout.flush()


def told(line: str) -> None:
    """Show in a line what the model does."""
    short = " ".join(line.split())
    say(f"  {short if len(short) <= _MOST else f'{short[:_MOST]}…'}")


def waited(noted: Callable[[float, str], None]) -> Callable[[float, str], None]:
    """Return what shows waiting and lets it be noted."""

    def wait(seconds: float, why: str) -> None:
        say(f"  waiting {seconds:.0f} s: {why}")
        noted(seconds, why)

    return wait


def plain(text: str) -> str:
    """Return text without what would steer a terminal."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t")
