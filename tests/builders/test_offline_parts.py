"""The parts of the generator that decide on names and words."""

import ast

import pytest

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, note_relations
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import (
    Row,
    Scope,
    compile_expression,
    compile_predicate,
    literal,
)
from harness.builders.offline.formatting import FormatError, formatted
from harness.builders.offline.rules import Shapes, shape_code
from harness.builders.offline.source import Source
from harness.inference.model import (
    AnyOf,
    ColumnValue,
    Compare,
    Const,
    Expr,
    Not,
    PathValue,
    Predicate,
    Template,
)
from tests.builders.notes_model import MODEL


@pytest.fixture
def scope() -> Scope:
    backend = Backend(MODEL, MODEL.operations)
    rows = {"note": Row("note", "note"), "me": Row("user", "user"),
            "viewer": Row("viewer", "user", optional=True)}  # fmt: skip
    return Scope(backend, Source("app/x.py"), rows=rows, values={"id": "note_id"})


@pytest.mark.parametrize(
    ("text", "snake", "pascal"),
    [
        ("tagList", "tag_list", "TagList"),
        ("HTTPServer", "http_server", "HttpServer"),
        ("2fa-code", "n2fa_code", "N2faCode"),
        ("übung", "ubung", "Ubung"),
        ("page[offset]", "page_offset", "PageOffset"),
    ],
)
def test_names(text: str, snake: str, pascal: str) -> None:
    assert (names.snake(text), names.pascal(text)) == (snake, pascal)


def test_names_that_python_claims() -> None:
    assert names.attribute("class") == "class_"
    assert names.attribute("metadata") == "metadata_"
    assert names.variable("id") == "id_"
    taken = {"note"}
    assert [names.unique("note", taken), names.unique("note", taken)] == ["note2", "note3"]


@pytest.mark.parametrize("value", ["plain", 'a "quote"', "line\nend ", "é" * 90, "x" * 300, "\0"])
def test_literals_are_what_they_say(value: str) -> None:
    code = literal({"key": [value, None, True, 1.5]})
    assert ast.literal_eval(code) == {"key": [value, None, True, 1.5]}


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (ColumnValue(row="note", path=["title"]), "note.title"),
        (ColumnValue(row="note", path=["author_id", "username"]), "note.author.username"),
        (ColumnValue(row="note", path=["notebook_id", "name"]),
         "(note.notebook.name if note.notebook else None)"),
        (ColumnValue(row="viewer", path=["id"]), "(viewer.id if viewer else None)"),
        (PathValue(name="id"), "note_id"),
        (Template(text="{origin}/n/{id}", values={"id": PathValue(name="id")}),
         'f"{origin}/n/{note_id}"'),
    ],
)  # fmt: skip
def test_expressions(scope: Scope, expression: Expr, code: str) -> None:
    assert compile_expression(scope, expression) == code


OWNER = Compare(left=ColumnValue(row="note", path=["author_id"]), op="ne",
                right=ColumnValue(row="me", path=["id"]))  # fmt: skip
PINNED = Compare(left=ColumnValue(row="note", path=["pinned"]), right=Const(value=True))


@pytest.mark.parametrize(
    ("predicate", "code"),
    [
        (OWNER, "note.author_id != user.id"),
        (Not(of=OWNER), "note.author_id == user.id"),
        (PINNED, "note.pinned"),
        (Not(of=PINNED), "not note.pinned"),
        (AnyOf(of=[PINNED, OWNER]), "(note.pinned or note.author_id != user.id)"),
        (Compare(left=ColumnValue(row="note", path=["rating"]), right=Const()),
         "note.rating is None"),
    ],
)  # fmt: skip
def test_predicates(scope: Scope, predicate: Predicate, code: str) -> None:
    assert compile_predicate(scope, predicate) == code


def test_errors_are_named_after_what_went_wrong() -> None:
    found = {error.name for error in ErrorRegistry(Backend(MODEL, MODEL.operations))}
    assert {
        "NoteNotFoundError", "NoteForbiddenError", "NotAuthenticatedError", "InvalidTokenError",
        "UsernameTakenError", "EmailTakenError", "InvalidCredentialsError", "UnparsableError",
        "InvalidLimitError", "ProfileForbiddenError",
    } <= found  # fmt: skip


def test_rules_share_the_shape_of_their_errors() -> None:
    shapes = Shapes(Backend(MODEL, MODEL.operations))
    assert len(shapes.shapes) == 1
    assert shapes.main is not None
    code = shape_code(Source("app/errors.py"), shapes.main)
    assert 'return {"errors": {given.field: [message]}}' in code


def test_relations_are_made_for_what_is_walked() -> None:
    backend = Backend(MODEL, MODEL.operations)
    note_relations(backend)
    found = {(item.entity, item.name): item.loaded for item in backend.relations.values()}
    assert found == {
        ("note", "author"): True,
        ("note", "notebook"): True,
        ("comment", "author"): True,
    }


def test_code_that_cannot_be_parsed_is_a_bug() -> None:
    with pytest.raises(FormatError, match=r"app/x\.py"):
        formatted({"app/x.py": "def broken(:\n"})
