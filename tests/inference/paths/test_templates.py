"""Path templates from small recordings in the styles of many APIs."""

from typing import Any

import pytest

from harness.inference.paths.templates import Templates, learn
from harness.traffic.exchange import Exchange
from tests.inference.traffic import call


def templates(*exchanges: Exchange) -> list[str]:
    return learn(exchanges).templates


def article(slug: str) -> dict[str, Any]:
    return {"article": {"slug": slug, "title": slug.title(), "body": "…"}}


ARTICLES = [
    call("GET", "/articles", answer={"articles": [{"slug": "rye", "title": "Rye"}]}),
    call("GET", "/articles/feed", answer={"articles": [{"slug": "oat", "title": "Oat"}]}),
    call("GET", "/articles/rye", answer=article("rye")),
    call("GET", "/articles/oat", answer=article("oat")),
    call("POST", "/articles/rye/comments", 201, {"comment": {"id": 4, "body": "Hm."}}),
    call("DELETE", "/articles/rye/comments/4", 204),
    call("GET", "/articles/nope", 404, {"errors": {"article": ["not found"]}}),
    call("DELETE", "/articles/nope/comments/x", 422, {"errors": {"comment_id": ["not a number"]}}),
    call("GET", "/articles/rye/comments/4", 405),
    call("GET", "/nothing", 404, b"<h1>Not Found</h1>"),
    call("POST", "/articles/rye/favorite", answer=article("rye")),
]


def test_slugs_are_values_and_literal_siblings_stay() -> None:
    assert templates(*ARTICLES) == [
        "/articles",
        "/articles/feed",
        "/articles/{slug}",
        "/articles/{slug}/comments",
        "/articles/{slug}/comments/{comment_id}",
        "/articles/{slug}/favorite",
    ]


def test_a_name_that_the_api_tells_wins() -> None:
    told = call(
        "GET",
        "/things/abc",
        422,
        {"detail": [{"loc": ["path", "thing_id"], "input": "abc", "msg": "not an integer"}]},
    )
    things = [call("GET", f"/things/{n}", answer={"id": n}) for n in (1, 2)]
    assert templates(*things, told) == ["/things/{thing_id}"]


def test_match_is_by_path_and_the_method_breaks_ties() -> None:
    learned = learn(ARTICLES)

    def match(method: str, path: str) -> tuple[str, dict[str, str]] | None:
        found = learned.match(method, "api.test", path)
        return (found.template, found.params) if found else None

    assert match("GET", "/articles/feed") == ("/articles/feed", {})
    assert match("DELETE", "/articles/feed") == ("/articles/feed", {})
    assert match("GET", "/articles/a%20b") == ("/articles/{slug}", {"slug": "a b"})
    assert match("GET", "/articles/x/comments/1") == (
        "/articles/{slug}/comments/{comment_id}",
        {"slug": "x", "comment_id": "1"},
    )
    assert match("GET", "/articles/") is None
    assert match("GET", "/nothing") is None


def test_the_method_decides_between_a_literal_and_a_value() -> None:
    learned = learn(
        [
            call("GET", "/users/me", answer={"id": 1}),
            call("GET", "/users/7", answer={"id": 7}),
            call("DELETE", "/users/7", 204),
        ]
    )
    found = learned.match("DELETE", "api.test", "/users/me")
    assert found is not None
    assert found.template == "/users/{id}"


def test_what_was_never_routed_is_reported() -> None:
    findings = {finding.where for finding in learn(ARTICLES).findings}
    assert "GET /nothing" in findings
    assert "GET /articles/{slug}/comments/{comment_id}" in findings


