"""Errors: SandboxError -> SandboxUnavailable (none can be had), SandboxDied (this one is gone)."""


class SandboxError(Exception):
    """What is wrong with the sandbox, and what to do about it."""


class SandboxUnavailable(SandboxError):  # noqa: N818 - says what is the case
    """No sandbox can be had here, and nothing is run without one."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class SandboxDied(SandboxError):  # noqa: N818
    """The sandbox has ended, with all that ran in it; open a new one."""
