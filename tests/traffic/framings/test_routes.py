"""Calls of one kind as one endpoint."""

from typing import Any

from harness.traffic.framings.events import Call
from harness.traffic.framings.recipes import Fixed, Members, Taken
from harness.traffic.framings.rest import NOTHING, Operation
from harness.traffic.framings.routes import Route, key_of, leads_to, learn_route, source_of


def learned(*pairs: tuple[list[Any], Operation]) -> Route | None:
    return learn_route([(Call("save", tuple(said)), operation) for said, operation in pairs])


def patch(key: str | int, body: Any, status: int = 200) -> Operation:
    return Operation("PATCH", f"/notes/{key}", body=body, status=status)


def test_path_and_body_come_from_arguments() -> None:
    route = learned((["a1", {"title": "Milk"}], patch("a1", {"title": "Milk"})))
    assert route == Route(
        "PATCH", (Fixed("notes"), Taken(("arguments", 0))), body=Taken(("arguments", 1))
    )


def test_numbers_are_written_into_paths() -> None:
    said = {"id": 7, "title": "Milk"}
    route = learned(([said], patch(7, {"title": "Milk"})))
    assert route is not None
    assert route.path == (Fixed("notes"), Taken(("arguments", 0, "id")))
    assert route.body == Taken(("arguments", 0), ("id",))


def test_queries_are_objects_or_single_values() -> None:
    listed = Operation("GET", "/notes", (("done", "true"),), status=200)
    route = learned(([{"done": True}], listed))
    assert route is not None
    assert route.query == Taken(("arguments", 0))
    owned = Operation("GET", "/notes", (("owner", "ada"),), status=200)
    route = learned((["ada"], owned))
    assert route is not None
    assert route.query == Members({"owner": Taken(("arguments", 0))})


def test_what_succeeded_counts_before_what_was_refused() -> None:
    refused = Operation("POST", "/save", body=["b2", {"title": ""}], status=422)
    route = learned(
        (["b2", {"title": ""}], refused), (["a1", {"title": "Tea"}], patch("a1", {"title": "Tea"}))
    )
    assert route is not None
    assert route.method == "PATCH"


def test_calls_that_nothing_makes_have_no_route() -> None:
    assert learned(([{"title": "Milk"}], patch("a1", {"title": "Milk"}))) == Route(
        "PATCH", (Fixed("notes"), Fixed("a1")), body=Taken(("arguments", 0))
    )
    two = [([{"n": key}], patch(f"{key}-{key}", NOTHING)) for key in ("a", "b")]
    assert learned(*two) is None


def test_services_are_told_apart_by_their_names() -> None:
    call = Call("create", ("notes", {"title": "Milk"}))
    assert key_of(call) == ("", "create", "notes")
    assert source_of(call)["arguments"] == [NOTHING, {"title": "Milk"}]
    assert key_of(Call("createNote", ("notes",))) == ("", "createNote")
    assert key_of(Call("new", (), space="room:42")) == ("room", "new")
    assert key_of(Call("speak", (), space='{"channel":"Chat","id":4}')) == ("Chat", "speak")


def test_routes_lead_to_templates() -> None:
    path = (Fixed("notes"), Taken(("arguments", 0)))
    assert leads_to(path, "/notes/{id}")
    assert not leads_to(path, "/tasks/{id}")
    assert not leads_to(path, "/notes")
    assert leads_to((Fixed("notes"), Fixed("a1")), "/notes/{id}")
