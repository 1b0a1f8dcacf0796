import asyncio
import json
from pathlib import Path

import asyncpg

from harness.verify.client import Client
from harness.verify.postgres import PostgresServer
from harness.verify.sequences import move_sequences
from harness.verify.stage import staged
from harness.verify.verify import migrated_template
from tests.verify.test_replay import SEED

JSON = (("Content-Type", "application/json"),)


def test_new_rows_get_other_ids(postgres: PostgresServer, notes: Path) -> None:
    template = migrated_template(notes, postgres)
    body = json.dumps({"email": "ada@x.test", "password": "x"}).encode()
    with staged(notes, postgres, template, seed=SEED, id_offset=5000) as backend:
        backend.wait_ready()
        with Client(backend.base_url) as client:
            answer = client.send("POST", "/users", JSON, body)
    assert json.loads(answer.body)["user"]["id"] == 5002


def test_a_sequence_moves_where_there_is_room(postgres: PostgresServer) -> None:
    postgres.create_database("moved")
    url = postgres.url("moved", "postgresql")

    async def next_values(*statements: str) -> list[int]:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        names = ("small", '"In Use"', "fresh")
        values = [await connection.fetchval("SELECT nextval($1)", name) for name in names]
        await connection.close()
        return values

    made = [f"CREATE SEQUENCE {name}" for name in ("small AS smallint", '"In Use"', "fresh")]
    assert asyncio.run(next_values(*made)) == [1, 1, 1]
    asyncio.run(next_values("ALTER SEQUENCE fresh RESTART"))
    move_sequences(url, 20000)
    assert asyncio.run(next_values()) == [3, 20003, 20002]
