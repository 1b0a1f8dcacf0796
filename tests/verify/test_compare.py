import pytest

from harness.traffic.exchange import Response
from tests.verify.dialogue import JSON, LIVE, RECORDED, Dialogue, answer, differences

ARTICLE = {
    "title": "Rain",
    "tags": ["wet", "grey"],
    "stars": 2,
    "starred": False,
    "image": None,
    "author": {"name": "ada", "followed": True},
}


def test_equal_answers_do_not_differ_in_whitespace_or_the_order_of_keys() -> None:
    spaced = Response(200, JSON, b'{ "b": [1, 2],\n  "a": "x" }')
    assert Dialogue().step("GET /things", spaced, Response(200, JSON, b'{"a":"x","b":[1,2]}')) == []


@pytest.mark.parametrize(
    ("change", "level", "path"),
    [
        ({"title": "Snow"}, "exact", "$.title"),
        ({"title": 5}, "shape", "$.title"),
        ({"title": None}, "shape", "$.title"),
        ({"image": ""}, "shape", "$.image"),
        ({"tags": ["grey", "wet"]}, "exact", "$.tags[0]"),
        ({"tags": ["wet"]}, "exact", "$.tags.length"),
        ({"tags": []}, "exact", "$.tags.length"),
        ({"tags": ["wet", "grey", "cold"]}, "exact", "$.tags.length"),
        ({"tags": None}, "shape", "$.tags"),
        ({"stars": 3}, "exact", "$.stars"),
        ({"stars": 2.0}, "exact", "$.stars"),
        ({"stars": "2"}, "shape", "$.stars"),
        ({"stars": True}, "shape", "$.stars"),
        ({"starred": True}, "exact", "$.starred"),
        ({"starred": 0}, "shape", "$.starred"),
        ({"author": {"name": "ada", "followed": False}}, "exact", "$.author.followed"),
        ({"author": {"name": "ada"}}, "shape", "$.author.followed"),
        ({"author": "ada"}, "shape", "$.author"),
        ({"extra": None}, "shape", "$.extra"),
    ],
)
def test_every_single_change_is_seen(change: dict[str, object], level: str, path: str) -> None:
    found = differences({"article": ARTICLE}, {"article": ARTICLE | change})
    assert (level, path.replace("$", "$.article", 1)) in found


@pytest.mark.parametrize("key", list(ARTICLE))
def test_a_lost_field_is_seen(key: str) -> None:
    rest = {name: value for name, value in ARTICLE.items() if name != key}
    assert differences(ARTICLE, rest) == [("shape", f"$.{key}")]


def test_the_order_of_a_list_is_compared() -> None:
    rows = [{"name": "a", "n": 1}, {"name": "b", "n": 2}]
    assert differences({"rows": rows}, {"rows": rows[::-1]})


def test_an_element_of_another_shape_beyond_the_recorded_ones_is_a_matter_of_shape() -> None:
    found = differences([{"a": 1}], [{"a": 1}, {"b": 1}])
    assert found == [("shape", "$[1]"), ("exact", "$.length")]


def test_another_status_says_nothing_about_the_rest() -> None:
    found = Dialogue().step("GET /x", answer({"a": 1}, 403), answer({"b": 2}, 404))
    assert [(item.level, item.expected, item.actual) for item in found] == [("status", 403, 404)]


def test_another_error_body_is_seen() -> None:
    recorded = answer({"errors": {"body": ["can't be blank"]}}, 422)
    live = answer({"errors": {"body": ["can't be empty"]}}, 422)
    found = Dialogue().step("POST /x", recorded, live)
    assert [(item.level, item.path) for item in found] == [("exact", "$.errors.body[0]")]


@pytest.mark.parametrize(
    ("recorded", "live", "level"),
    [
        (b"", b"{}", "shape"),
        (b"null", b"", "shape"),
        (b'{"a":1}', b"<p>oops</p>", "shape"),
        (b"Not Found", b"Not found", "exact"),
        (b"Not Found", b"", "shape"),
        (b"\xff\x00", b"\xff\x01", "exact"),
    ],
)
def test_bodies_that_are_no_json_compare_as_text(recorded: bytes, live: bytes, level: str) -> None:
    text = (("Content-Type", "text/plain"),)
    found = Dialogue().step("GET /x", Response(200, text, recorded), Response(200, text, live))
    assert [item.level for item in found] == [level]


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (("Content-Type", "application/json; charset=utf-8"), ("Content-Type", "application/json")),
        (("Content-Type", "text/html"), ("Content-Type", "application/json")),
        (("Link", '</things?page=2>; rel="next"'), None),
        (("Link", '</things?page=2>; rel="next"'), ("Link", '</things?page=3>; rel="next"')),
        (("X-Total-Count", "12"), ("X-Total-Count", "11")),
        (("X-Total-Count", "12"), None),
        (None, ("X-Next-Page", "2")),
        (("Location", "/things/rain"), ("Location", "/things/snow")),
        (("Location", "/things/rain"), None),
        (("Allow", "GET, POST"), ("Allow", "GET")),
        (("WWW-Authenticate", "Bearer"), None),
        (("Set-Cookie", "sid=abc; Path=/"), None),
        (("Set-Cookie", "sid=abc; Path=/"), ("Set-Cookie", "session=abc; Path=/")),
        (("Set-Cookie", "sid=; Max-Age=0"), ("Set-Cookie", "sid=abc")),
    ],
)
def test_headers_that_clients_read_are_compared(
    recorded: tuple[str, str] | None, live: tuple[str, str] | None
) -> None:
    one = Response(200, (recorded,) if recorded else (), b"")
    other = Response(200, (live,) if live else (), b"")
    assert [item.level for item in Dialogue().step("GET /things", one, other)] == ["exact"]


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (("Content-Type", "application/json;charset=UTF-8"),) * 2,
        (
            ("content-type", 'application/json; charset="utf-8"'),
            ("Content-Type", "application/json;charset=UTF-8"),
        ),
        (("Allow", "GET, POST"), ("allow", "post,get")),
        (("Date", "Sat, 21 Nov 2026 03:23:33 GMT"), ("Date", "Sun, 22 Nov 2026 03:23:33 GMT")),
        (("Server", "one"), ("X-Powered-By", "other")),
        (("Location", f"{RECORDED}/things/rain"), ("Location", f"{LIVE}/things/rain")),
        (("Link", ""), ("Server", "other")),
    ],
)
def test_other_spellings_and_other_headers_are_no_differences(
    recorded: tuple[str, str], live: tuple[str, str]
) -> None:
    one, other = Response(200, (recorded,), b""), Response(200, (live,), b"")
    assert Dialogue().step("GET /things", one, other) == []


def test_urls_of_the_original_are_expected_at_the_live_origin() -> None:
    page = {"next": f"{RECORDED}/things?page=2", "text": f"see {RECORDED}/about"}
    moved = {"next": f"{LIVE}/things?page=2", "text": f"see {LIVE}/about"}
    assert differences(page, moved) == []
    assert len(differences(page, page)) == 2


def test_the_answer_to_head_has_no_body_to_compare() -> None:
    assert Dialogue().step("HEAD /x", Response(200, JSON, b""), Response(200, JSON, b"")) == []


def test_exempt_paths_keep_their_shape() -> None:
    dialogue = Dialogue()
    assert dialogue.step("GET /x", answer({"load": 0.5}), answer({"load": 0.7}))
