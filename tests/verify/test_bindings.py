import json
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.traffic.exchange import Response
from harness.verify.bindings import Place
from tests.verify.dialogue import JSON, Dialogue, answer, live_time, recorded_time

JWT = "eyJhbGciOiJIUzI1NiJ9.{}.k3bXJ0ZCI6MTYzNDU2Nzg5MCwiZXhwIjox"
TOKEN_A = JWT.format("eyJpZCI6MSwibm9uY2UiOiJ4OGQyIn0")
TOKEN_B = JWT.format("eyJpZCI6Miwibm9uY2UiOiJrOXExIn0")
TOKEN_C = JWT.format("eyJpZCI6Mywibm9uY2UiOiJtN3czIn0")
HEX_A, HEX_B = "9f86d081884c7d659a2feaa0c55ad015", "3fdba35f04dc8c462986c992bcf87554"
UUID_A, UUID_B = "5deebf8e-39b8-487d-857d-1df2d2b300f7", "2d686cf4-744e-4a26-ad2e-38b0146a8b1c"
UUID_C = "dbb068d9-b9f8-4af0-aeba-bc1fb6570b21"


def stamp(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def paths(found: list[Any]) -> list[str]:
    return [item.path for item in found]


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (TOKEN_A, TOKEN_B),
        (HEX_A, HEX_B),
        (UUID_A, UUID_B),
        ("1912976055887463431", "1912976052934673411"),
        ("a8Kd93jf0Q", "Zk20fLq8sB"),
        ("sess_9fK2mPq81ZxW", "sess_0aB7xYc36VtU"),
        ("rainy-day-8aea82fd", "rainy-day-95d84733"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"),
    ],
)
def test_generated_values_bind_and_stay_bound(recorded: str, live: str) -> None:
    dialogue = Dialogue()
    assert dialogue.step("POST /things", answer({"v": recorded}), answer({"v": live})) == []
    assert dialogue.step("GET /things", answer({"v": recorded}), answer({"v": live})) == []
    assert paths(dialogue.step("GET /t", answer({"v": recorded}), answer({"v": recorded})))


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ("published", "draft"),
        ("bright-morning", "bright-evening"),
        ("rain-one", "rain-two"),
        (UUID_A, UUID_B.upper()),
        (UUID_A, HEX_A),
        (HEX_A, HEX_A[:-4]),
        (TOKEN_A, HEX_A),
        (TOKEN_A, ""),
        ("rainy-day-8aea82fd", "rainy-day"),
        ("rainy-day-8aea82fd", "sunny-day-8aea82fd"),
        ("rainy-day-8aea82fd", "rainy-day-8aea82fd-2"),
        ("E_NOT_ALLOWED_1", "E_NOT_ALLOWED_2"),
        ("defaultHomeView", "defaultHostView"),
    ],
)
def test_other_values_do_not_bind(recorded: str, live: str) -> None:
    body = {"title": "Rainy day, bright morning"}
    found = Dialogue().step("POST /things", answer({"v": recorded}), answer({"v": live}), body)
    assert paths(found) == ["$.v"]


def test_random_ids_of_letters_alone_bind_where_only_ids_are() -> None:
    recorded, live = "Bk78X3Xaacf3RmefK", "aeaCgnvgVCflCexkv"
    dialogue = Dialogue()
    assert dialogue.step("POST /t", answer({"_id": recorded}), answer({"_id": live})) == []
    assert dialogue.bindings.translate_text(f"/t/{recorded}", Place()) == f"/t/{live}"
    assert paths(Dialogue().step("GET /t", answer({"v": recorded}), answer({"v": live})))
    shorter, said = answer({"_id": live[1:]}), {"title": live}
    assert paths(Dialogue().step("GET /t", answer({"_id": recorded}), shorter))
    asked = Dialogue().step("POST /t", answer({"_id": recorded}), answer({"_id": live}), said)
    assert paths(asked)


def test_what_a_request_has_said_is_not_generated() -> None:
    dialogue = Dialogue()
    found = dialogue.step("PUT /t", answer({"v": UUID_A}), answer({"v": UUID_B}), {"v": UUID_A})
    assert paths(found) == ["$.v"]
    found = dialogue.step(f"GET /t/{UUID_C}", answer({"v": UUID_C}), answer({"v": UUID_B}))
    assert paths(found) == ["$.v"]


def test_what_the_initial_state_says_is_not_generated() -> None:
    seed = {"tables": {"user": [{"id": 4, "key": UUID_A}]}, "tokens": {HEX_A: 4}}
    for value, other in ((UUID_A, UUID_B), (HEX_A, HEX_B)):
        found = Dialogue(seed).step("GET /me", answer({"v": value}), answer({"v": other}))
        assert paths(found) == ["$.v"]
    found = Dialogue(seed).step("POST /users", answer({"id": 4}), answer({"id": 5}))
    assert paths(found) == ["$.id"]


