"""Foreign keys that clients send."""

from harness.inference.model import ApiModel
from tests.inference.factories import Tape, model_of


def boards(tape: Tape, *, gone: bool) -> ApiModel:
    for number in (1, 2, 3):
        tape.add(
            "POST /boards", 201, {"id": number, "name": f"b{number}"}, body={"name": f"b{number}"}
        )
    for number, board in ((1, 1), (2, 2), (3, 1), (4, 3)):
        body = {"text": f"c{number}", "board_id": board}
        tape.add("POST /cards", 201, {"id": number, **body}, body=body)
        tape.add(f"GET /cards/{number}", 200, {"id": number, **body})
    for number in (1, 2):
        tape.add(f"GET /boards/{number}", 200, {"id": number, "name": f"b{number}"})
    if gone:
        tape.add("DELETE /boards/3", 204)
        tape.add("DELETE /boards/2", 204)
    return model_of(tape)


def test_a_key_that_nobody_looks_up_may_be_of_any_row() -> None:
    column = boards(Tape(), gone=False).entity("card").column("board_id")
    assert column.references is None
    assert column.type == "integer"


def test_rows_that_can_be_deleted_keep_their_references() -> None:
    column = boards(Tape(), gone=True).entity("card").column("board_id")
    assert column.references == "board"
