from harness.inference.state.resources import draft_entities
from harness.inference.state.roles import Binding, bind_params, user_draft, value_of
from tests.inference.factories import Tape, observations

PATHS = [
    "/members",
    "/members/{name}",
    "/login",
    "/me",
    "/shelves",
    "/shelves/{id}",
    "/shelves/{id}/x",
]


def test_the_user_of_requests_without_passwords_is_who_is_read_by_token() -> None:
    tape = Tape()
    tape.add("GET /me", 200, {"id": 1, "name": "ada"}, token="a" * 20)
    tape.add("GET /shelves", 200, [{"id": 1, "label": "A"}, {"id": 2, "label": "B"}])
    seen = observations(tape, paths=PATHS)
    user = user_draft(seen, draft_entities(seen))
    assert user is not None
    assert user.name == "user"


def test_nobody_logs_in() -> None:
    tape = Tape()
    tape.add("GET /shelves", 200, [{"id": 1, "label": "A"}, {"id": 2, "label": "B"}])
    seen = observations(tape, paths=PATHS)
    assert user_draft(seen, draft_entities(seen)) is None


def bindings(tape: Tape) -> dict[tuple[str, str], Binding]:
    seen = observations(tape, paths=PATHS)
    return bind_params(seen, draft_entities(seen))


def test_a_parameter_addresses_the_field_whose_values_it_has() -> None:
    tape = Tape()
    for number, name in ((1, "ada"), (2, "bob")):
        tape.add(f"GET /members/{name}", 200, {"id": number, "name": name, "bio": None})
    binding = bindings(tape)["/members/{name}", "name"]
    assert (binding.draft.name, binding.field) == ("member", "name")


def test_a_parameter_that_only_failed_means_what_its_prefix_means() -> None:
    tape = Tape()
    for number in (1, 2):
        tape.add(f"GET /shelves/{number}", 200, {"id": number, "label": "AB"[number - 1]})
    tape.add("GET /shelves/9/x", 404, {"error": "no shelf"})
    found = bindings(tape)
    assert found["/shelves/{id}/x", "id"] == found["/shelves/{id}", "id"]


def test_the_value_of_a_field_that_a_path_writes_as_text() -> None:
    tape = Tape()
    for number in (1, 2):
        row = {"id": number, "label": f"A{number}", "url": f"http://app.test/shelves/{number}"}
        tape.add(f"GET /shelves/{number}", 200, row)
    (draft,) = draft_entities(observations(tape, paths=PATHS))
    assert value_of(Binding(draft, "id"), "7") == 7
    assert value_of(Binding(draft, "id"), "seven") is None
    assert value_of(Binding(draft, "label"), "7") == "7"
    assert value_of(Binding(draft, "url"), "7") is None
