"""The sequences of a backend's database, from which the ids of new rows come."""

import asyncio

_MOVE = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
              coalesce(last_value, start_value - 1) + $1)
FROM pg_sequences
WHERE increment_by > 0 AND coalesce(last_value, 0) + 2 * $1 <= max_value
"""


def move_sequences(url: str, offset: int) -> None:
    """Move every sequence on by an offset, as if so many rows had been there before."""
    asyncio.run(_move(url, offset))


async def _move(url: str, offset: int) -> None:
    import asyncpg  # noqa: PLC0415 - only those who talk to a server pay for it

    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("SET search_path = pg_catalog")
        await connection.fetch(_MOVE, offset)
    finally:
        await connection.close()
