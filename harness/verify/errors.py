"""What can go wrong while verifying, as opposed to what can differ.

VerifyError
├── DatabaseUnavailable   no PostgreSQL server, or it refuses what we ask of it
└── BackendFailed         the generated backend does not migrate, load its seed, or start

Every message says what to do next. Differences between backend and recording are no errors:
they are mismatches.
"""


class VerifyError(Exception):
    """Verification could not be carried out."""


class DatabaseUnavailable(VerifyError):  # noqa: N818 - it names a state, not a mistake
    """No PostgreSQL server can be used."""


class BackendFailed(VerifyError):  # noqa: N818 - it names an event
    """The backend could not be migrated, seeded or started."""
