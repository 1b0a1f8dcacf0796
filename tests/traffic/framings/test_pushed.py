"""What was pushed because of whose write, and who could have been told."""

from dataclasses import replace
from typing import Any

from harness.traffic.framings.pushed import Told, Write
from harness.traffic.framings.translate import translate
from tests.traffic.framings import conversations

ROW = '{"id":"n1","title":"Milk"}'
READ = ('420["get",{"url":"/notes/n1"}]', f'430[{{"statusCode":200,"body":{ROW}}}]')
WRITE = '421["patch",{"url":"/notes/n1","data":{"title":"Milk"}}]'
DONE = f'431[{{"statusCode":200,"body":{ROW}}}]'
TOLD = f'42["noteChanged",{ROW}]'


def written(*lines: tuple[str, str, Any]) -> Write:
    opening = [(name, ">", "40") for name in ("ann", "ben", "cem")]
    shown = [("ben", ">", READ[0]), ("ben", "<", READ[1])]
    (write,) = translate(conversations.meeting([*opening, *shown, *lines], "/socket.io/")).writes
    return write


def test_pushes_before_and_after_the_answer_belong_to_the_write() -> None:
    ask, done, told = ("ann", ">", WRITE), ("ann", "<", DONE), ("ben", "<", TOLD)
    write = written(ask, told, done)
    assert (write.method, write.path, write.by) == ("PATCH", "/notes/n1", 0)
    assert write.told == [Told(1, "noteChanged", ({"id": "n1", "title": "Milk"},), [])]


def test_who_knew_the_row_is_noted() -> None:
    write = written(("ann", ">", WRITE), ("ann", "<", DONE), ("ben", ">", "2"), ("cem", ">", "2"))
    assert write.aware["n1"] == {1}
    assert write.aware["notes"] == set()
    assert write.told == []


def test_writes_that_were_polled_together_are_all_noted() -> None:
    lines = [(name, "<", '0{"sid":"a"}') for name in ("ann", "ben")]
    lines += [("ann", ">", "40"), ("ben", ">", "40"), ("ben", ">", READ[0]), ("ben", "<", READ[1])]
    lines += [("ann", ">", f"{WRITE}\x1e{WRITE.replace('421', '422')}"), ("ann", "<", DONE)]
    lines += [("ann", "<", DONE.replace("431", "432")), ("ben", ">", "2")]
    query = "EIO=4&transport=websocket"
    meeting = conversations.polled(conversations.meeting(lines, "/socket.io/", query))
    assert [write.aware["n1"] for write in translate(meeting).writes] == [{1}, {1}]


def test_those_who_left_count_no_more() -> None:
    left = ("ben", ">", "41")
    write = written(left, ("ann", ">", WRITE), ("ann", "<", DONE), ("ben", ">", "2"))
    assert write.aware["n1"] == set()


def phoenix(who: str, way: str, *message: Any) -> tuple[str, str, Any]:
    return who, way, [*message]


def test_those_who_left_a_topic_or_were_refused_are_not_in_it() -> None:
    ok, no = {"status": "ok", "response": {}}, {"status": "error", "response": {"reason": "no"}}
    lines = [
        phoenix(who, way, "1", "1", "notes:lobby", name, said)
        for who, answer in (("ann", ok), ("ben", ok), ("cem", no))
        for way, name, said in ((">", "phx_join", {}), ("<", "phx_reply", answer))
    ]
    lines += [
        phoenix("ben", ">", "1", "2", "notes:lobby", "phx_leave", {}),
        phoenix("ben", "<", "1", "2", "notes:lobby", "phx_reply", ok),
        phoenix("ben", "<", "1", None, "notes:lobby", "phx_close", {}),
        phoenix("ann", ">", "1", "2", "notes:lobby", "create_note", {"title": "Milk"}),
        phoenix("ann", "<", "1", "2", "notes:lobby", "phx_reply", ok),
    ]
    lines += [phoenix(who, ">", None, "9", "phoenix", "heartbeat", {}) for who in ("ben", "cem")]
    (write,) = translate(conversations.meeting(lines)).writes
    assert write.present == {0, 1, 2}
    assert write.joined == {0: ("notes:lobby",)}


def test_pushes_of_something_else_are_left_out() -> None:
    other = '42["noteChanged",{"id":"n2"}]'
    write = written(("ann", ">", WRITE), ("ben", "<", other), ("ann", "<", DONE))
    assert write.told == []


def test_pushes_to_the_writer_count_too() -> None:
    write = written(("ann", ">", WRITE), ("ann", "<", TOLD), ("ann", "<", DONE))
    assert [each.to for each in write.told] == [0]


def test_reading_and_refused_requests_are_no_writes() -> None:
    assert all(
        write.method != "GET" for write in translate(conversations.virtual_requests()).writes
    )
    assert len(translate(conversations.virtual_requests()).writes) == 6


def test_clocks_of_several_pages_may_differ_a_little() -> None:
    """What ben is told bears a time just before the second write, which it is because of."""
    first, second = [row.replace("Milk", title) for row, title in ((ROW, "Tea"), (ROW, "Salt"))]
    lines = [(name, ">", "40") for name in ("ann", "ben")]
    for number, row in ((1, first), (2, second)):
        asked = f'42{number}["patch",{{"url":"/notes/n1","data":{row}}}]'
        lines += [("ann", ">", asked), ("ben", "<", f'42["noteChanged",{row}]')]
        lines.append(("ann", "<", f'43{number}[{{"statusCode":200,"body":{row}}}]'))
    lines.append(("ben", ">", "2"))
    exchanges = conversations.meeting(lines, "/socket.io/")
    asked, told = [each for each in exchanges if b"Salt" in each.message][:2]
    early = replace(told, started=asked.started - 0.01)
    kept = [early if each is told else each for each in exchanges]
    assert [len(write.told) for write in translate(kept).writes] == [1, 1]
