from harness.inference.model import Column, Entity
from tests.inference.factories import Tape, known
from tests.inference.lending_days import exchanges, library_model

PATHS = ["/shelves", "/shelves/{id}", "/books", "/books/{slug}", "/settings", "/words"]


def column(entity: str, name: str) -> Column:
    return library_model().entity(entity).column(name)


def made_by(entity: str, name: str) -> str | None:
    generated = column(entity, name).generated
    return generated.by if generated else None


def entities(tape: Tape) -> dict[str, Entity]:
    return {each.name: each for each in known(tape, paths=PATHS).entities.entities}


def test_the_entities_of_the_library() -> None:
    assert {entity.name: entity.plural for entity in library_model().entities} == {
        "member": "members",
        "book": "books",
        "review": "reviews",
        "loan": "loans",
        "shelf": "shelves",
        "genre": "genres",
    }


def test_visible_keys_that_the_server_makes_are_primary() -> None:
    assert library_model().entity("loan").pk == "id"
    assert made_by("loan", "id") == "sequence"
    assert made_by("shelf", "id") == "uuid"


def test_a_natural_key_gets_a_hidden_sequence() -> None:
    book = library_model().entity("book")
    assert book.pk == "id"
    assert made_by("book", "id") == "sequence"
    assert column("book", "slug").unique


def test_computed_fields_are_not_stored() -> None:
    names = {each.name for each in library_model().entity("book").columns}
    assert not names & {"stars", "starred", "review_count"}


def test_times_of_inserts_and_of_changes() -> None:
    assert made_by("book", "created_at") == "now"
    assert made_by("book", "updated_at") == "touched"
    assert column("book", "created_at").fraction == 0
    assert column("book", "created_at").zone == "Z"


def test_foreign_keys_go_with_their_parent() -> None:
    key = column("review", "book_id")
    assert (key.references, key.on_delete, key.nullable) == ("book", "cascade", False)
    assert column("loan", "member_id").references == "member"


def test_passwords_are_secret_columns_of_the_user() -> None:
    assert column("member", "password").secret


def test_defaults_and_nulls() -> None:
    assert column("member", "admin").default is False
    assert column("member", "bio").nullable
    assert column("review", "rating").default == 3
    assert column("book", "genres").default == []
    assert column("shelf", "note").nullable


def test_what_was_refused_as_taken_is_unique() -> None:
    assert column("member", "email").unique
    assert column("shelf", "label").unique
    assert not column("member", "name").unique


def test_a_list_of_words_is_the_vocabulary_of_a_column() -> None:
    assert column("book", "genres").vocabulary == "genre"
    assert column("book", "genres").items == "unique_sorted"
    genre = library_model().entity("genre")
    assert genre.vocabulary
    assert [(each.name, each.unique) for each in genre.columns] == [("id", False), ("name", True)]


def test_words_that_no_column_holds_are_no_vocabulary() -> None:
    tape = Tape()
    tape.add("GET /books", 200, [{"slug": "a", "title": "A", "genres": ["sea"]}])
    tape.add("GET /words", 200, ["hello", "goodbye"])
    assert "word" not in entities(tape)


def test_lists_that_come_back_as_they_were_sent() -> None:
    tape = Tape()
    for slug, genres in (("a", ["sea", "crime"]), ("b", ["x", "x"])):
        row = {"slug": slug, "title": slug, "genres": genres}
        tape.add("POST /books", 201, row, body={"title": slug, "genres": genres})
    assert entities(tape)["book"].column("genres").items == "given"


def test_a_singleton_has_one_row() -> None:
    tape = Tape()
    tape.add("GET /settings", 200, {"theme": "dark", "rows": 20})
    tape.add("PATCH /settings", 200, {"theme": "light", "rows": 20}, body={"theme": "light"})
    setting = entities(tape)["setting"]
    assert setting.singleton
    assert [each.name for each in setting.columns] == ["id", "theme", "rows"]


def test_a_key_that_others_point_to_is_primary() -> None:
    tape = Tape()
    tape.add(
        "GET /shelves",
        200,
        [{"id": "east-wing-1", "label": "E"}, {"id": "west-wing-1", "label": "W"}],
    )
    tape.add("GET /books", 200, [{"slug": "a", "title": "A", "shelfId": "east-wing-1"}])
    found = entities(tape)
    assert found["shelf"].pk == "id"
    assert found["book"].column("shelf_id").type == "string"


def test_entities_have_evidence() -> None:
    assert exchanges("POST /api/books", 201)[0] in library_model().entity("book").evidence
