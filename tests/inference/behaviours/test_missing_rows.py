"""Answers for rows that do not exist."""

from tests.inference.factories import Tape, at, model_of


def pets(tape: Tape) -> Tape:
    for number, name in ((41, "rex"), (42, "tom"), (43, "ivy")):
        tape.add("POST /pets", 201, {"id": number, "name": name}, body={"name": name}, token="x")
        tape.add(f"GET /pets/{number}", 200, {"id": number, "name": name}, token="x")
    for number in (98, 99):
        tape.add(f"GET /pets/{number}", 404, {"error": f"Pet {number} is not here"}, token="x")
    return tape


def test_the_answer_for_a_missing_row_is_said_of_other_rows() -> None:
    tape = pets(Tape())
    for number, city in ((7, "Oslo"), (8, "Rome"), (9, "Bern")):
        tape.add("POST /shops", 201, {"id": number, "city": city}, body={"city": city})
        tape.add(f"GET /shops/{number}", 200, {"id": number, "city": city})
    [check] = at(model_of(tape), "GET /shops/{id}").checks
    assert check.assumed
    assert check.response is not None
    assert check.response.body is not None
    said = check.response.body.model_dump()["fields"]["error"]
    assert said["text"] == "Shop {id} is not here"
    assert said["values"]["id"]["name"] == "id"


def test_lists_below_rows_that_do_not_exist_are_empty() -> None:
    tape = pets(Tape())
    for number, pet in ((1, 41), (2, 42), (3, 41)):
        body = {"text": f"n{number}", "pet_id": pet}
        tape.add("POST /notes", 201, {"id": number, **body}, body=body)
    tape.add("GET /pets/41/notes", 200, [
        {"id": 1, "text": "n1", "pet_id": 41}, {"id": 3, "text": "n3", "pet_id": 41},
    ])  # fmt: skip
    tape.add("GET /pets/42/notes", 200, [{"id": 2, "text": "n2", "pet_id": 42}])
    tape.add("DELETE /pets/43", 204, token="x")
    tape.add("GET /pets/43/notes", 200, [])
    operation = at(model_of(tape), "GET /pets/{id}/notes")
    assert operation.checks == []
    assert operation.lookups == []
