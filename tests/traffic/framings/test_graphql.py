"""GraphQL documents, read as operations."""

import json
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response
from harness.traffic.framings.framing import text_of
from harness.traffic.framings.translate import translate
from harness.traffic.framings.translation import Note
from tests.traffic.framings.conversations import JSON_TYPE

Asked = tuple[str, dict[str, Any], Any]
Told = tuple[str, str, str, Any, int, Any]


def posted(*asked: Asked) -> list[Exchange]:
    """Documents with their variables and what came back, over HTTP."""
    found = []
    for seq, (query, variables, told) in enumerate(asked, start=1):
        body = text_of({"query": query, "variables": variables}).encode()
        request = Request("POST", "http", "app.test", "/graphql", "", JSON_TYPE, body)
        response = Response(200, JSON_TYPE, text_of(told).encode())
        found.append(Exchange(seq, request, response, 100.0 + seq * 5))
    return found


def read(*asked: Asked) -> tuple[list[Told], list[Note]]:
    exchanges = posted(*asked)
    translation = translate(exchanges)
    found = []
    for each in translation.apply(exchanges):
        request, response = each.request, each.response
        assert response is not None
        answer = None if not response.body else said_in(response)
        body = None if not request.body else said_in(request)
        found.append((request.method, request.path, request.query, body, response.status, answer))
    return found, translation.notes


def said_in(message: Request | Response) -> Any:
    return json.loads(message.body)


def only(query: str, told: Any, **variables: Any) -> Told:
    (found,), _ = read((query, variables, told))
    return found


def test_arguments_are_literals_variables_and_defaults() -> None:
    query = """query ($d: Boolean = true, $p: Int) {
        tasks(filter: {done: $d, by: ANN}, page: $p) { id }
    }"""
    assert only(query, {"data": {"tasks": []}})[:3] == ("GET", "/tasks", "done=true&by=ANN")
    assert only(query, {"data": {"tasks": []}}, d=False, p=2)[2] == "done=false&by=ANN&page=2"


def test_mutations_are_writes_by_their_verbs() -> None:
    row = {"id": "7", "title": "Milk"}
    create = "mutation ($i: NewPost!) { createPost(input: $i) { id title } }"
    assert only(create, {"data": {"createPost": row}}, i={"title": "Milk"}) == (
        "POST", "/posts", "", {"title": "Milk"}, 201, row,
    )  # fmt: skip
    update = 'mutation { updatePost(where: {id: "7"}, data: {title: "Milk"}) { id title } }'
    assert only(update, {"data": {"updatePost": row}})[:4] == (
        "PATCH", "/posts/7", "", {"title": "Milk"},
    )  # fmt: skip
    delete = 'mutation { deletePost(id: "7") }'
    assert only(delete, {"data": {"deletePost": True}}) == (
        "DELETE", "/posts/7", "", None, 204, None,
    )  # fmt: skip
    assert only("{ post(id: 7) { id } }", {"data": {"post": None}}) == (
        "GET", "/posts/7", "", None, 404, None,
    )  # fmt: skip


def test_codes_of_errors_are_statuses() -> None:
    def status(message: str, **extensions: Any) -> int:
        error = {"message": message, "path": ["me"], "extensions": extensions}
        return only("{ me { id } }", {"data": None, "errors": [error]})[4]

    assert status("Log in first", code="UNAUTHENTICATED") == 401
    assert status("No", code="NOT_FOUND") == 404
    assert status("Title is required", code="BAD_USER_INPUT") == 400
    assert status("Task not found", code="INTERNAL_SERVER_ERROR") == 404
    assert status("Oops", code="INTERNAL_SERVER_ERROR") == 500
    assert status("Oops", http={"status": 429}) == 429


def test_an_action_on_a_kind_of_thing_that_others_write_is_one_on_the_row() -> None:
    made = {"id": "7", "done": False}
    found, _ = read(
        ("mutation { createTask { id done } }", {}, {"data": {"createTask": made}}),
        ('mutation { completeTask(id: "7") { id } }', {}, {"data": {"completeTask": {"id": "7"}}}),
        ('mutation { logIn(name: "ann") { ok } }', {}, {"data": {"logIn": {"ok": True}}}),
    )
    assert [each[:2] for each in found] == [
        ("POST", "/tasks"),
        ("POST", "/tasks/7/complete"),
        ("POST", "/log-in"),
    ]


def test_several_root_fields_are_several_operations() -> None:
    query = "{ me { name } all: tasks { id } __schema { types { name } } }"
    answer = {"me": {"name": "Ann"}, "all": [{"id": "7"}], "__schema": {"types": []}}
    found, notes = read((query, {}, {"data": answer}))
    assert [(each[1], each[5]) for each in found] == [
        ("/me", {"name": "Ann"}),
        ("/tasks", [{"id": "7"}]),
    ]
    assert not notes


def test_rows_are_filled_from_other_answers_until_somebody_changes_them() -> None:
    whole = {"id": "7", "title": "Milk", "done": False}
    changed = {"id": "7", "title": "Oat milk"}
    query = "{ tasks { id title done } }"
    found, _ = read(
        (query, {}, {"data": {"tasks": [whole]}}),
        ("{ tasks { id } }", {}, {"data": {"tasks": [{"id": "7"}]}}),
        (
            'mutation { updateTask(id: "7", title: "Oat milk") { id title } }',
            {},
            {"data": {"updateTask": changed}},
        ),
        ('{ task(id: "7") { title } }', {}, {"data": {"task": {"title": "Oat milk"}}}),
    )
    assert found[1][5] == [whole]
    assert found[2][5] == changed
    assert found[3][5] == changed


def test_documents_that_say_nothing_are_noted() -> None:
    refused = {"errors": [{"message": 'Cannot query field "nope" on type "Query".'}]}
    found, notes = read(("{ nope }", {}, refused), ("{ broken", {}, refused))
    assert not found
    assert len(notes) == 2
    assert {each.level for each in notes} == {"warning"}
