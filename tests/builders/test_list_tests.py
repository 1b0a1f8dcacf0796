import re

from harness.builders.offline import generate
from harness.builders.offline.list_tests import items_of
from tests.builders.notes_model import MODEL


def test_every_filter_of_a_list_has_a_test() -> None:
    written = generate(MODEL)["tests/test_notes.py"]
    assert set(re.findall(r"def test_list_notes_by_(\w+)", written)) == {
        "tag", "author", "liked_by",
    }  # fmt: skip


def test_the_rows_of_an_answer_are_found() -> None:
    assert items_of(MODEL.operation("list_notes")) == 'response.json()["notes"]'
    assert items_of(MODEL.operation("read_note")) == ""
