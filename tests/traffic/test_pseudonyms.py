import base64
import json
from typing import Any

import jwt
import pytest

from harness.traffic.exchange import Exchange
from harness.traffic.pseudonyms import Pseudonyms
from tests.traffic.captures import exchange

KEY = b"k" * 32
TOKEN = jwt.encode(
    {"sub": "user-81", "exp": 1795231713, "type": "access", "jti": "Q9xT7vB2"}, "s" * 32
)
LONG = "Zk3mQ9xT7vB2nL5cPw8R"


def apply(one: Exchange, pseudonyms: Pseudonyms | None = None) -> Exchange:
    return (pseudonyms or Pseudonyms(KEY)).apply(one)


def sent(value: Any, **extra: Any) -> Exchange:
    return exchange("POST", body=json.dumps(value).encode(), **extra)


def body_of(one: Exchange) -> Any:
    return json.loads(one.request.body)


def answer_of(one: Exchange) -> Any:
    assert one.response is not None
    return json.loads(one.response.body)


def answered(value: Any, **extra: Any) -> Exchange:
    return exchange(answer=json.dumps(value).encode(), **extra)


@pytest.mark.parametrize(
    "name",
    [
        "password", "newPassword", "current_password", "password_confirmation", "password2", "pwd",
        "token", "accessToken", "refresh_token", "client_secret", "apiKey", "API-KEY", "x_api_key",
        "private_key", "jwt", "csrfToken", "otp", "pin", "smtpPassword", "verification_code",
    ],
)  # fmt: skip
def test_values_under_secret_names_are_replaced_at_any_depth(name: str) -> None:
    made = apply(sent({"a": [{"b": {name: "Secret-Value-1", "other": "Other-Value-1"}}]}))
    inner = body_of(made)["a"][0]["b"]
    assert inner["other"] == "Other-Value-1"
    assert inner[name] != "Secret-Value-1"
    assert len(inner[name]) == 14
    assert inner[name][6::6] == "--"


@pytest.mark.parametrize(
    "value",
    [
        {"token_type": "bearer", "expires_in": 3600, "grant_type": "password"},
        {"token": ["is missing"], "password": ["can't be blank"]},
        {"errors": {"password": "is too short", "token": "expired"}},
        {"passwordResetRequired": True, "token": None, "password": "", "secret": False},
        {"password_updated_at": "2026-01-01T00:00:00Z", "token_url": "https://a.test/token"},
        {"key": "ENG-12", "code": "E_FORBIDDEN", "author": "Ann", "keyboard": "qwerty"},
        {"token": "null", "authorization": "undefined", "hasPassword": "yes"},
        {"session": "Morning session", "sid": "7", "session_id": 12, "tokens": 5},
        {"cookies": "accepted", "pinned": "no", "passenger": "Bob", "secretary": "Eve"},
    ],
)
@pytest.mark.parametrize("status", [200, 422])
def test_what_is_not_secret_stays(value: Any, status: int) -> None:
    one = answered(value, status=status)
    assert apply(one) == one


def test_only_the_bytes_of_the_secret_change() -> None:
    body = b'{ "b" : 1.50,\n "password":  "Secret-Value-1", "\xc3\xa4":"\\u00e4" , "a":[ ] }'
    made = apply(exchange("POST", body=body)).request.body
    assert len(made) == len(body)
    start = body.index(b"Secret")
    assert made[:start] == body[:start]
    assert made[start + 14 :] == body[start + 14 :]


def test_a_token_is_the_same_wherever_it_turns_up() -> None:
    pseudonyms = Pseudonyms(KEY)
    login = apply(answered({"user": {"token": TOKEN}}), pseudonyms)
    stand_in = answer_of(login)["user"]["token"]
    used = apply(
        exchange(
            "POST",
            f"/reset/{TOKEN}",
            query=f"next=/a&access_token={TOKEN}",
            headers=(
                ("Authorization", f"Token {TOKEN}"),
                ("Cookie", f"theme=dark; jwt={TOKEN}"),
                ("Referer", f"https://a.test/?t={TOKEN}"),
            ),
            body=json.dumps({"text": f"see <{TOKEN}>!"}).encode(),
        ),
        pseudonyms,
    )
    assert used.request.path == f"/reset/{stand_in}"
    assert used.request.query == f"next=/a&access_token={stand_in}"
    assert [value for _, value in used.request.headers] == [
        f"Token {stand_in}",
        f"theme=dark; jwt={stand_in}",
        f"https://a.test/?t={stand_in}",
    ]
    assert body_of(used) == {"text": f"see <{stand_in}>!"}
    received = exchange(status=None, channel="received", message=f'42["x","{TOKEN}"]'.encode())
    assert apply(received, pseudonyms).message == f'42["x","{stand_in}"]'.encode()


