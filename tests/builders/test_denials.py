from harness.builders.offline import generate
from harness.builders.offline.denials import described
from harness.inference.model import ColumnValue, Compare, Const, Linked, Not, Operation
from tests.builders.notes_model import MODEL

UPDATE = MODEL.operation("update_note")
MINE = Compare(
    left=ColumnValue(row="note", path=["author_id"]), right=ColumnValue(row="me", path=["id"])
)


def told(predicate: Compare | Linked | Not, operation: Operation = UPDATE) -> str:
    return described(predicate, operation)


def test_conditions_are_said_in_a_few_words() -> None:
    active = Compare(left=ColumnValue(row="me", path=["is_active"]), right=Const(value=True))
    assert told(MINE) == "of_oneself"
    assert told(Not(of=MINE)) == "of_somebody_else"
    assert told(active) == "when_active"
    assert told(Not(of=active)) == "unless_active"


def test_links_are_there_or_made_twice() -> None:
    liked = Linked(link="like", row="note")
    assert told(liked) == "with_like"
    assert told(Not(of=liked)) == "without_like"
    assert told(liked, MODEL.operation("like_note")) == "twice"


def test_what_no_word_says_gets_no_name() -> None:
    odd = Compare(left=ColumnValue(row="note", path=["title"]), right=Const(value="Hello"))
    assert told(odd) == ""


def test_every_refusal_has_a_test() -> None:
    written = generate(MODEL)["tests/test_notes.py"] + generate(MODEL)["tests/test_profiles.py"]
    for name in ("update_note_of_somebody_else", "follow_profile_twice",
                 "follow_profile_of_oneself", "unfollow_profile_without_follow",
                 "list_notes_with_malformed_limit"):  # fmt: skip
        assert f"async def test_{name}(" in written
