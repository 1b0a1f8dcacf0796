import base64
import time

import pytest

from harness.capture.page_facts import PageFacts

URL = "http://app.test/events"


def stream(number: str, **more: object) -> dict[str, object]:
    return {"kind": "stream", "id": number, "method": "GET", "url": URL, **more}


def chunk(number: str, text: str) -> dict[str, object]:
    return {"kind": "chunk", "id": number, "text": text}


def test_streams_of_one_address_end_in_the_order_in_which_they_began() -> None:
    facts = PageFacts()
    for fact in (stream("a"), stream("b"), chunk("b", "2"), chunk("a", "1"), chunk("a", "!")):
        facts.add(fact)
    assert [facts.brought("GET", URL) for _ in range(3)] == [b"1!", b"2", b""]


def test_an_event_source_goes_on_after_it_connected_again() -> None:
    facts = PageFacts()
    facts.add(stream("a", lasts=True))
    brought = []
    for text in ("one", "two"):
        facts.add(chunk("a", text))
        brought.append(facts.brought("GET", URL))
    assert brought == [b"one", b"two"]


def test_bodies_and_protocols_belong_to_the_next_request() -> None:
    facts = PageFacts()
    data = base64.b64encode(b"\x00\xff").decode()
    facts.add({"kind": "body", "method": "PUT", "url": URL, "type": "image/png", "parts": [data]})
    facts.add({"kind": "socket", "url": URL, "protocols": ["graphql-ws"]})
    body = facts.body("PUT", URL)
    assert body is not None
    assert (body.media, body.content) == ("image/png", b"\x00\xff")
    assert facts.body("PUT", URL) is None
    assert facts.protocols(URL) == ["graphql-ws"]
    assert facts.protocols(URL) == []


@pytest.mark.parametrize("fact", [{}, {"kind": "body"}, chunk("unknown", "x"), {"kind": 1}])
def test_what_makes_no_sense_is_passed_over(fact: dict[str, object]) -> None:
    facts = PageFacts()
    facts.add(fact)
    assert facts.brought("GET", URL) == b""


def answer(text: str, status: int = 200) -> dict[str, object]:
    parts = [base64.b64encode(text.encode()).decode()]
    return {"kind": "answer", "method": "GET", "url": URL, "status": status, "parts": parts}


def test_an_answer_is_that_of_a_request_made_before_it() -> None:
    facts = PageFacts()
    facts.add(answer("early"))
    after = facts.number
    assert facts.answer("GET", URL, 200, after) is None
    for fact in (answer("refused", 403), answer("late"), answer("later")):
        facts.add(fact)
    assert facts.answer("POST", URL, 200, after) is None
    told = [facts.answer("GET", URL, 200, after) for _ in range(3)]
    assert told == [b"late", b"later", None]
    assert facts.answer("GET", URL, 403, after) == b"refused"


def test_answers_that_nobody_missed_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, now = PageFacts(), time.monotonic()
    facts.add(answer("old"))
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    facts.add(answer("new"))
    assert [facts.answer("GET", URL, 200, 0) for _ in range(2)] == [b"new", None]
