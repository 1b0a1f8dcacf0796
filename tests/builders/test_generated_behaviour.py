"""What the generated backend answers, over HTTP and on real PostgreSQL."""

from typing import Any

import httpx
import pytest

from tests.builders.conftest import account

pytestmark = pytest.mark.e2e
Headers = dict[str, str]


def write_note(client: httpx.Client, headers: Headers, title: str, **more: Any) -> dict[str, Any]:
    response = client.post("/api/notes", json={"note": {"title": title, **more}}, headers=headers)
    assert response.status_code == 201, response.text
    note: dict[str, Any] = response.json()["note"]
    return note


def test_a_session_that_was_open_before_is_valid(client: httpx.Client, wilma: Headers) -> None:
    assert client.get("/api/user", headers=wilma).json()["user"]["username"] == "wilma"


def test_seeded_users_log_in_with_their_passwords(client: httpx.Client) -> None:
    right = {"email": "wilma@example.com", "password": "Quiet-Rain-11"}
    answer = client.post("/api/users/login", json={"user": right})
    assert answer.status_code == 200
    token = answer.json()["user"]["token"]
    assert client.get("/api/user", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("email", ["wilma@example.com", "nobody@example.com"])
def test_wrong_credentials_are_answered_alike(client: httpx.Client, email: str) -> None:
    answer = client.post("/api/users/login", json={"user": {"email": email, "password": "wrong"}})
    assert (answer.status_code, answer.json()) == (401, {"errors": {"credentials": ["are wrong"]}})


def test_logging_out_ends_the_session(client: httpx.Client, newcomer: Headers) -> None:
    answer = client.post("/api/users/logout", headers=newcomer)
    assert (answer.status_code, answer.headers["content-type"]) == (204, "text/html; charset=utf-8")
    after = client.get("/api/user", headers=newcomer)
    assert (after.status_code, after.json()) == (401, {"errors": {"token": ["is invalid"]}})


def test_errors_of_all_fields_are_merged(client: httpx.Client) -> None:
    body = {"user": {"username": "", "email": "bo", "password": "short"}}
    assert client.post("/api/users", json=body).json() == {
        "errors": {
            "username": ["can't be empty"],
            "email": ["is no address"],
            "password": ["is too short"],
        }
    }


@pytest.mark.parametrize(
    ("content", "status", "body"),
    [
        (b"{nope", 400, {"message": "Malformed JSON"}),
        (b'{"user": "\\ud800"}', 400, {"message": "Malformed JSON"}),
        (b"", 422, {"errors": {"user": ["is required"]}}),
        (b"{}", 422, {"errors": {"user": ["is required"]}}),
        (b'{"user": []}', 422, {"errors": {"user": ["must be an object"]}}),
        (b"[]", 422, {"errors": {"user": ["is required"]}}),
    ],
)
def test_bodies_that_cannot_be_read(
    client: httpx.Client, content: bytes, status: int, body: Any
) -> None:
    answer = client.post("/api/users", content=content)
    assert (answer.status_code, answer.json()) == (status, body)


def test_taken_values_are_refused(client: httpx.Client, wilma: Headers) -> None:
    answer = client.post("/api/users", json={"user": account(username="wilma")})
    assert (answer.status_code, answer.json()) == (409, {"errors": {"username": ["is taken"]}})
    own = client.put("/api/user", json={"user": {"username": "wilma"}}, headers=wilma)
    assert own.status_code == 200


def test_a_race_for_a_unique_value_has_the_same_error(
    client: httpx.Client, newcomer: Headers
) -> None:
    """No check of the model guards the e-mail here: only the constraint does."""
    body = {"user": {"email": "wilma@example.com"}}
    answer = client.put("/api/user", json=body, headers=newcomer)
    assert (answer.status_code, answer.json()) == (409, {"errors": {"email": ["is taken"]}})


def test_inputs_are_normalised(client: httpx.Client) -> None:
    found = client.post("/api/users", json={"user": account(email="Max@EXAMPLE.com")}).json()
    assert found["user"]["email"] == "Max@example.com"


def test_a_note_is_shown_as_the_view_says(client: httpx.Client, newcomer: Headers) -> None:
    note = write_note(client, newcomer, "Über café", tagList=["b", "a", "b"], dueOn="2026-01-02")
    assert note["slug"] == "uber-cafe"
    assert note["tagList"] == ["a", "b"]
    assert note["dueOn"] == "2026-01-02"
    assert note["createdAt"] == note["updatedAt"]
    assert note["createdAt"].endswith("Z")
    assert len(note["createdAt"]) == len("2026-11-21T08:00:00.000Z")
    assert "rating" not in note
    assert note["meta"]["version"] == 1
    again = write_note(client, newcomer, "Über café")
    assert again["slug"].startswith("uber-cafe-")
    assert len(again["slug"]) == len("uber-cafe-") + 6


def test_origin_and_location_follow_the_host(client: httpx.Client, newcomer: Headers) -> None:
    headers = {**newcomer, "Host": "notes.example"}
    answer = client.post("/api/notes", json={"note": {"title": "Elsewhere"}}, headers=headers)
    assert answer.headers["location"] == "http://notes.example/api/notes/elsewhere"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_checks_come_in_the_order_of_the_model(client: httpx.Client, newcomer: Headers) -> None:
    bad = {"note": {"title": ""}}
    assert client.put("/api/notes/garden-plans", json=bad).status_code == 401
    assert client.put("/api/notes/none", content=b"{", headers=newcomer).status_code == 400
    assert client.put("/api/notes/none", json=bad, headers=newcomer).status_code == 404
    assert client.put("/api/notes/garden-plans", json=bad, headers=newcomer).status_code == 403
    own = write_note(client, newcomer, "Mine to change")
    assert client.put(f"/api/notes/{own['slug']}", json=bad, headers=newcomer).status_code == 422


def test_a_change_touches_only_what_was_sent(client: httpx.Client, newcomer: Headers) -> None:
    before = write_note(client, newcomer, "Before", body="kept", rating=3)
    body = {"note": {"title": "After"}}
    after = client.put(f"/api/notes/{before['slug']}", json=body, headers=newcomer).json()["note"]
    assert (after["title"], after["slug"], after["body"]) == ("After", "after", "kept")
    assert after["rating"] == 3
    assert after["createdAt"] == before["createdAt"]
    assert after["updatedAt"] > before["updatedAt"]
    assert client.get(f"/api/notes/{before['slug']}").status_code == 404


def test_likes_and_follows_are_seen_by_who_made_them(
    client: httpx.Client, newcomer: Headers, wilma: Headers
) -> None:
    note = write_note(client, wilma, "Likeable")
    path = f"/api/notes/{note['slug']}"
    for _ in range(2):
        shown = client.post(f"{path}/like", headers=newcomer).json()["note"]
    assert (shown["liked"], shown["likesCount"]) == (True, 1)
    seen = client.get(path).json()["note"]
    assert (seen["liked"], seen["likesCount"]) == (False, 1)
    assert client.post("/api/profiles/wilma/follow", headers=newcomer).status_code == 200
    again = client.post("/api/profiles/wilma/follow", headers=newcomer)
    assert (again.status_code, again.text) == (409, "null")
    feed = client.get("/api/notes/feed", headers=newcomer).json()
    assert {item["author"]["username"] for item in feed["notes"]} == {"wilma"}
    assert all(item["author"]["following"] for item in feed["notes"])
    assert client.delete(f"{path}/like", headers=newcomer).json()["note"]["likesCount"] == 0


def test_filters_and_pages(client: httpx.Client, newcomer: Headers) -> None:
    titles = ["Paging one", "Paging two", "Paging three"]
    notes = [write_note(client, newcomer, title, tagList=["paging"], rating=5) for title in titles]
    everything = client.get("/api/notes", params={"tag": "paging"}).json()
    assert [item["slug"] for item in everything["notes"]] == [n["slug"] for n in reversed(notes)]
    page = client.get("/api/notes", params={"tag": "paging", "limit": 1, "offset": 1}).json()
    assert (page["notesCount"], [n["title"] for n in page["notes"]]) == (3, ["Paging two"])
    by_title = client.get("/api/notes", params={"tag": "paging", "sort": "title"}).json()["notes"]
    assert [item["title"] for item in by_title] == sorted(titles)
    found = client.get("/api/notes", params={"q": "paging TWO"}).json()["notes"]
    assert [item["title"] for item in found] == ["Paging two"]
    assert client.get("/api/notes", params={"rating": "many"}).json()["notes"] == []
    assert client.get("/api/notes", params={"liked_by": "nobody"}).json()["notesCount"] == 0
    author = notes[0]["author"]["username"]
    assert client.get("/api/notes", params={"author": author}).json()["notesCount"] == 3


@pytest.mark.parametrize(
    "query", ["tag=%00", "offset=99999999999999999999", "limit=-1", "rating=9" * 30, "q=%ff%fe"]
)
def test_odd_parameters_are_no_server_errors(client: httpx.Client, query: str) -> None:
    assert client.get(f"/api/notes?{query}").status_code < 500


def test_malformed_parameters_are_refused(client: httpx.Client) -> None:
    answer = client.get("/api/notes", params={"limit": "x"})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"limit": ["is no number"]}})


