"""OpenAPI documents and API.md of small recordings."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from harness.inference.documents.markdown import markdown
from harness.inference.documents.openapi import document
from harness.inference.model import ApiModel, Endpoint, Finding, Operation, ResponseTemplate
from harness.inference.paths.templates import learn
from harness.inference.schemas.endpoints import learn_endpoints
from harness.traffic.exchange import Exchange, Headers
from tests.inference.traffic import Take, call

TOKEN: Headers = (("Authorization", "Token abcdef0123456789"),)
AUTHOR = {"username": "ann", "bio": None, "following": False}


def article(slug: str, **more: Any) -> dict[str, Any]:
    return {"slug": slug, "title": slug.title(), "author": AUTHOR, **more}


ERROR = {"errors": {"article": ["not found"]}}
TRAFFIC = [
    call("GET", "/api/articles?limit=2", answer={"articles": [article("rye")], "count": 1}),
    call("POST", "/api/articles", 201, {"article": article("rye", body="…")}, headers=TOKEN,
         body={"article": {"title": "Rye", "body": "…"}}),
    call("GET", "/api/articles/rye", answer={"article": article("rye", body="…")}),
    call("PATCH", "/api/articles/rye", answer={"article": article("rye", body="!")}, headers=TOKEN,
         body={"article": {"body": "!"}}),
    call("GET", "/api/articles/oat", 404, ERROR),
    call("POST", "/api/articles/rye/favorite", 401, {"detail": "no token"}),
    call("POST", "/api/articles/rye/favorite", answer={"article": article("rye", body="…")},
         headers=TOKEN),
    call("GET", "/api/profiles/ann", answer={"profile": AUTHOR}),
    call("DELETE", "/api/articles/rye", answer={"message": "Deleted"}, headers=TOKEN),
]  # fmt: skip


def learned(*exchanges: Exchange, **more: Any) -> ApiModel:
    return ApiModel(
        title="Test",
        hosts=["127.0.0.1:8000", "api.test"],
        recordings=["take"],
        endpoints=learn_endpoints([Take(exchanges)], learn(exchanges)),
        **more,
    )


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(learned(*TRAFFIC))


def test_it_is_valid_and_deterministic(described: dict[str, Any]) -> None:
    validate(described)
    assert json.dumps(described) == json.dumps(document(learned(*TRAFFIC)))
    assert described["servers"] == [{"url": "http://127.0.0.1:8000"}, {"url": "https://api.test"}]


def test_components_are_named_after_resources(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert {
        "Article",
        "ArticleListItem",
        "ArticleCreate",
        "ArticleUpdate",
        "Profile",
        "Message",
    } <= (schemas.keys())
    assert "body" in schemas["Article"]["properties"]
    assert "body" not in schemas["ArticleListItem"]["properties"]
    assert schemas["Article"]["properties"]["author"] == {"$ref": "#/components/schemas/Profile"}
    assert "required" not in schemas["ArticleUpdate"]
    listed = described["paths"]["/api/articles"]["get"]["responses"]["200"]
    rows = listed["content"]["application/json"]["schema"]["properties"]["articles"]
    assert rows["items"] == {"$ref": "#/components/schemas/ArticleListItem"}


def test_errors_of_one_shape_share_a_component(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert {"Error", "UnauthorizedError"} <= schemas.keys()


def test_operations(described: dict[str, Any]) -> None:
    names = {op["operationId"] for item in described["paths"].values() for op in item.values()}
    assert names == {
        "list_articles", "create_article", "get_article", "update_article", "delete_article",
        "article_favorite", "get_profile",
    }  # fmt: skip
    get = described["paths"]["/api/articles/{slug}"]["get"]
    assert get["tags"] == ["article"]
    assert get["parameters"][0]["name"] == "slug"


def test_security(described: dict[str, Any]) -> None:
    scheme = described["components"]["securitySchemes"]["tokenAuth"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")
    paths = described["paths"]
    assert paths["/api/articles"]["post"]["security"] == [{"tokenAuth": []}]
    assert "security" not in paths["/api/articles"]["get"]
    assert paths["/api/articles/{slug}/favorite"]["post"]["security"] == [{"tokenAuth": []}]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("Authorization", "Bearer abc"),), {"type": "http", "scheme": "bearer"}),
        ((("Authorization", "Basic abc"),), {"type": "http", "scheme": "basic"}),
        ((("Cookie", "sid=abc"),), {"type": "apiKey", "in": "cookie", "name": "sid"}),
        ((("X-Api-Key", "abc"),), {"type": "apiKey", "in": "header", "name": "X-Api-Key"}),
    ],
)
def test_security_schemes(headers: Headers, expected: dict[str, str]) -> None:
    described = document(learned(call("GET", "/me", answer={"id": 1}, headers=headers)))
    assert list(described["components"]["securitySchemes"].values()) == [expected]


def test_known_operations_give_their_names() -> None:
    known = Operation(
        id="show_profile",
        method="GET",
        path="/api/profiles/{username}",
        resource="member",
        kind="read",
        summary="Show a member",
        response=ResponseTemplate(status=200),
    )
    described = document(learned(*TRAFFIC, operations=[known]))
    shown = described["paths"]["/api/profiles/{username}"]["get"]
    assert (shown["operationId"], shown["summary"]) == ("show_profile", "Show a member")
    assert shown["tags"] == ["member"]


def test_same_names_of_operations_are_numbered() -> None:
    described = document(
        learned(call("GET", "/v1/items", answer=[]), call("GET", "/v2/items", answer=[]))
    )
    validate(described)
    names = [item["get"]["operationId"] for item in described["paths"].values()]
    assert names == ["list_items", "list_items_2"]


def test_what_was_only_broken_is_still_valid() -> None:
    model = ApiModel(title="Test", endpoints=[Endpoint(method="GET", host="h", path="/x")])
    validate(document(model))


def test_the_markdown_names_everything() -> None:
    found = Finding(level="warning", where="GET /api/x|y", detail="odd", evidence=["take#3"])
    text = markdown(learned(*TRAFFIC, findings=[found]))
    for part in (
        "# Test",
        "### GET /api/articles/{slug}",
        "[Article](#article)",
        "### ArticleCreate",
        "| `tokenAuth` | `Token <token>` |",
        "**warning** `GET /api/x|y`: odd (take#3)",
    ):
        assert part in text
    assert "abcdef0123456789" not in text


def test_every_body_is_valid_under_the_document(described: dict[str, Any]) -> None:
    templates = learn(TRAFFIC)
    for exchange in TRAFFIC:
        request, response = exchange.request, exchange.response
        found = templates.match(request.method, request.host, request.path)
        assert found is not None
        assert response is not None
        operation = described["paths"][found.template][request.method.lower()]
        sides = [(operation["responses"][str(response.status)], response.body)]
        if request.body and response.status < 400:
            sides.append((operation["requestBody"], request.body))
        for side, body in sides:
            schema = side["content"]["application/json"]["schema"]
            whole = schema | {"components": described["components"]}
            assert Draft202012Validator(whole).is_valid(json.loads(body))
