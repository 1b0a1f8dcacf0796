from dataclasses import replace

import pytest

from harness.inference.observe import UNPARSABLE, Observation, at, split_credential
from harness.traffic.exchange import Exchange
from tests.inference.factories import Tape, observations

PATHS = ["/books", "/books/{slug}"]


def seen(*exchanges: Exchange) -> list[Observation]:
    tape = Tape()
    tape.exchanges = list(exchanges)
    return observations(tape, paths=PATHS)


def sent(body: bytes, content_type: str = "application/json") -> Observation:
    made = Tape().add("POST /books", 201, {})
    request = replace(made.request, body=body, headers=(("Content-Type", content_type),))
    return seen(replace(made, request=request))[0]


def test_an_observation_says_what_was_asked_and_answered() -> None:
    tape = Tape("monday")
    tape.add("GET /books/night%20ferry?full=1&x", 200, {"slug": "night ferry"}, token="t0ken")
    (each,) = observations(tape, paths=PATHS)
    assert each.id == "monday#1"
    assert each.key == ("GET", "/books/{slug}")
    assert each.params == {"slug": "night ferry"}
    assert each.query == [("full", "1"), ("x", "")]
    assert each.answer == {"slug": "night ferry"}
    assert each.is_json
    assert each.ok
    assert (each.scheme, each.credential, each.credential_header) == (
        "Bearer",
        "t0ken",
        "authorization",
    )


def test_what_teaches_nothing_is_passed_over() -> None:
    tape = Tape()
    tape.add("GET /books", None)
    tape.add("GET /books", 304)
    tape.add("GET /books", 503, {"error": "busy"})
    message = replace(tape.add("GET /books", 101), channel="received", message=b"{}")
    tape.exchanges.append(message)
    tape.add("GET /books", 200, [])
    assert [each.seq for each in observations(tape, paths=PATHS)] == [6]


def test_a_path_without_a_template_is_its_own_key() -> None:
    tape = Tape()
    tape.add("GET /elsewhere", 404, {"error": "nothing here"})
    assert observations(tape, paths=PATHS)[0].key == ("GET", "/elsewhere")


def test_indexes_go_on_over_recordings() -> None:
    first, second = Tape("first"), Tape("second")
    first.add("GET /books", 200, [])
    second.add("GET /books", 200, [])
    found = observations(first, second, paths=PATHS)
    assert [(each.index, each.id) for each in found] == [(0, "first#1"), (1, "second#1")]


@pytest.mark.parametrize(
    ("value", "scheme", "token"),
    [
        ("Bearer abc.def", "Bearer", "abc.def"),
        ("Token  abc ", "Token", "abc"),
        ("Bearer", "Bearer", None),
        ("9f8e7d6c5b4a39281706", "", "9f8e7d6c5b4a39281706"),
        ("", "", None),
    ],
)
def test_credentials_are_split_from_their_scheme(
    value: str, scheme: str, token: str | None
) -> None:
    assert split_credential(value) == (scheme, token)


def test_an_api_key_header_is_a_credential() -> None:
    tape = Tape()
    tape.add("GET /books", 200, [], headers={"X-Api-Key": "k3y-0f-the-library"})
    (each,) = observations(tape, paths=PATHS)
    assert (each.credential_header, each.credential) == ("x-api-key", "k3y-0f-the-library")


def test_request_bodies_by_their_content_type() -> None:
    assert sent(b'{"title": "A"}').body == {"title": "A"}
    assert sent(b"{title").body is UNPARSABLE
    assert sent(b"").body is None
    form = sent(b"title=A%20B&note=", "application/x-www-form-urlencoded")
    assert form.body == {"title": "A B", "note": ""}


def test_multipart_fields_without_their_files() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nNight Ferry\r\n'
        b'--x\r\nContent-Disposition: form-data; name="cover"; filename="c.png"\r\n\r\n\x89PNG\r\n'
        b"--x--\r\n"
    )
    assert sent(body, "multipart/form-data; boundary=x").body == {"title": "Night Ferry"}


def test_an_answer_that_is_not_json_is_its_text() -> None:
    made = Tape().add("GET /books", 404)
    assert made.response is not None
    text = replace(made, response=replace(made.response, body=b"no such shelf"))
    (each,) = seen(text)
    assert (each.answer, each.is_json) == ("no such shelf", False)


def test_at_steps_into_objects_and_over_lists() -> None:
    answer = {"books": [{"owner": {"name": "ada"}}, {"owner": {"name": "bob"}}, {}], "total": 3}
    assert at(answer, ("books", "[]", "owner", "name")) == ["ada", "bob"]
    assert at(answer, ("total",)) == [3]
    assert at(answer, ("total", "[]")) == []
    assert at([1, 2], ("[]",)) == [1, 2]


def test_texts_that_were_offered_later_were_given_as_credentials() -> None:
    token = "a" * 16
    tape = Tape()
    tape.add("POST /books", 201, {"item": token, "other": "b" * 16})
    tape.add("GET /books", 200, [], token=token)
    tape.add("GET /books", 200, {"item": token}, token=token)
    given = [each.given for each in observations(tape, paths=PATHS)]
    assert given == [{token}, set(), set()]
