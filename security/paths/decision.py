"""What is asked of a path, and what is answered."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Access(Enum):
    """READ and WRITE want a file, there or (to write) not yet; LIST a folder or one file in it."""

    READ = "read"
    WRITE = "write"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class PathDecision:
    """What was decided, by which rule, why, what to do instead, and which real path is meant."""

    allowed: bool
    rule: str
    reason: str
    advice: str = ""
    real: Path | None = None
    """The path that the tool should use; None where it is refused."""

    @property
    def line(self) -> str:
        """The decision in one line."""
        return f"{self.reason}; {self.advice}" if self.advice else self.reason


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found, by its path below the folder's root; a folder ends in a slash."""

    paths: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """What is there and not to be read: secrets, git's own, links, odd names."""
    complete: bool = True
    """Whether everything was looked at."""
