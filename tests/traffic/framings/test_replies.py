"""Which pushes say what calls came to, where nothing answers those."""

from typing import Any

from harness.traffic.framings.translate import translate
from tests.traffic.framings.conversations import meeting, messages
from tests.traffic.framings.test_translate import told

TASK = {"id": "t1", "title": "Milk"}


def asked(kind: str, **members: Any) -> tuple[str, dict[str, Any]]:
    return ">", {"type": kind, **members}


def pushed(kind: str, **members: Any) -> tuple[str, dict[str, Any]]:
    return "<", {"type": kind, **members}


def test_what_is_pushed_of_the_same_kind_answers() -> None:
    exchanges = messages(
        [
            asked("getTasks"),
            pushed("taskCreated", task={"id": "t2", "title": "Bread"}),
            pushed("tasks", tasks=[TASK]),
            asked("getTask", id="t1"),
            pushed("task", task=TASK),
        ]
    )
    assert told(exchanges) == [
        ("GET", "/tasks", None, 200, {"tasks": [TASK]}),
        ("GET", "/tasks/t1", None, 200, {"task": TASK}),
    ]


def test_the_only_push_after_every_call_answers() -> None:
    session = {"token": "abcdefghij", "name": "ann"}
    exchanges = messages(
        [
            asked("login", name="ann", password="a secret"),
            pushed("session", **session),
            pushed("news", text="Hello"),
            asked("login", name="ann", password="a secret"),
            pushed("session", **session),
            asked("getTasks"),
            pushed("tasks", tasks=[]),
        ]
    )
    login, _, tasks = translate(exchanges).exchanges.values()
    assert login[0].response is not None
    assert login[0].response.body == b'{"token":"abcdefghij","name":"ann"}'
    assert tasks[0].request.header("authorization") == "Bearer abcdefghij"


def test_what_tells_of_another_deed_does_not_answer() -> None:
    exchanges = messages(
        [asked("hello"), pushed("taskCreated", task=TASK), asked("hello"), asked("bye")]
    )
    assert told(exchanges) == []


def test_errors_refuse_the_call_before_them() -> None:
    lost = {"code": 404, "message": "Task not found"}
    exchanges = messages(
        [
            asked("getTask", id="t1"),
            pushed("task", task=TASK),
            asked("getTask", id="t2"),
            pushed("error", **lost),
            asked("deleteTask", id="t2"),
            pushed("error", **lost),
        ]
    )
    assert told(exchanges)[1:] == [
        ("GET", "/tasks/t2", None, 404, lost),
        ("DELETE", "/tasks/t2", None, 404, lost),
    ]


def test_what_an_envelope_holds_names_itself() -> None:
    channel = '{"channel":"TasksChannel"}'
    lines = [
        (">", {"command": "message", "identifier": channel, "data": '{"action":"get_tasks"}'}),
        ("<", {"identifier": channel, "message": {"type": "tasks", "tasks": [TASK]}}),
    ]
    assert told(messages(lines)) == [("GET", "/tasks", None, 200, {"tasks": [TASK]})]


def test_answers_to_readers_are_not_told_because_of_writes() -> None:
    lines = [
        ("ann", *asked("createTask", title="Milk")),
        ("ann", *pushed("task", task=TASK)),
        ("ben", *asked("getTask", id="t1")),
        ("ben", *pushed("task", task=TASK)),
    ]
    (write,) = translate(meeting(lines)).writes
    assert [(each.to, each.name) for each in write.told] == [(0, "task")]
