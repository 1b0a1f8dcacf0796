"""What can go wrong while verifying, as opposed to what can differ.

    SetupError
    └── DatabaseUnavailable   no PostgreSQL server, or it refuses what we ask of it
    UnderstudyError
    └── BackendFailed         the generated backend does not migrate, load its seed, or start

Differences between backend and recording are no errors: they are mismatches.
"""

from harness.errors import SetupError, UnderstudyError


class DatabaseUnavailable(SetupError):  # noqa: N818 - it names a state, not a mistake
    """No PostgreSQL server can be used."""


class BackendFailed(UnderstudyError):  # noqa: N818 - it names an event
    """The backend could not be migrated, seeded or started."""
