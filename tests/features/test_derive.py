import json
from typing import Any

from harness.features.derive import derive
from harness.features.feature import Feature
from harness.inference.model import ApiModel
from harness.testing import exchange, model, operation

NOTES = model(
    operation("register", "POST", "/users", "users", "register"),
    operation(
        "create_note",
        "POST",
        "/notes",
        "notes",
        "create",
        auth="required",
        request={
            "fields": [
                {"name": "title", "type": "string", "rules": [
                    {"kind": "required", "body": {"kind": "const"}, "evidence": ["rec#4"]},
                ]},
                {"name": "tags", "type": "strings"},
            ]
        },
        checks=[
            {"when": {"kind": "unauthenticated"}, "evidence": ["rec#5"]},
            {"when": {"kind": "invalid_body"}, "evidence": ["rec#4"]},
        ],
    ),
    operation(
        "list_notes", "GET", "/notes", "notes", "list", auth="optional", query={"entity": "note"}
    ),
    operation("read_note", "GET", "/notes/{id}", "notes", "read"),
    operation("latest_note", "GET", "/notes/latest", "notes", "read"),
    operation("star", "POST", "/notes/{id}/star", "notes", "link"),
)  # fmt: skip
TOKEN = {"Authorization": "Bearer one"}
FULL = {"title": "a", "tags": ["x"]}


def story() -> list[Any]:
    return [
        exchange(1, "POST", "/users", {"name": "ada"}, 201, {"token": "one"}),
        exchange(2, "POST", "/notes", FULL, 201, {"id": 1}, TOKEN),
        exchange(3, "POST", "/notes", {"title": "b"}, 201, {"id": 2}, TOKEN),
        exchange(4, "POST", "/notes", {}, 422, {"title": "missing"}, TOKEN),
        exchange(5, "POST", "/notes", FULL, 401, {"error": "who"}),
        exchange(6, "GET", "/notes", None, 200, [{"id": 1}]),
        exchange(7, "GET", "/notes", None, 200, [{"id": 1}], TOKEN),
        exchange(8, "GET", "/notes?tag=x", None, 200, [{"id": 1}]),
        exchange(9, "GET", "/notes?tag=z", None, 200, []),
        exchange(10, "GET", "/notes/latest", None, 200, {"id": 2}),
        exchange(11, "GET", "/notes/1", None, 200, {"id": 1}),
        exchange(12, "GET", "/notes/7", None, 404, {"error": "no note 7"}),
        exchange(13, "GET", "/notes/88", None, 404, {"error": "no note 88"}),
        exchange(14, "POST", "/notes/1/star", None, 200, {"id": 1}, TOKEN),
        exchange(15, "POST", "/notes/1/star", None, 200, {"id": 1}, TOKEN),
        exchange(16, "GET", "/nowhere", None, 404, {"error": "?"}),
        exchange(17, "PUT", "/notes", None, 405, {"error": "!"}),
        exchange(18, "GET", "/notes", None, 500, {"error": "oops"}),
        exchange(19, "GET", "/notes", None, None, None),
    ]


def listed(known: ApiModel = NOTES) -> dict[str, Feature]:
    return {item.id: item for item in derive(known, [("rec", story())])}


def test_every_exchange_that_teaches_something_decides_a_feature() -> None:
    decided = {name for item in listed().values() for name in item.acceptance.exchanges}
    assert decided == {f"rec#{number}" for number in range(1, 18)}


def test_one_behaviour_is_one_feature() -> None:
    found = {item.id: item.acceptance.exchanges for item in listed().values()}
    assert found == {
        "register-201": ["rec#1"],
        "create-note-201": ["rec#2"],
        "create-note-201-without-tags": ["rec#3"],
        "list-notes-200-anonymous": ["rec#6"],
        "list-notes-200-signed-in": ["rec#7"],
        "list-notes-200-anonymous-by-tag": ["rec#8"],
        "list-notes-200-anonymous-by-tag-empty": ["rec#9"],
        "latest-note-200": ["rec#10"],
        "read-note-200": ["rec#11"],
        "star-200": ["rec#14"],
        "star-200-again": ["rec#15"],
        "create-note-422-title-required": ["rec#4"],
        "create-note-401-unauthenticated": ["rec#5"],
        "read-note-404-error-no-note": ["rec#12", "rec#13"],
        "fallback-404-unknown-path": ["rec#16"],
        "fallback-405-wrong-method-put": ["rec#17"],
    }


def test_features_say_what_they_are() -> None:
    found = listed()
    assert found["create-note-422-title-required"].description == (
        "Create note is refused with 422: no title"
    )
    assert found["list-notes-200-anonymous-by-tag-empty"].description == (
        "List notes without signing in, by tag, with nothing to show"
    )
    assert found["create-note-401-unauthenticated"].category == "permissions"
    assert found["create-note-201"].steps == [
        "Sign in",
        "Send POST /notes with a body",
        "See status 201 and the body of rec#2",
    ]


def test_features_stand_on_the_base_of_their_resource_and_on_signing_in() -> None:
    found = listed()
    assert found["register-201"].depends_on == []
    assert found["create-note-201"].depends_on == ["register-201"]
    assert found["create-note-422-title-required"].depends_on == ["create-note-201", "register-201"]
    assert found["fallback-404-unknown-path"].depends_on == []


def test_the_order_is_that_of_building() -> None:
    resources = list(dict.fromkeys(item.resource for item in listed().values()))
    assert resources == ["users", "notes", "fallbacks"]


def test_the_same_recording_gives_the_same_list() -> None:
    first, second = (derive(NOTES, [("rec", story())]).text() for _ in range(2))
    assert first == second


def test_behaviours_of_several_recordings_are_one_feature() -> None:
    both = {item.id: item for item in derive(NOTES, [("a", story()), ("b", story())])}
    assert both["star-200-again"].acceptance.exchanges == ["a#15", "b#15"]
    assert both["star-200-again"].acceptance.recordings == ["a", "b"]


def test_bodies_do_not_have_to_be_json() -> None:
    odd = exchange(1, "POST", "/notes", None, 400, None)
    found = list(derive(NOTES, [("rec", [odd])]))
    assert json.loads(found[0].model_dump_json())["acceptance"]["exchanges"] == ["rec#1"]
