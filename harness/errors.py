"""What can go wrong for a user, and the exit code that each kind ends with.

    UnderstudyError                 1  a bug, when nothing below fits
    ├── UsageError                  2  the command, its arguments or the project's files
    │   ├── ConfigError                understudy.toml
    │   └── TrafficError               a capture or recording that cannot be read
    ├── BudgetSpent                 3  a budget ended
    ├── Stuck                       4  no session makes progress any more
    └── SetupError                  5  no database, no sandbox, no git, no key, no disk space

Every message says what is wrong, where, and what to do next.
"""

from typing import ClassVar

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_BUDGET = 3
EXIT_STUCK = 4
EXIT_SETUP = 5


class UnderstudyError(Exception):
    """Trouble that is shown to the user as one message, without a traceback."""

    exit_code: ClassVar[int] = EXIT_BUG

    def __init__(self, problem: str, *, do: str = "") -> None:
        self.problem = problem
        self.do = do
        super().__init__(f"{problem}\n{do}" if do else problem)


class UsageError(UnderstudyError):
    exit_code = EXIT_USAGE


class ConfigError(UsageError):
    """understudy.toml cannot be used as it is."""


class TrafficError(UsageError):
    """A capture or recording cannot be read at all."""


class BudgetSpent(UnderstudyError):  # noqa: N818 - it is an end, not a mistake
    exit_code = EXIT_BUDGET


class Stuck(UnderstudyError):  # noqa: N818 - it is an end, not a mistake
    exit_code = EXIT_STUCK


class SetupError(UnderstudyError):
    """The machine lacks something."""

    exit_code = EXIT_SETUP