def test_a_jwt_stays_a_jwt() -> None:
    stand_in = answer_of(apply(answered({"token": TOKEN})))["token"]
    assert jwt.get_unverified_header(stand_in) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(stand_in, options={"verify_signature": False, "verify_exp": False})
    assert (claims["exp"], claims["type"]) == (1795231713, "access")
    assert claims["sub"] != "user-81"
    assert claims["jti"] != "Q9xT7vB2"
    assert [len(part) for part in stand_in.split(".")] == [len(part) for part in TOKEN.split(".")]
    assert stand_in.split(".")[2] != TOKEN.split(".")[2]


def test_a_malformed_token_stays_malformed() -> None:
    made = apply(exchange(headers=(("authorization", "Token not.a.jwt"),)))
    value = made.request.header("authorization")
    assert value is not None
    assert [len(part) for part in value.removeprefix("Token ").split(".")] == [3, 1, 3]
    with pytest.raises(jwt.DecodeError):
        jwt.decode(value.removeprefix("Token "), options={"verify_signature": False})


def test_equal_secrets_map_equally_however_they_are_written() -> None:
    pseudonyms = Pseudonyms(KEY)
    password = 'Pä"ss 7/wörd&+x'
    as_json = body_of(apply(sent({"password": password}), pseudonyms))["password"]
    form = b"user=a&password=P%C3%A4%22ss+7%2Fw%C3%B6rd%26%2Bx"
    kind = (("content-type", "application/x-www-form-urlencoded"),)
    apply(exchange("POST", body=form, headers=kind), pseudonyms)
    as_form = apply(exchange("POST", body=form, headers=kind), pseudonyms).request.params
    made = apply(exchange("POST", query=form.decode(), headers=kind), pseudonyms).request
    assert dict(made.params())["password"] == as_json
    assert as_form() == []
    assert as_json != password


def test_basic_credentials_keep_the_user() -> None:
    pseudonyms = Pseudonyms(KEY)
    basic = base64.b64encode(b"ann:Secret-Value-1").decode()
    made = apply(exchange(headers=(("authorization", f"Basic {basic}"),)), pseudonyms)
    value = made.request.header("authorization")
    assert value is not None
    user, _, password = base64.b64decode(value.removeprefix("Basic ")).partition(b":")
    assert user == b"ann"
    login = body_of(apply(sent({"password": "Secret-Value-1"}), pseudonyms))
    assert login["password"].encode() == password


@pytest.mark.parametrize("value", ["Token", "Bearer", "", "Bearer null", "Bearer undefined"])
def test_empty_credentials_stay(value: str) -> None:
    one = exchange(headers=(("Authorization", value),))
    assert apply(one) == one


def test_cookies() -> None:
    pseudonyms = Pseudonyms(KEY)
    cookie = f"s%3A{LONG}.{LONG}"
    attributes = "Path=/; HttpOnly; Max-Age=3600"
    login = apply(
        exchange(answer_headers=(("Set-Cookie", f"sid={cookie}; {attributes}"),)), pseudonyms
    )
    assert login.response is not None
    given = login.response.header("set-cookie")
    assert given is not None
    assert given.endswith(f"; {attributes}")
    value = given.removeprefix("sid=").removesuffix(f"; {attributes}")
    assert value.startswith("s%3A")
    assert LONG not in value
    used = apply(exchange(headers=(("cookie", f"theme=dark; sid={cookie}; n=1"),)), pseudonyms)
    assert used.request.header("cookie") == f"theme=dark; sid={value}; n=1"