def test_a_slug_suffix_is_random_only_if_nobody_said_it() -> None:
    body = {"title": "Spring fling", "kind": "grass"}
    recorded, live = answer({"slug": "spring-fling"}), answer({"slug": "spring-grass"})
    assert paths(Dialogue().step("POST /things", recorded, live, body)) == ["$.slug"]


def test_a_prefix_that_tokens_share_says_nothing() -> None:
    dialogue = Dialogue()
    old, new, live = "sess_9fK2mPq81ZxW", "sess_4hJ7nQw32YvT", "sess_0aB7xYc36VtU"
    found = dialogue.step("POST /renew", answer({"t": new}), answer({"t": live}), {"t": old})
    assert found == []
    jwt = dialogue.step(
        "POST /renew", answer({"t": TOKEN_A}), answer({"t": TOKEN_B}), {"t": TOKEN_C}
    )
    assert jwt == []


def test_one_live_value_stands_for_one_recorded_value() -> None:
    dialogue = Dialogue()
    step = dialogue.step
    assert step("POST /login", answer({"token": TOKEN_A}), answer({"token": TOKEN_C})) == []
    reused = step("POST /login", answer({"token": TOKEN_B}), answer({"token": TOKEN_C}))
    assert paths(reused) == ["$.token"]


def test_one_recorded_value_stands_for_one_live_value() -> None:
    dialogue = Dialogue()
    dialogue.step("POST /things", answer({"key": UUID_A}), answer({"key": UUID_B}))
    found = dialogue.step("GET /things", answer([{"key": UUID_A}]), answer([{"key": UUID_C}]))
    assert paths(found) == ["$[0].key"]


def test_swapped_ids_are_seen() -> None:
    dialogue = Dialogue()
    for number in (1, 2):
        created = answer({"id": number, "title": f"n{number}"}, 201)
        assert dialogue.step("POST /notes", created, created) == []
    rows = [{"id": 1, "title": "n1"}, {"id": 2, "title": "n2"}]
    swapped = [{"id": 2, "title": "n1"}, {"id": 1, "title": "n2"}]
    assert paths(dialogue.step("GET /notes", answer(rows), answer(swapped))) == [
        "$[0].id",
        "$[1].id",
    ]


def test_a_sequence_may_be_ahead_but_keeps_its_order() -> None:
    dialogue = Dialogue()
    assert dialogue.step("POST /notes", answer({"id": 4}), answer({"id": 7})) == []
    assert dialogue.step("POST /notes", answer({"id": 5}), answer({"id": 8})) == []
    assert dialogue.step("GET /notes/5", answer({"id": 5}), answer({"id": 8})) == []
    assert paths(dialogue.step("POST /notes", answer({"id": 6}), answer({"id": 8}))) == ["$.id"]
    assert paths(dialogue.step("POST /notes", answer({"id": 9}), answer({"id": 3}))) == ["$.id"]


def test_ids_that_were_never_answered_keep_their_distance() -> None:
    dialogue = Dialogue()
    for number in (8, 9):
        dialogue.step("POST /users", answer({"id": number}), answer({"id": number}))
    assert dialogue.step("POST /notes", answer({"id": 7}), answer({"id": 5})) == []
    rows, live = [{"id": 7}, {"id": 8}], [{"id": 5}, {"id": 6}]
    assert dialogue.step("GET /notes", answer(rows), answer(live)) == []
    rows, live = [{"id": 9}], [{"id": 8}]
    assert paths(dialogue.step("GET /notes", answer(rows), answer(live))) == ["$[0].id"]


@pytest.mark.parametrize(
    ("recorded", "live"), [("page 2/3", "page 2/4"), ("3 of 4", "3 of 5"), ("v1.2", "v1.3")]
)
def test_numbers_in_texts_are_no_ids(recorded: str, live: str) -> None:
    found = Dialogue().step("POST /notes", answer({"text": recorded}), answer({"text": live}))
    assert paths(found) == ["$.text"]


def test_a_location_without_a_body_binds() -> None:
    dialogue = Dialogue()
    one, other = ((*JSON, ("Location", f"/notes/{number}")) for number in (4, 7))
    found = dialogue.step("POST /notes", answer(None, 201, one), answer(None, 201, other))
    assert found == []
    assert dialogue.bindings.translate_text("/notes/4", Place()) == "/notes/7"


def test_sequences_of_different_resources_are_apart() -> None:
    dialogue = Dialogue()
    assert dialogue.step("POST /notes", answer({"id": 4}), answer({"id": 7})) == []
    assert (
        dialogue.step("POST /users", answer({"user": {"id": 4}}), answer({"user": {"id": 4}})) == []
    )
    referring = {"id": 5, "userId": 4, "noteIds": [4]}
    assert (
        dialogue.step("POST /stars", answer(referring), answer(referring | {"noteIds": [7]})) == []
    )


