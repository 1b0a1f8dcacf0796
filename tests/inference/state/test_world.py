from harness.inference.observe import Observation
from harness.inference.state.world import World
from tests.inference.factories import Tape, world_of

PATHS = [
    "/members",
    "/members/{id}",
    "/login",
    "/logout",
    "/me",
    "/books",
    "/books/{slug}",
    "/books/{slug}/star",
    "/books/{slug}/reviews",
    "/books/{slug}/reviews/{id}",
]
ADA = {"id": 1, "name": "ada", "email": "ada@library.test"}
BOB = {"id": 2, "name": "bob", "email": "bob@library.test"}
TOKEN = "a" * 32
OTHER = "b" * 32


def a_book(slug: str, **more: object) -> dict[str, object]:
    return {"slug": slug, "title": slug.title(), "owner": {"id": 1, "name": "ada"}, **more}


def joined(name: str = "tape") -> Tape:
    """A tape on which ada and bob register and log in."""
    tape = Tape(name)
    for member, token in ((ADA, TOKEN), (BOB, OTHER)):
        tape.add("POST /members", 201, member, body={**member, "password": "secret-1"})
        body = {"email": member["email"], "password": "secret-1"}
        tape.add("POST /login", 200, {"token": token, "member": member}, body=body)
    return tape


def last(world: World) -> Observation:
    return world.observations[-1]


def draft(world: World, name: str) -> object:
    return next(each for each in world.drafts if each.name == name)


def test_the_user_is_who_registers_with_a_password() -> None:
    world = world_of(joined(), paths=PATHS)
    assert world.user is draft(world, "member")


def test_a_token_belongs_to_who_logged_in() -> None:
    tape = joined()
    tape.add("GET /me", 200, BOB, token=OTHER)
    tape.add("GET /me", 401, {"error": "?"}, token="f" * 32)
    tape.add("GET /me", 401, {"error": "?"})
    world = world_of(tape, paths=PATHS)
    callers = [world.caller(each) for each in world.observations[-3:]]
    assert [row.first("name") if row else None for row in callers] == ["bob", None, None]


def test_what_users_log_in_with_is_theirs_although_no_answer_shows_it() -> None:
    tape = Tape()
    for key, name, token in ((1, "ada", TOKEN), (2, "bob", OTHER), (1, "ada", "c" * 32)):
        path, status = ("POST /login", 200) if token[0] == "c" else ("POST /members", 201)
        body = {"nick": name, "password": "secret-1", "greeting": "hi"}
        if path == "POST /login":
            del body["greeting"]
        tape.add(path, status, {"id": key, "token": token}, body=body)
    tape.add("GET /me", 200, {"id": 1}, token="c" * 32)
    world = world_of(tape, paths=PATHS)
    assert world.user is draft(world, "member")
    assert len(world.drafts) == 1
    assert world.user is not None
    assert "nick" in world.user.fields
    assert "greeting" not in world.user.fields
    caller = world.caller(last(world))
    assert caller is not None
    assert caller.first("nick") == "ada"
    index = last(world).index
    assert world.find(world.user, "tape", "nick", "bob", index) is world.rows[id(world.user)][1]


def test_a_token_used_before_any_login_belongs_to_whom_it_shows() -> None:
    tape = joined("monday")
    later = Tape("tuesday")
    later.add("GET /me", 200, ADA, token="c" * 32)
    world = world_of(tape, later, paths=PATHS)
    caller = world.caller(last(world))
    assert caller is not None
    assert (caller.first("name"), caller.born, caller.recording) == ("ada", -1, "tuesday")
    assert ("tuesday", "c" * 32) not in world.token_origin


def test_a_login_of_somebody_never_seen_is_a_row_of_the_initial_state() -> None:
    tape = joined()
    body = {"email": "old@library.test", "password": "long-ago"}
    tape.add("GET /me", 200, ADA, token=TOKEN)
    tape.add("POST /login", 200, {"token": "d" * 32}, body=body)
    tape.add("GET /me", 200, {"id": 7, "name": "old", "email": "old@library.test"}, token="d" * 32)
    world = world_of(tape, paths=PATHS)
    caller = world.caller(last(world))
    assert caller is not None
    assert caller.born == -1
    assert caller.first("id") == 7
    assert caller.first("password") == "long-ago"


def test_a_session_ends_at_its_logout_where_the_token_is_refused_afterwards() -> None:
    tape = joined()
    tape.add("GET /me", 200, ADA, token=TOKEN)
    tape.add("POST /logout", 204, token=TOKEN)
    tape.add("GET /me", 401, {"error": "gone"}, token=TOKEN)
    world = world_of(tape, paths=PATHS)
    before, logout, after = world.observations[-3:]
    assert world.caller(before) is world.caller(logout) is not None
    assert world.caller(after) is None