def test_set_cookie_that_ends_a_session_stays() -> None:
    one = exchange(
        answer_headers=(("set-cookie", "sid=; Max-Age=0"), ("set-cookie", "sid=deleted"))
    )
    assert apply(one) == one


def test_multipart_fields() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="user"\r\n\r\nann\r\n'
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nSecret-Value-1\r\n--b--\r\n'
    )
    kind = (("content-type", "multipart/form-data; boundary=b"),)
    made = apply(exchange("POST", body=body, headers=kind)).request.body
    assert b"Secret-Value-1" not in made
    assert made[: body.index(b"Secret")] == body[: body.index(b"Secret")]
    assert made.endswith(b"\r\n--b--\r\n")
    assert len(made) == len(body)


def test_json_that_is_quoted_in_a_message() -> None:
    pseudonyms = Pseudonyms(KEY)
    frame = '["{\\"msg\\":\\"login\\",\\"password\\":\\"Secret-Value-1\\",\\"user\\":\\"ann\\"}"]'
    one = exchange(status=None, channel="sent", message=frame.encode())
    made = apply(one, pseudonyms).message
    inner = json.loads(json.loads(made)[0])
    assert (inner["msg"], inner["user"]) == ("login", "ann")
    assert (
        inner["password"]
        == body_of(apply(sent({"password": "Secret-Value-1"}), pseudonyms))["password"]
    )


@pytest.mark.parametrize(
    "value", ["sk_live_4f19c557067cbbe80c46d1fb", "ghp_" + "aB3" * 12, "AKIAIOSFODNN7EXAMPLE"]
)
def test_tokens_that_tell_by_their_look(value: str) -> None:
    made = answer_of(apply(answered({"note": f"use {value} now"})))["note"]
    assert value not in made
    assert len(made) == len(f"use {value} now")


def test_an_error_that_repeats_a_short_password() -> None:
    pseudonyms = Pseudonyms(KEY)
    one = sent({"password": "short"}, status=422, answer=b'{"input": "short", "short": "short of"}')
    made = apply(one, pseudonyms)
    assert answer_of(made) == {"input": body_of(made)["password"], "short": "short of"}


def test_a_password_that_is_also_the_user_name_does_not_take_it_along() -> None:
    one = sent({"user": "admin", "password": "admin"}, status=401, answer=b'{"unknown": "admin"}')
    made = apply(one)
    assert body_of(made)["user"] == "admin"
    assert answer_of(made) == {"unknown": "admin"}


def test_stand_ins_depend_on_the_key() -> None:
    one = sent({"password": "Secret-Value-1"})
    assert apply(one, Pseudonyms(KEY)) == apply(one, Pseudonyms(KEY))
    assert apply(one, Pseudonyms(KEY)) != apply(one, Pseudonyms(b"other"))


def test_many_secrets_are_all_remembered() -> None:
    pseudonyms = Pseudonyms(KEY)
    tokens = [f"{LONG}{index:04}" for index in range(300)]
    passwords = [f"Blue-Door-{index}" for index in range(300)]
    for token, password in zip(tokens, passwords, strict=True):
        apply(
            sent({"password": password}, answer=json.dumps({"token": token}).encode()), pseudonyms
        )
    text = json.dumps({"text": " ".join([*tokens, *passwords])}).encode()
    made = apply(exchange(answer=text), pseudonyms)
    assert made.response is not None
    assert len(made.response.body) == len(text)
    assert not [one for one in (*tokens, *passwords) if one.encode() in made.response.body]


def test_personal_data_on_request() -> None:
    value = {
        "email": "Ann.Lee@example.com",
        "firstName": "Ann",
        "name": "Blue chair",
        "phone": "+47 900 12 345",
    }
    assert answer_of(apply(answered(value))) == value
    pseudonyms = Pseudonyms(KEY, personal=True)
    made = answer_of(apply(answered(value), pseudonyms))
    assert made["name"] == "Blue chair"
    assert made["email"].endswith("@example.com")
    assert not {made["email"], made["firstName"], made["phone"]} & set(value.values())
    lower = answer_of(apply(answered({"to": "ann.lee@example.com"}), pseudonyms))
    assert lower["to"] == made["email"].lower()