def test_the_owner_of_a_row_is_not_a_new_id() -> None:
    dialogue = Dialogue()
    for number in (1, 2):
        dialogue.step("POST /users", answer({"id": number}), answer({"id": number}))
    recorded = {"id": 1, "author": {"id": 2}, "editorId": 2}
    live = {"id": 1, "author": {"id": 1}, "editorId": 1}
    found = dialogue.step("POST /notes", answer(recorded), answer(live))
    assert sorted(paths(found)) == ["$.author.id", "$.editorId"]


def test_a_row_of_the_initial_state_is_not_another() -> None:
    seed = {"tables": {"user": [{"id": 2}, {"id": 3}]}}
    recorded, live = {"id": 1, "author": {"id": 2}}, {"id": 1, "author": {"id": 3}}
    found = Dialogue(seed).step("POST /notes", answer(recorded), answer(live))
    assert paths(found) == ["$.author.id"]


def test_a_wrong_status_is_one_mismatch_and_not_a_hundred() -> None:
    dialogue = Dialogue()
    found = dialogue.step("POST /notes", answer({"key": UUID_A}, 201), answer({"key": UUID_B}))
    assert [item.level for item in found] == ["status"]
    assert dialogue.step("GET /notes", answer({"key": UUID_A}), answer({"key": UUID_B})) == []


def test_keys_of_objects_are_bound_too() -> None:
    dialogue = Dialogue()
    dialogue.step("POST /notes", answer({"key": UUID_A}), answer({"key": UUID_B}))
    recorded, live = {UUID_A: {"n": 1}, "total": 1}, {UUID_B: {"n": 1}, "total": 1}
    assert dialogue.step("GET /notes", answer(recorded), answer(live)) == []
    fresh, other = {TOKEN_A: 1, HEX_A: 2}, {TOKEN_B: 1, HEX_B: 2}
    assert dialogue.step("POST /tokens", answer(fresh), answer(other)) == []
    assert paths(dialogue.step("GET /t", answer(fresh), answer({TOKEN_B: 1}))) == [f"$.{HEX_A}"]


def test_cookies_bind_when_they_mean_nothing() -> None:
    def setting(value: str) -> Response:
        return Response(200, (("Set-Cookie", f"sid={value}; Path=/"),), b"")

    dialogue = Dialogue()
    one, other = "s%3Aq8Zf1.b7Q", "s%3Ak2Rt9.x4W"
    assert dialogue.step("POST /login", setting(one), setting(other)) == []
    assert dialogue.bindings.translate_text(one, Place()) == other
    assert paths(dialogue.step("GET /", setting(one), setting(one))) == ["cookie sid"]
    assert paths(Dialogue().step("GET /", setting("dark"), setting("light"))) == ["cookie sid"]


def test_etags_are_said_back_but_not_compared() -> None:
    dialogue = Dialogue()
    old, new = '"3-a9f1c27b4d"', '"7-b81e06c5fa"'
    found = dialogue.step("GET /x", answer({}, headers=(*JSON, ("ETag", old))),
                          answer({}, headers=(*JSON, ("ETag", new))))  # fmt: skip
    assert found == []
    assert dialogue.bindings.translate_text(old, Place()) == new


def test_numbers_that_are_no_ids_do_not_bind() -> None:
    found = Dialogue().step("POST /notes", answer({"count": 4}), answer({"count": 5}))
    assert paths(found) == ["$.count"]


def test_ids_in_urls_and_texts_follow_their_binding() -> None:
    dialogue = Dialogue()
    dialogue.step("POST /notes", answer({"id": 4}), answer({"id": 7}))
    recorded = {"url": "/notes/4", "text": "note 4 is new", "list": "/notes?after=1&noteId=4"}
    live = {"url": "/notes/7", "text": "note 7 is new", "list": "/notes?after=1&noteId=7"}
    assert dialogue.step("GET /feed", answer(recorded), answer(live)) == []
    found = dialogue.step("GET /feed", answer(live | {"text": "x"}), answer(recorded))
    assert sorted(paths(found)) == ["$.list", "$.text", "$.url"]


# ------------------------------------------------------------------------- timestamps


def created(step: int, at: str = "createdAt", **more: str) -> tuple[dict[str, str], dict[str, str]]:
    recorded = {at: stamp(recorded_time(step) + 0.2)} | more
    return recorded, {at: stamp(live_time(step) + 0.1)} | more


def test_timestamps_bind_to_the_moment_of_their_exchange() -> None:
    dialogue = Dialogue()
    recorded, live = created(1)
    assert dialogue.step("POST /notes", answer(recorded), answer(live)) == []
    assert dialogue.step("GET /notes", answer([recorded]), answer([live])) == []


