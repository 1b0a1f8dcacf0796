from typing import Any

from harness.inference.behaviours.writes import WriteFacts
from harness.inference.model import ColumnValue, Const, IfSent, InputValue
from tests.inference.factories import Tape, at, known
from tests.inference.lending_days import library_model

PATHS = ["/shelves", "/shelves/{id}", "/shelves/{id}/close", "/members", "/login", "/members/{id}"]


def written(tape: Tape, line: str) -> WriteFacts:
    method, path = line.split(" ")
    return known(tape, paths=PATHS).writes.operations[method, path]


def column(tape: Tape, name: str) -> Any:
    found = known(tape, paths=PATHS)
    shelf = next(each for each in found.world.drafts if each.name == "shelf")
    return found.writes.columns[id(shelf), name]


def shelf(number: int, label: str, **more: object) -> dict[str, object]:
    return {"id": number, "label": label, **more}


def added(tape: Tape, number: int, body: dict[str, Any], **answer: object) -> None:
    row = {"id": number, "label": body.get("label"), **answer}
    tape.add("POST /shelves", 201, row, body=body)


def test_a_creation_stores_what_was_sent() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A", "roomName": "east"}, roomName="east")
    added(tape, 2, {"label": "B", "roomName": "west"}, roomName="west")
    facts = written(tape, "POST /shelves")
    assert facts.values["label"] == InputValue(name="label")
    assert facts.values["room_name"] == InputValue(name="roomName")
    assert facts.inputs == {"label": "label", "room_name": "roomName"}


def test_fields_inside_an_envelope() -> None:
    tape = Tape()
    for number, label in ((1, "A"), (2, "B")):
        body = {"shelf": {"label": label}}
        tape.add("POST /shelves", 201, {"shelf": shelf(number, label)}, body=body)
    assert written(tape, "POST /shelves").inputs == {"label": "label"}


def test_a_blank_becomes_null() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A", "note": ""}, note=None)
    added(tape, 2, {"label": "B", "note": "dusty"}, note="dusty")
    assert written(tape, "POST /shelves").normalize == {"note": ["blank_to_null"]}


def test_text_is_stripped_and_lowered() -> None:
    tape = Tape()
    for number, (sent, kept) in enumerate([(" East ", "east"), ("WEST", "west"), ("x", "x")], 1):
        tape.add("POST /shelves", 201, shelf(number, kept), body={"label": sent})
    assert written(tape, "POST /shelves").normalize == {"label": ["strip", "lower"]}


def test_what_is_not_sent_has_a_default() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A"}, open=True, floor=0)
    added(tape, 2, {"label": "B", "floor": 3}, open=True, floor=3)
    assert column(tape, "open").default is True
    assert column(tape, "floor").default == 0
    assert written(tape, "POST /shelves").values["floor"] == InputValue(name="floor")


def test_keys_that_rise_are_a_sequence_in_each_recording() -> None:
    first, second = Tape("first"), Tape("second")
    for tape, numbers in ((first, (4, 5, 9)), (second, (1, 2))):
        for number in numbers:
            added(tape, number, {"label": f"{tape.name} {number}"})
    found = known(first, second, paths=PATHS)
    (draft,) = found.world.drafts
    made = found.writes.columns[id(draft), "id"].generated
    assert made is not None
    assert made.by == "sequence"


def test_a_copy_of_the_caller() -> None:
    tape = Tape()
    for name, token in (("ada", "a" * 20), ("bob", "b" * 20)):
        member = {"id": ord(name[0]), "name": name}
        tape.add("POST /members", 201, member, body={"name": name, "password": "x"})
        answer = {"token": token, "member": member}
        tape.add("POST /login", 200, answer, body={"name": name, "password": "x"})
        label = f"Shelf {len(tape.exchanges)}"
        row = shelf(len(tape.exchanges), label, signed=name)
        tape.add("POST /shelves", 201, row, body={"label": label}, token=token)
    facts = written(tape, "POST /shelves")
    assert facts.values["signed"] == ColumnValue(row="me", path=["name"])


def seeded() -> Tape:
    tape = Tape()
    added(tape, 1, {"label": "A", "note": "old", "floor": 1}, note="old", floor=1)
    added(tape, 2, {"label": "B", "note": "new", "floor": 2}, note="new", floor=2)
    return tape


