"""Count the statements behind a page of 1 row and behind one of 20, inside a generated backend.

Started by generated_backend.py in the folder of a backend, with `DATABASE_URL` set. The argument
is a JSON list of [path, name of the factory of its rows]. Printed is a JSON object: the headers
of somebody who is signed in, and for every path statements and rows shown of both pages.
"""

import asyncio
import json
import sys
from typing import Any

from app.main import create_app
from app.settings import settings
from httpx import ASGITransport, AsyncClient
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests import factories

PAGES = (1, 20)


async def main(lists: list[tuple[str, str]]) -> None:
    engine = create_async_engine(settings.database_url)
    statements: list[str] = []
    event.listen(
        engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    app = create_app()
    app.state.sessions = sessions = async_sessionmaker(engine, expire_on_commit=False)
    found: dict[str, Any] = {"headers": {}, "lists": {}}
    async with sessions() as session:
        if hasattr(factories, "sign_in"):
            user = await factories.make_user(session)
            found["headers"] = await factories.sign_in(session, user)
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            made: dict[str, int] = {}
            for wanted in PAGES:
                for _, factory in lists:
                    while made.get(factory, 0) < wanted:
                        await getattr(factories, factory)(session)
                        made[factory] = made.get(factory, 0) + 1
                for path, _ in lists:
                    statements.clear()
                    answer = await client.get(path, headers=found["headers"])
                    answer.raise_for_status()
                    shown = [len(statements), longest(answer.json())]
                    found["lists"].setdefault(path, []).append(shown)
    await engine.dispose()
    sys.stdout.write(json.dumps(found))


def longest(document: Any) -> int:
    """Return the length of the longest list in a document's first two levels."""
    parts = document.values() if isinstance(document, dict) else [document]
    return max((len(part) for part in parts if isinstance(part, list)), default=0)


if __name__ == "__main__":
    asyncio.run(main([tuple(pair) for pair in json.loads(sys.argv[1])]))