def test_children_are_found_within_their_parent(
    client: httpx.Client, newcomer: Headers, wilma: Headers
) -> None:
    path = f"/api/notes/{write_note(client, wilma, 'Discussed')['slug']}/comments"
    first, second = (
        client.post(path, json={"comment": {"body": body}}, headers=newcomer).json()["comment"]
        for body in ("first", "second")
    )
    shown = client.get(path).json()["comments"]
    assert [item["id"] for item in shown] == [second["id"], first["id"]]
    full = client.get(path.replace("/comments", "/full")).json()
    assert [item["body"] for item in full["comments"]] == ["first", "second"]
    other = path.replace("discussed", "garden-plans")
    answers = [
        client.delete(f"{path}/abc", headers=newcomer),
        client.delete(f"{other}/{first['id']}", headers=newcomer),
        client.delete(f"{path}/{first['id']}", headers=wilma),
        client.delete(f"{path}/{first['id']}", headers=newcomer),
        client.delete(f"{path}/{first['id']}", headers=newcomer),
    ]
    assert [answer.status_code for answer in answers] == [422, 404, 403, 204, 404]
    assert "content-type" not in answers[3].headers


def test_words_are_collected_in_order_of_use(client: httpx.Client, newcomer: Headers) -> None:
    write_note(client, newcomer, "Tagged", tagList=["zebra", "apple"])
    tags = client.get("/api/tags").json()["tags"]
    assert tags[0] == "garden"
    assert tags.index("apple") < tags.index("zebra")


def test_texts_and_templates(client: httpx.Client) -> None:
    missing = client.get("/api/notebooks/abc")
    assert (missing.status_code, missing.text) == (404, "No notebook abc here")
    assert missing.headers["content-type"] == "text/plain; charset=utf-8"
    made = client.post("/api/notebooks", json={"name": " Trips "}).json()
    assert made["name"] == "Trips"
    assert made["url"].endswith(f"/api/notebooks/{made['id']}")
    assert made["url"].startswith(str(client.base_url).rstrip("/"))
    assert client.delete("/api/notebooks").json() == []
    assert client.get("/api/notebooks").json() == []
    health = client.get("/api/health")
    assert (health.text, health.headers["content-type"]) == ("well", "text/plain")


def test_what_is_no_operation(client: httpx.Client) -> None:
    unknown = client.get("/api/unknown")
    assert (unknown.status_code, unknown.text) == (404, "<h1>Nothing here</h1>")
    wrong = client.patch("/api/user")
    assert (wrong.status_code, wrong.text) == (405, "Cannot PATCH /api/user")
    assert wrong.headers["allow"] == "GET, PUT"
    assert client.head("/api/tags").status_code == 405