USER = {"username": "ann", "name": "Ann"}
CASES: dict[str, tuple[list[Exchange], list[str]]] = {
    "an id at the root": (
        [call("GET", "/", answer=[{"id": 1}]), call("GET", "/18", answer={"id": 18})],
        ["/", "/{id}"],
    ),
    "trailing slashes are kept": (
        [call("GET", "/items/", answer=[{"id": 1}]), call("GET", "/items/1", answer={"id": 1})],
        ["/items/", "/items/{id}"],
    ),
    "a redirect to the slash is no route": (
        [
            call("GET", "/items", 307, answer_headers=(("location", "http://api.test/items/"),)),
            call("GET", "/items/", answer=[{"id": 1}]),
        ],
        ["/items/"],
    ),
    "a verb after a value": (
        [call("POST", f"/tasks/{n}:archive", answer={"id": n}) for n in (1, 2)],
        ["/tasks/{id}:archive"],
    ),
    "a prefix before a value": (
        [call("DELETE", f"/cards/{n}/labels/labelId:{n}", 204) for n in (17, 18)],
        ["/cards/{id}/labels/labelId:{labelId}"],
    ),
    "a sigil before a value": (
        [call("GET", f"/@{name}", answer={"username": name}) for name in ("ann", "bob")],
        ["/@{username}"],
    ),
    "owners of what is below": (
        [
            call("GET", f"/repos/{owner}/{name}", answer={"name": name, "owner": {"login": owner}})
            for owner, name in (("ann", "tea"), ("bob", "rum"))
        ],
        ["/repos/{login}/{name}"],
    ),
    "ids of a second level are named after their entity": (
        [
            call("GET", "/projects/1", answer={"id": 1}),
            call("GET", "/projects/1/sections/2", answer={"id": 2}),
        ],
        ["/projects/{id}", "/projects/{id}/sections/{section_id}"],
    ),
    "a value without an answer is known from elsewhere": (
        [
            call("GET", "/users", answer=[USER, USER | {"username": "bob"}]),
            call("POST", "/users/bob/follow", 204),
        ],
        ["/users", "/users/{username}/follow"],
    ),
    "a name that occurs only in paths": (
        [
            exchange
            for name in ("alpha", "beta")
            for exchange in (
                call("PUT", f"/kv/{name}", answer={"value": 1}, body={"value": 1}),
                call("GET", f"/kv/{name}", answer={"value": 1}),
            )
        ],
        ["/kv/{name}"],
    ),
    "addresses in rows": (
        [
            call(
                "GET",
                "/notes",
                answer=[{"url": f"http://api.test/notes/{name}"} for name in ("tea", "rum")],
            ),
            call("GET", "/notes/tea", answer={"text": "…"}),
            call("GET", "/notes/rum", answer={"text": "…"}),
        ],
        ["/notes", "/notes/{name}"],
    ),
    "literals that answer alike stay": (
        [call("GET", f"/stats/{name}", answer={"n": 1}) for name in ("daily", "weekly", "monthly")],
        ["/stats/daily", "/stats/monthly", "/stats/weekly"],
    ),
    "relations next to values stay": (
        [
            call("GET", "/articles/5", answer={"id": 5, "links": {"tags": "…", "notes": "…"}}),
            call("GET", "/articles/5/tags", answer=[{"id": 1, "name": "notes"}]),
            call("GET", "/articles/5/notes", answer=[{"id": 1, "name": "tags"}]),
        ],
        ["/articles/{id}", "/articles/{id}/notes", "/articles/{id}/tags"],
    ),
    "descriptions of the API are no data": (
        [
            call("GET", "/api-docs", answer={"openapi": "3.1.0", "tags": [{"name": "people"}]}),
            call("GET", "/people", answer=[{"id": 1}]),
        ],
        ["/api-docs", "/people"],
    ),
    "paths that the API describes": (
        [
            call(
                "GET",
                "/openapi.json",
                answer={
                    "openapi": "3.1.0",
                    "servers": [{"url": "http://api.test/api"}],
                    "paths": {"/users/{user_id}": {}, "/users/me": {}, "/unseen/{id}": {}},
                },
            ),
            call("GET", "/api/users/ann", answer={"visits": 1}),
            call("GET", "/api/users/me", answer={"visits": 1}),
        ],
        ["/api/users/me", "/api/users/{user_id}", "/openapi.json"],
    ),
    "a name that an API gives itself": (
        [
            call("GET", "/api", answer={"name": "api", "version": "1.0"}),
            call("GET", "/api/items/1", answer={"id": 1}),
            call("GET", "/health", answer={"status": "ok"}),
        ],
        ["/api", "/api/items/{id}", "/health"],
    ),
    "a version without a letter": (
        [
            call("GET", "/1/boards/7", answer={"id": 7}),
            call("GET", "/1/members/me", answer={"id": 1}),
        ],
        ["/1/boards/{id}", "/1/members/me"],
    ),
    "a literal that is only ever refused": (
        [
            call("GET", "/users/5", answer={"id": 5}),
            call("GET", "/users/7", answer={"id": 7}),
            call("GET", "/users/me", 401, {"detail": "no"}),
            call("POST", "/users/reset", 422, {"detail": []}),
        ],
        ["/users/me", "/users/reset", "/users/{id}"],
    ),
    "values that never succeeded are absorbed": (
        [
            call("GET", "/todos/5", answer={"id": 5}),
            call("GET", "/todos/abc", 500, b"oops"),
            call("GET", "/todos/other", 404, {}),
        ],
        ["/todos/{id}"],
    ),
    "a row read as a list of one": (
        [
            call("GET", f"/posts/slug/{name}/", answer={"posts": [{"slug": name}]})
            for name in ("tea", "rum")
        ],
        ["/posts/slug/{slug}/"],
    ),
    "words of a list": (
        [
            call("GET", "/repos/1", answer={"id": 1, "topics": ["tea", "rum"]}),
            call("PUT", "/repos/1/topics/tea", 204),
            call("PUT", "/repos/1/topics/rum", 204),
        ],
        ["/repos/{id}", "/repos/{id}/topics/{name}"],
    ),
    "a format after a value": (
        [
            call("GET", "/latest.json", answer={"topics": []}),
            call("GET", "/u/ann.json", answer={"user": USER}),
            call("GET", "/t/tea/5.json", answer={"id": 5, "slug": "tea"}),
            call("GET", "/t/rum/6.json", answer={"id": 6, "slug": "rum"}),
        ],
        ["/latest.json", "/t/{slug}/{t_id}.json", "/u/{username}.json"],
    ),
    "messages that repeat the path": (
        [call("POST", f"/{name}", answer={"message": name}) for name in ("login", "logout")],
        ["/login", "/logout"],
    ),
    "a list of users that begins with a namesake": (
        [
            call("GET", "/admin/users", answer=[{"id": 1, "username": "admin"}]),
            call("GET", "/admin/stats", answer={"visits": 1}),
            call("GET", "/articles/1", answer={"id": 1}),
        ],
        ["/admin/stats", "/admin/users", "/articles/{id}"],
    ),
    "pages of the front end": (
        [
            call("GET", "/", answer=b"<html>", answer_headers=(("content-type", "text/html"),)),
            call("GET", "/api/items", answer=[{"id": 1}]),
        ],
        ["/api/items"],
    ),
}


@pytest.mark.parametrize(("exchanges", "expected"), CASES.values(), ids=CASES.keys())
def test_cases(exchanges: list[Exchange], expected: list[str]) -> None:
    assert templates(*exchanges) == expected


def test_siblings_that_may_be_values_are_reported() -> None:
    exchanges, _ = CASES["literals that answer alike stay"]
    (finding,) = learn(exchanges).findings
    assert (finding.level, finding.where) == ("warning", "/stats")


def test_many_values_are_kept_in_bounded_space() -> None:
    def traffic() -> Any:
        for number in range(5_000):
            yield call("GET", f"/things/{number}", answer={"id": number})
            yield call("GET", f"/names/n-{number}x", answer={"slug": f"n-{number}x"})

    learned = learn(traffic())
    assert learned.templates == ["/names/{slug}", "/things/{id}"]


def test_every_learned_path_matches_its_template() -> None:
    learned: Templates = learn(ARTICLES)
    for exchange in ARTICLES:
        found = learned.match(exchange.request.method, "other.host", exchange.request.path)
        assert (found is None) == (exchange.request.path == "/nothing")
