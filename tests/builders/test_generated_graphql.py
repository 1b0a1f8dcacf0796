"""GraphQL of generated backends over HTTP, on real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.builders.offline import generate
from harness.inference.infer import infer
from harness.verify.backend import BackendProcess, migrate
from harness.verify.postgres import PostgresServer
from tests.builders.conftest import checked, write
from tests.traffic.framings import conversations
from tests.traffic.framings.test_recordings import written


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    model = infer([written(folder / "talk.traffic.db", conversations.graphql())])
    return write(folder / "backend", generate(model))


@pytest.fixture(scope="module")
def client(backend: Path, postgres: PostgresServer) -> Iterator[httpx.Client]:
    postgres.create_database("documents")
    migrate(backend, postgres.url("documents"))
    with BackendProcess(backend, postgres.url("documents")) as process:
        process.wait_ready()
        with httpx.Client(base_url=process.base_url) as client:
            yield client


def ask(client: httpx.Client, query: str, **variables: Any) -> Any:
    return client.post("/graphql", json={"query": query, "variables": variables}).json()


def test_the_recorded_documents_are_answered_as_they_were(client: httpx.Client) -> None:
    keys: dict[str, str] = {}
    for step in conversations.steps():
        asked, told = conversations.document(step)
        for seen, given in keys.items():
            asked, told = _bound((asked, told), seen, given)
        answer = client.post("/graphql", json=asked).json()
        if step.verb == "create":
            keys[step.answer["id"]] = answer["data"]["made"]["key"]
            told = _bound(told, step.answer["id"], answer["data"]["made"]["key"])
        assert answer == told


def _bound(value: Any, seen: str, given: str) -> Any:
    if isinstance(value, dict):
        return {name: _bound(each, seen, given) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_bound(each, seen, given) for each in value]
    return given if value == seen else value


def test_fields_are_told_as_they_are_selected(client: httpx.Client) -> None:
    made = ask(client, 'mutation { createNote(input: {title: "A", done: false}) { id } }')
    key = made["data"]["createNote"]["id"]
    query = """query ($id: ID!, $more: Boolean = false) {
        one: note(id: $id) { name: title __typename ...Rest @include(if: $more) }
        two: note(id: $id) { done }
    } fragment Rest on Note { id }"""
    plain = {"one": {"name": "A", "__typename": "Note"}, "two": {"done": False}}
    assert ask(client, query, id=key) == {"data": plain}
    whole = {**plain, "one": {**plain["one"], "id": key}}
    assert ask(client, query, id=key, more=True) == {"data": whole}
    assert client.get("/graphql", params={"query": "{ __typename }"}).json() == {
        "data": {"__typename": "Query"}
    }


def test_documents_that_cannot_be_executed_are_refused(client: httpx.Client) -> None:
    for query, code in (
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ notes", "GRAPHQL_PARSE_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
    ):
        answer = client.post("/graphql", json={"query": query})
        assert answer.status_code == 400
        assert [each["extensions"]["code"] for each in answer.json()["errors"]] == [code]
    assert client.post("/graphql", content=b"{").status_code == 400
    assert client.get("/graphql", params={"query": "mutation { a }"}).status_code == 405


def test_only_what_is_needed_is_generated(backend: Path) -> None:
    assert (backend / "app/graphql.py").is_file()
    assert not (backend / "app/sockets.py").exists()
    assert "graphql-core" in (backend / "pyproject.toml").read_text()
    checked(backend)
