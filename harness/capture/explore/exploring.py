"""Explore within a capture."""

import os
import secrets

from harness.capture.explore.explorer import Explorer
from harness.capture.explore.values import Credentials, Values
from harness.capture.session import Session
from harness.errors import UsageError
from harness.traffic.scope import Scope

PASSWORD_VARIABLE = "UNDERSTUDY_PASSWORD"  # noqa: S105 - the name of a variable


def given_credentials(login: str | None) -> Credentials | None:
    """Return who is to log in, with the password from the environment; None when nobody is."""
    if login is None:
        return None
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise UsageError(
            f"--login needs the password in {PASSWORD_VARIABLE}.",
            do=f"Set it for this command: {PASSWORD_VARIABLE}=… understudy capture …",
        )
    return Credentials(name=login, email=login, password=password, given=True)


async def explore(session: Session, credentials: Credentials | None = None) -> int:
    """Explore in the session's first window; return how many calls were found."""
    assert session.browser is not None  # noqa: S101 - exploring goes with a browser
    marker = f"us{secrets.token_hex(3)}"
    made_up = Credentials(marker, f"{marker}@example.com", f"Pw-{secrets.token_hex(6)}1")
    plan = session.wishes.plan
    scope = Scope(plan.hosts, plan.extra_hosts, plan.denied_hosts)
    page = session.browser.windows[0].pages[0]
    explorer = Explorer(
        page,
        session.wishes.url or page.url,
        Values(marker, credentials or made_up),
        lambda host: scope.host_verdict(host) is None,
    )
    await explorer.run()
    return len(explorer.endpoints)