def test_rows_are_born_and_die() -> None:
    tape = joined()
    tape.add("POST /books", 201, a_book("night-ferry"), body={"title": "Night-Ferry"}, token=TOKEN)
    tape.add("GET /books/night-ferry", 200, a_book("night-ferry"))
    tape.add("DELETE /books/night-ferry", 204, token=TOKEN)
    tape.add("GET /books/night-ferry", 404, {"error": "no"})
    world = world_of(tape, paths=PATHS)
    created, read, deleted, missing = world.observations[-4:]
    row = world.created[created.index]
    assert not row.alive(created.index)
    assert row.exists_after(created.index)
    assert row.alive(read.index)
    assert row.alive(deleted.index)
    assert not row.exists_after(deleted.index)
    assert world.find(row.draft, "tape", "slug", "night-ferry", missing.index) is None


def test_what_is_seen_without_a_creation_was_there_from_the_start() -> None:
    tape = joined()
    tape.add("GET /books", 200, [a_book("old"), a_book("older")])
    world = world_of(tape, paths=PATHS)
    assert [
        row.born for _, _, row in world.shown[last(world).index] if row.draft.name == "book"
    ] == [
        -1,
        -1,
    ]


def test_a_row_has_the_value_of_its_time() -> None:
    tape = joined()
    tape.add("GET /books/old", 200, a_book("old", note="new"))
    body = {"note": "worn"}
    tape.add("PATCH /books/old", 200, a_book("old", note="worn"), body=body, token=TOKEN)
    world = world_of(tape, paths=PATHS)
    read, changed = world.observations[-2:]
    row = world.targets[changed.index]["slug"]
    assert row.value("note", read.index) == "new"
    assert row.value("note", changed.index) == "worn"
    assert row.first("note") == "new"


def test_an_embedded_resource_is_its_row() -> None:
    tape = joined()
    tape.add("GET /books/old", 200, a_book("old"))
    world = world_of(tape, paths=PATHS)
    row = world.targets[last(world).index]["slug"]
    assert row.first("owner").first("email") == "ada@library.test"


def test_children_go_with_their_parent() -> None:
    tape = joined()
    tape.add("POST /books", 201, a_book("gone"), body={"title": "Gone"}, token=TOKEN)
    review = {"id": 1, "text": "Lovely"}
    tape.add("POST /books/gone/reviews", 201, review, body={"text": "Lovely"}, token=OTHER)
    tape.add("DELETE /books/gone", 204, token=TOKEN)
    world = world_of(tape, paths=PATHS)
    row = world.created[world.observations[-2].index]
    assert row.died == last(world).index


def starred(tape: Tape, token: str, *, on: bool) -> None:
    method = "PUT" if on else "DELETE"
    tape.add(f"{method} /books/old/star", 200, a_book("old"), token=token)


def test_two_operations_that_switch_are_a_link() -> None:
    tape = joined()
    tape.add("GET /books/old", 200, a_book("old"))
    starred(tape, TOKEN, on=True)
    starred(tape, OTHER, on=True)
    starred(tape, TOKEN, on=False)
    world = world_of(tape, paths=PATHS)
    (link,) = world.links
    assert (link.name, link.on, link.off) == (
        "star",
        ("PUT", "/books/{slug}/star"),
        ("DELETE", "/books/{slug}/star"),
    )
    on, also, off = world.observations[-3:]
    ada, bob = world.caller(on), world.caller(also)
    row = world.targets[on.index]["slug"]
    assert ada is not None
    assert bob is not None
    assert world.linked(link, ada, row, also.index)
    assert not world.linked(link, ada, row, off.index)
    assert world.linked_sources(link, row, also.index) == [ada, bob]
    assert world.linked_sources(link, row, off.index) == [bob]


def test_a_child_that_is_made_and_deleted_is_no_link() -> None:
    tape = joined()
    tape.add("GET /books/old", 200, a_book("old"))
    review = {"id": 1, "text": "Lovely"}
    tape.add("POST /books/old/reviews", 201, review, body={"text": "Lovely"}, token=TOKEN)
    tape.add("DELETE /books/old/reviews/1", 204, token=TOKEN)
    assert world_of(tape, paths=PATHS).links == []


def test_listed_children_of_the_initial_state_know_their_parent() -> None:
    tape = joined()
    tape.add("POST /books", 201, a_book("new"), body={"title": "New"}, token=TOKEN)
    review = {"id": 5, "text": "Lovely"}
    tape.add("POST /books/new/reviews", 201, review, body={"text": "Lovely"}, token=TOKEN)
    tape.add("GET /books/old/reviews", 200, [{"id": 1, "text": "Dull"}])
    world = world_of(tape, paths=PATHS)
    ((_, _, row),) = world.shown[last(world).index]
    assert row.born == -1
    assert [parent.first("slug") for parent in world.parents[id(row)].values()] == ["old"]


def test_a_row_that_is_only_addressed_has_the_key_of_its_path() -> None:
    tape = joined()
    tape.add("GET /members/1", 200, ADA)
    tape.add("DELETE /members/9", 204, token=TOKEN)
    world = world_of(tape, paths=PATHS)
    (row,) = world.targets[last(world).index].values()
    assert (row.first("id"), row.born, row.died) == (9, -1, last(world).index)