def test_a_timestamp_that_was_not_renewed_is_seen() -> None:
    dialogue = Dialogue()
    recorded, live = created(1)
    dialogue.step("POST /notes", answer(recorded), answer(live))
    later = {"updatedAt": stamp(recorded_time(2) + 0.3)}
    stale = {"updatedAt": live["createdAt"]}
    fresh = {"updatedAt": stamp(live_time(2) + 0.3)}
    assert paths(dialogue.step("PUT /notes/1", answer(later), answer(stale))) == ["$.updatedAt"]
    assert dialogue.step("GET /notes/1", answer(later), answer(fresh)) == []


def test_a_timestamp_that_was_renewed_without_need_is_seen() -> None:
    dialogue = Dialogue()
    recorded, live = created(1)
    dialogue.step("POST /notes", answer(recorded), answer(live))
    renewed = {"createdAt": stamp(live_time(2) + 0.3)}
    assert paths(dialogue.step("POST /star", answer(recorded), answer(renewed))) == ["$.createdAt"]


def test_timestamps_in_the_wrong_order_are_seen() -> None:
    dialogue = Dialogue()
    rows = []
    for step in (1, 2):
        pair = created(step)
        dialogue.step("POST /notes", answer(pair[0]), answer(pair[1]))
        rows.append(pair)
    recorded, live = zip(*rows, strict=True)
    assert dialogue.step("GET /notes", answer(list(recorded)), answer(list(live))) == []
    assert paths(dialogue.step("GET /notes", answer(list(recorded)), answer(list(live)[::-1])))


@pytest.mark.parametrize(
    "written",
    [
        "2027-01-15T08:00:01Z",
        "2027-01-15T08:00:01.100000Z",
        "2027-01-15T08:00:01.100+00:00",
        "2027-01-15T08:00:01.100",
        "2027-01-15 08:00:01.100Z",
        1800000001100,
        None,
        "",
    ],
)
def test_timestamps_are_written_alike(written: object) -> None:
    recorded, _ = created(1)
    live = {"createdAt": written}
    assert paths(Dialogue().step("POST /notes", answer(recorded), answer(live))) == ["$.createdAt"]


def test_timestamps_of_the_same_moment_need_not_be_equal() -> None:
    recorded, live = created(1)
    recorded["updatedAt"] = recorded["createdAt"]
    live["updatedAt"] = stamp(live_time(1) + 0.101)
    assert Dialogue().step("POST /notes", answer(recorded), answer(live)) == []


def test_epoch_numbers_are_timestamps() -> None:
    dialogue = Dialogue()
    for one, other in ((1, 1), (1000, 1000)):
        recorded = {"at": int(recorded_time(1) * one)}
        live = {"at": int(live_time(1) * other)}
        assert dialogue.step("POST /notes", answer(recorded), answer(live)) == []


def test_a_timestamp_ahead_of_time_keeps_its_distance() -> None:
    week = 7 * 86400
    recorded = {"expiresAt": stamp(recorded_time(1) + week)}
    for ahead, agrees in ((week, True), (week / 7, False)):
        live = {"expiresAt": stamp(live_time(1) + ahead)}
        found = Dialogue().step("POST /sessions", answer(recorded), answer(live))
        assert (found == []) is agrees


@pytest.mark.parametrize("written", ["{}", "{}Z", "{}000Z", "{}+00:00"])
def test_a_timestamp_of_the_initial_state_is_data(written: str) -> None:
    at = stamp(recorded_time(1))
    seed = {"tables": {"note": [{"id": 1, "created_at": written.format(at.removesuffix("Z"))}]}}
    _, live = created(1)
    found = Dialogue(seed).step("GET /notes/1", answer({"createdAt": at}), answer(live))
    assert paths(found) == ["$.createdAt"]


# ------------------------------------------------------------------------ translation


def test_bound_values_are_said_back() -> None:
    dialogue = Dialogue()
    recorded = {"id": 4, "key": UUID_A, "token": HEX_A, "title": "four"}
    live = {"id": 7, "key": UUID_B, "token": HEX_B, "title": "four"}
    dialogue.step("POST /notes", answer(recorded), answer(live))
    say = dialogue.bindings.translate_text
    assert say(f"Bearer {HEX_A}", Place()) == f"Bearer {HEX_B}"
    assert say(f"/notes/4?key={UUID_A}&limit=4", Place()) == f"/notes/7?key={UUID_B}&limit=4"
    assert say("4", Place("noteId")) == "7"
    assert say("4", Place("limit")) == "4"
    assert dialogue.bindings.translate_number(4, Place("id", "note")) == 7
    assert dialogue.bindings.translate_number(4, Place("stars")) == 4
    assert say(json.dumps({"key": UUID_A}), Place()) == json.dumps({"key": UUID_B})
