import json

import pytest

from harness.traffic.exchange import Request
from harness.verify.translate import Translator
from tests.verify.dialogue import LIVE, RECORDED, Dialogue, answer

OLD, NEW = "5deebf8e-39b8-487d-857d-1df2d2b300f7", "2d686cf4-744e-4a26-ad2e-38b0146a8b1c"
OLD_TOKEN, NEW_TOKEN = "9f86d081884c7d659a2feaa0c55ad015", "3fdba35f04dc8c462986c992bcf87554"


@pytest.fixture
def translator() -> Translator:
    dialogue = Dialogue()
    dialogue.step(
        "POST /notes",
        answer({"id": 4, "key": OLD, "token": OLD_TOKEN, "slug": "rain-8aea82fd"}),
        answer({"id": 7, "key": NEW, "token": NEW_TOKEN, "slug": "rain-95d84733"}),
    )
    return Translator(dialogue.bindings, {RECORDED: LIVE})


def request(path: str = "/", query: str = "", body: bytes = b"", **headers: str) -> Request:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request("POST", "https", "app.example.test", path, query, named, body)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/notes/4", "", "/notes/7"),
        ("/notes/4/stars/4", "", "/notes/7/stars/7"),
        ("/v4/pages/44", "", "/v4/pages/44"),
        (f"/keys/{OLD}", "", f"/keys/{NEW}"),
        (f"/keys/key:{OLD}", "", f"/keys/key:{NEW}"),
        ("/by/rain-8aea82fd", "", "/by/rain-95d84733"),
        ("/caf%C3%A9/a%2Fb", "", "/caf%C3%A9/a%2Fb"),
        ("/notes", "limit=4&noteId=4", "/notes?limit=4&noteId=7"),
        ("/notes", "q=a+b%20c&empty=&flag", "/notes?q=a+b%20c&empty=&flag"),
        ("/notes", f"key={OLD}", f"/notes?key={NEW}"),
        ("/notes", "id=4", "/notes?id=7"),
    ],
)  # fmt: skip
def test_targets(translator: Translator, path: str, query: str, expected: str) -> None:
    assert translator.target(request(path, query)) == expected


def test_headers_keep_what_is_the_users(translator: Translator) -> None:
    sent = translator.headers(
        request(
            Authorization=f"Bearer {OLD_TOKEN}",
            Cookie=f"sid={OLD_TOKEN}; theme=dark",
            Referer=f"{RECORDED}/notes/4",
            Host="app.example.test",
            Content_Length="5",
            If_None_Match="x",
            Accept="*/*",
        )
    )
    assert dict(sent) == {
        "Authorization": f"Bearer {NEW_TOKEN}",
        "Cookie": f"sid={NEW_TOKEN}; theme=dark",
        "Referer": f"{LIVE}/notes/7",
        "Accept": "*/*",
    }


def test_json_bodies(translator: Translator) -> None:
    value = {
        "noteId": 4, "stars": 4, "note": {"id": 4}, "keys": [OLD], "title": "4",
        "url": f"{RECORDED}/notes/4", "text": f"see {OLD}!",
    }  # fmt: skip
    body = translator.body(request(body=json.dumps(value).encode()))
    assert json.loads(body) == {
        "noteId": 7, "stars": 4, "note": {"id": 7}, "keys": [NEW], "title": "4",
        "url": f"{LIVE}/notes/7", "text": f"see {NEW}!",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b'{"a":1 ,"b":1.50}', b"{broken", b"\xff\xfe", "é".encode(), b'{"a":"\\u00e9"}']
)
def test_bodies_without_bound_values_are_sent_as_they_were(
    translator: Translator, body: bytes
) -> None:
    assert translator.body(request(body=body)) == body


def test_forms(translator: Translator) -> None:
    body = f"key={OLD}&username=a%40b&n=4".encode()
    form = request(body=body, Content_Type="application/x-www-form-urlencoded")
    assert translator.body(form) == f"key={NEW}&username=a%40b&n=4".encode()
