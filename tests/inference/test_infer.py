from harness.inference.infer import infer, understand
from harness.inference.model import ApiModel
from tests.inference.factories import Tape, at, model_of
from tests.inference.lending import Library
from tests.inference.lending_days import book, join, library_model, recorded


def test_a_model_says_where_it_comes_from() -> None:
    model = library_model()
    assert model.title == "Library"
    assert model.recordings == ["monday", "tuesday"]
    assert model.hosts == ["app.test"]
    assert model.base == "/api"


def test_the_same_recordings_give_the_same_model() -> None:
    assert infer(recorded(), title="Library") == library_model()


def test_a_model_survives_its_file() -> None:
    text = library_model().model_dump_json()
    assert ApiModel.model_validate_json(text) == library_model()


def test_links_of_users_to_rows() -> None:
    (link,) = library_model().links
    assert (link.name, link.source, link.target) == ("star", "member", "book")
    assert (link.source_column, link.target_column) == ("member_id", "book_id")


def test_users_who_follow_each_other_have_two_columns() -> None:
    tape = Tape()
    names = ("ada", "bob", "cyd")
    for number, name in enumerate(names, 1):
        member = {"id": number, "name": name}
        tape.add("POST /members", 201, member, body={"name": name, "password": "x"})
        answer = {"token": name[0] * 20, "member": member}
        tape.add("POST /login", 200, answer, body={"name": name, "password": "x"})
    for name, other in zip(names, (2, 3, 1), strict=True):
        member = {"id": other, "name": names[other - 1]}
        tape.add(f"POST /members/{other}/follow", 200, member, token=name[0] * 20)
        tape.add(f"DELETE /members/{other}/follow", 200, member, token=name[0] * 20)
    (link,) = model_of(tape).links
    assert (link.source_column, link.target_column) == ("follower_id", "followed_id")


def test_primary_keys_are_named_in_expressions() -> None:
    tape = Tape()
    for name in ("ada", "bob", "cyd"):
        member = {"uuid": f"6f1d0c1e-4a7b-4c0e-9d2f-0123456789a{name[0]}", "name": name}
        tape.add("POST /members", 201, member, body={"name": name, "password": "x"})
        answer = {"token": name[0] * 20, "member": member}
        tape.add("POST /login", 200, answer, body={"name": name, "password": "x"})
        loan = {"id": len(tape.exchanges), "note": name * 2, "member": member}
        tape.add("POST /loans", 201, loan, body={"note": name * 2}, token=name[0] * 20)
    model = model_of(tape)
    assert model.entity("member").pk == "uuid"
    (effect,) = at(model, "POST /loans").effects
    assert effect.kind == "insert"
    assert effect.values["member_id"].model_dump()["path"] == ["uuid"]


def test_server_errors_teach_nothing_and_are_listed() -> None:
    library = Library(Tape())
    ada = join(library, "ada")
    library.ask("POST /api/books", book("Night Ferry"), ada)
    library.tape.add("POST /api/books", 500, {"oops": True}, body=book("Again"), token=ada)
    model = model_of(library.tape)
    (finding,) = [each for each in model.findings if "tape#4" in each.evidence]
    assert "500" in finding.detail
    assert "oops" not in str(at(model, "POST /api/books").model_dump())


def test_views_that_nothing_answers_are_dropped() -> None:
    shown = {view.name for view in library_model().views}
    assert shown == {"Member", "Owner", "Book", "BookListItem", "Review", "Loan", "Shelf"}


def test_every_recording_has_its_own_rows() -> None:
    first, second = Tape("first"), Tape("second")
    for tape, label in ((first, "East"), (second, "West")):
        tape.add("GET /shelves/1", 200, {"id": 1, "label": label})
    known = understand([first, second])
    (draft,) = known.world.drafts
    labels = [(row.recording, row.first("label")) for row in known.world.rows[id(draft)]]
    assert labels == [("first", "East"), ("second", "West")]


def test_nothing_recorded_is_an_empty_model() -> None:
    model = infer([Tape("empty")], title="Nothing")
    assert (model.operations, model.entities, model.auth) == ([], [], None)
    assert [seed.tables for seed in model.seeds] == []
