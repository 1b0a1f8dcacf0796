from dataclasses import replace

import pytest

from harness.inference.behaviours.fallbacks import accepted_schemes
from harness.inference.model import Check, Const, Missing, RequestLine
from harness.traffic.exchange import Response
from tests.inference.factories import Tape, at, model_of, world_of
from tests.inference.lending import Library
from tests.inference.lending_days import book, join, library_model


def assumed(line: str) -> dict[str, Check]:
    checks = at(library_model(), line).checks
    return {check.when.kind: check for check in checks if check.assumed}


def test_paths_and_methods_that_are_not_there() -> None:
    fallbacks = library_model().fallbacks
    assert fallbacks.unknown_path is not None
    assert fallbacks.wrong_method is not None
    assert fallbacks.unknown_path.status == 404
    assert fallbacks.unknown_path.body == Const(value={"error": {"code": "no_such_path"}})
    assert fallbacks.wrong_method.status == 405
    assert fallbacks.wrong_method.body == Const(value={"error": {"code": "wrong_method"}})


def test_stray_requests_are_no_operations() -> None:
    lines = {f"{each.method} {each.path}" for each in library_model().operations}
    assert not lines & {"GET /api/nothing", "DELETE /api/books", "PUT /api/books/{slug}"}


def test_who_needs_a_token() -> None:
    auth = {f"{each.method} {each.path}": each.auth for each in library_model().operations}
    assert auth["POST /api/books"] == "required"
    assert auth["GET /api/loans"] == "required"
    assert auth["GET /api/books/{slug}"] == "optional"
    assert auth["POST /api/login"] == "none"
    assert auth["GET /api/shelves"] == "none"


def test_refusals_of_siblings_are_carried_over_and_marked() -> None:
    carried = assumed("POST /api/loans/{id}/return")
    assert set(carried) == {"unauthenticated", "bad_token"}
    seen = [
        check.response
        for check in at(library_model(), "POST /api/books").checks
        if check.when.kind == "bad_token"
    ]
    assert [carried["bad_token"].response] == seen


def test_what_was_observed_is_not_assumed() -> None:
    assert "unauthenticated" not in assumed("POST /api/books")


def test_a_lookup_that_never_failed_is_answered_like_its_siblings() -> None:
    missing = assumed("PUT /api/shelves/{id}")["missing"]
    assert missing.when == Missing(lookup="shelf")
    assert missing.response is not None
    assert missing.response.body == Const(value={"error": {"code": "no_shelf"}})


def test_carried_over_checks_stand_in_the_usual_order() -> None:
    checks = at(library_model(), "PUT /api/shelves/{id}").checks
    kinds = [check.when.kind for check in checks if check.when.kind != "invalid_body"]
    assert kinds == ["unauthenticated", "bad_token", "missing", "holds", "taken"]


def test_how_requests_say_who_they_are() -> None:
    auth = library_model().auth
    assert auth is not None
    assert (auth.user, auth.header, auth.schemes) == ("member", "Authorization", ["Bearer"])
    assert (auth.token_format, auth.token_length) == ("hex", 32)


def test_an_application_without_users_has_no_authentication() -> None:
    tape = Tape()
    tape.add("GET /shelves", 200, [{"id": 1, "label": "A"}, {"id": 2, "label": "B"}])
    model = model_of(tape)
    assert model.auth is None
    assert [each.auth for each in model.operations] == ["none"]


def test_a_scheme_that_was_refused_is_not_accepted() -> None:
    library = Library(Tape())
    ada = join(library, "ada")
    library.ask("POST /api/books", book("Night Ferry"), ada)
    library.ask("POST /api/books", book("No token"))
    refused = {"error": {"code": "who_are_you"}}
    headers = {"Authorization": f"Token {ada}"}
    library.tape.add("POST /api/books", 401, refused, body=book("Other"), headers=headers)
    world = world_of(library.tape, paths=["/api/members", "/api/login", "/api/books"])
    assert accepted_schemes(world.observations, world) == {"Bearer"}


@pytest.mark.parametrize(
    ("token", "shape"),
    [
        ("eyJhbGciOi.eyJzdWIiOjE.sIgnAtUre-{}", "jwt"),
        ("6f1d0c1e-4a7b-4c0e-9d2f-0123456789a{}", "uuid"),
        ("0123456789abcdef0{}", "hex"),
        ("Zz-09_azAZ.stu{}", "base64url"),
    ],
)
def test_the_shape_of_tokens(token: str, shape: str) -> None:
    tape = Tape()
    for number, name in enumerate(("ada", "bob")):
        member = {"id": number + 1, "name": name, "token": token.format(number)}
        tape.add("POST /members", 201, member, body={"name": name, "password": "secret"})
        tape.add("GET /me", 200, member, token=token.format(number))
    auth = model_of(tape).auth
    assert auth is not None
    assert auth.token_format == shape


def pets(tape: Tape) -> Tape:
    for number, name in ((41, "rex"), (42, "tom"), (43, "ivy")):
        tape.add("POST /pets", 201, {"id": number, "name": name}, body={"name": name}, token="x")
        tape.add(f"GET /pets/{number}", 200, {"id": number, "name": name}, token="x")
    for number in (98, 99):
        tape.add(f"GET /pets/{number}", 404, {"error": f"Pet {number} is not here"}, token="x")
    return tape


def test_tokens_that_were_never_refused_are_not_asked_for() -> None:
    assert at(model_of(pets(Tape())), "POST /pets").auth != "required"


def test_answers_to_options_tell_what_the_path_serves() -> None:
    tape = pets(Tape())
    for path, methods in (("/pets", "POST"), ("/pets/41", "GET,HEAD")):
        made = tape.add(f"OPTIONS {path}", 200, methods)
        answered = replace(
            made.response or Response(200),
            headers=(("Allow", methods), ("Content-Type", "text/plain")),
            body=methods.encode(),
        )
        tape.exchanges[-1] = replace(made, response=answered)
    options = model_of(tape).fallbacks.options
    assert options is not None
    assert options.body == RequestLine(part="methods")
    assert options.headers == {"Allow": RequestLine(part="methods")}