def test_an_update_that_keeps_what_is_not_sent() -> None:
    tape = seeded()
    tape.add("PUT /shelves/1", 200, shelf(1, "C", note="old", floor=1), body={"label": "C"})
    facts = written(tape, "PUT /shelves/{id}")
    assert not facts.replace
    assert facts.inputs == {"label": "label", "note": "note", "floor": "floor"}


def test_an_update_that_loses_what_is_not_sent() -> None:
    tape = seeded()
    tape.add("PUT /shelves/1", 200, shelf(1, "C", note=None, floor=None), body={"label": "C"})
    tape.add(
        "PUT /shelves/2", 200, shelf(2, "B", note="x", floor=None), body={"label": "B", "note": "x"}
    )
    assert written(tape, "PUT /shelves/{id}").replace


def test_an_action_sets_what_nobody_sent() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A"}, open=True)
    added(tape, 2, {"label": "B"}, open=True)
    tape.add("POST /shelves/1/close", 200, shelf(1, "A", open=False))
    facts = written(tape, "POST /shelves/{id}/close")
    assert facts.values == {"open": Const(value=False)}
    assert not facts.inputs


def test_a_time_that_moves_with_updates_is_touched() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A"}, changed="2024-01-01T00:00:01Z")
    added(tape, 2, {"label": "B"}, changed="2024-01-01T00:00:02Z")
    answer = shelf(1, "C", changed="2024-01-01T00:00:03Z")
    tape.add("PATCH /shelves/1", 200, answer, body={"label": "C"})
    assert written(tape, "PATCH /shelves/{id}").touched == {"changed"}


def test_what_the_server_keeps_is_not_the_clients_to_set() -> None:
    tape = seeded()
    body = {"id": 77, "label": "C"}
    tape.add("PATCH /shelves/1", 200, shelf(1, "C", note="old", floor=1), body=body)
    assert "id" not in written(tape, "PATCH /shelves/{id}").inputs


def test_a_slug_with_a_suffix_on_a_clash_that_stays_when_the_title_changes() -> None:
    made = library_model().entity("book").column("slug").generated
    assert made is not None
    assert (made.by, made.of, made.suffix, made.follows) == ("slug", "title", 6, False)


def test_a_slug_that_follows_its_source() -> None:
    tape = Tape()
    for number, label in enumerate(("East Wing", "West Wing"), 1):
        slug = label.lower().replace(" ", "-")
        row = {"id": number, "label": label, "slug": slug}
        tape.add("POST /shelves", 201, row, body={"label": label})
    row = {"id": 1, "label": "North Wing", "slug": "north-wing"}
    tape.add("PATCH /shelves/1", 200, row, body={"label": "North Wing"})
    assert written(tape, "PATCH /shelves/{id}").follows == {"slug"}
    made = known(tape, paths=PATHS).entities.entities[0].column("slug").generated
    assert made is not None
    assert made.follows


def test_the_owner_is_the_caller() -> None:
    (effect,) = at(library_model(), "POST /api/books").effects
    assert effect.kind == "insert"
    assert effect.values["owner_id"] == ColumnValue(row="me", path=["id"])


def test_a_child_belongs_to_the_row_of_the_path() -> None:
    (effect,) = at(library_model(), "POST /api/books/{slug}/reviews").effects
    assert effect.kind == "insert"
    assert effect.values["book_id"] == ColumnValue(row="book", path=["id"])
    assert effect.values["member_id"] == ColumnValue(row="me", path=["id"])


def test_a_copy_takes_after_the_row_of_the_path() -> None:
    tape = Tape()
    for number, note in ((1, "dusty"), (2, "full")):
        added(tape, number, {"label": f"S{number}", "note": note}, note=note)
    for number in (1, 2):
        copy = {"id": number + 2, "label": f"Copy {number}", "note": "dusty"}
        row = {**copy, "note": ("dusty", "full")[number - 1]}
        tape.add(f"POST /shelves/{number}/close", 201, row, body={"label": f"Copy {number}"})
    facts = written(tape, "POST /shelves/{id}/close")
    assert facts.values["note"] == ColumnValue(row="id", path=["note"])


def test_a_constant_that_comes_with_another_field() -> None:
    tape = Tape()
    added(tape, 1, {"label": "A", "dueDate": "2030-01-01"}, dueDate="2030-01-01", late=False)
    added(tape, 2, {"label": "B"}, dueDate=None, late=None)
    added(tape, 3, {"label": "C", "dueDate": "2030-02-01"}, dueDate="2030-02-01", late=False)
    facts = written(tape, "POST /shelves")
    assert facts.values["late"] == IfSent(name="dueDate", value=False)
