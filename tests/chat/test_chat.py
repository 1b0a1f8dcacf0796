"""One long conversation about a message board, and what is left of it."""

import pytest
import yaml

from tests.capture.driving import line
from tests.chat.conftest import Scene, answers, on
from tests.claude.messages_api import say, use

pytestmark = [pytest.mark.browser, pytest.mark.claude]

LOOK = use("snapshot")
TOOLS = {
    f"mcp__understudy__{name}"
    for name in (
        *("navigate", "click", "type", "select", "back", "snapshot", "tabs"),
        *("search_traffic", "show_exchange", "endpoints", "describe", "tag", "rename"),
    )
}


def test_each_user_has_a_window(scene: Scene) -> None:
    script = [
        use("tabs", action="list"),
        use("navigate", url=f"{scene.origin}/#/user/carol"),
        use("tabs", action="switch", number=2),
        use("navigate", url=f"{scene.origin}/#/user/carol"),
        say("Both looked."),
    ]
    with scene.model(script) as api:
        said = scene.chat("Look at carol as both.", options=["--as", "ada", "--as", "bob"])
        listed, _, switched, _ = answers(api.asked[-1])
    assert said.code == 0, said.err
    assert "a window for each of ada, bob" in str(api.asked[0]["system"])
    assert f"1 ada: {scene.origin}" in listed
    assert "bob: " in switched
    assert "(this one)" in switched.partition("2 bob: ")[2]
    (recording,) = scene.project.recordings()
    looked = [one.client for one in recording if one.request.path == "/api/users/carol"]
    assert looked == ["ada", "bob"]


def test_a_conversation_records_and_describes(scene: Scene) -> None:
    script = [
        use("navigate", url=f"{scene.origin}/#/register"),
        LOOK,
        on("type", 'textbox "User name"', text="ada"),
        on("type", 'textbox "Password"', text="correct horse"),
        LOOK,
        on("click", 'button "Sign up"'),
        LOOK,
        on("click", 'button "New post"'),
        LOOK,
        on("type", 'textbox "Title"', text="First light"),
        on("type", 'textbox "Text"', text="It works"),
        on("click", 'button "Save"'),
        say("The post is written."),
        use("search_traffic", method="POST"),
        use("show_exchange", exchange="1"),
        use("endpoints"),
        use("describe", text="A board on which people publish posts."),
        use("describe", text="Publishes a post of the caller.", operation="POST /api/posts"),
        use("tag", operation="POST /api/posts", tags="publishing"),
        use("rename", operation="POST /api/posts", summary="Publish a post"),
        use("tag", operation="GET /api/nothing", tags="publishing"),
        use("Bash", command="id"),
        say("It is described."),
    ]
    with scene.model(script) as api:
        said = scene.chat("Register and write a post.", "Now describe it.", "/flows", "/endpoints",
                          "/spec", "/nonsense", "/quit")  # fmt: skip
        told = answers(api.asked[-1])

    assert said.code == 0, said.err
    assert told[5].startswith("<data-")
    assert "the page called POST" in told[5]
    assert "correct horse" not in "".join(told)
    assert "POST /api/posts -> 201" in told[12]
    assert "[posts]" in told[14]
    assert "No such operation" in told[19]
    assert "POST /api/posts" in told[19]
    assert "uid=" not in told[20]
    offered = {one["name"] for one in api.asked[0]["tools"] if not one.get("defer_loading")}
    assert offered == TOOLS
    assert "x-api-key" in {name.lower() for name in api.headers[0]}

    assert "The post is written.\nIt is described." in said.out
    assert "POST /api/users -> 201\n" in said.out
    assert "POST /api/posts (1 times): Publish a post [publishing]" in said.out
    assert "understudy run" in said.out
    assert 'click button "Save"' in said.err
    assert "no command /nonsense; there are /flows" in said.err
    assert "US dollars" in said.err

    project = scene.project
    (recording,) = project.recordings()
    assert [line(one) for one in recording] == [
        "GET /api/posts 401",
        "POST /api/users 201",
        "GET /api/posts 200",
        "POST /api/posts 201",
        "GET /api/posts 200",
    ]
    assert project.spec_path.read_text() == "# Board\n\nA board on which people publish posts.\n"
    described = yaml.safe_load((project.model_dir / "openapi.yaml").read_text())
    publish = described["paths"]["/api/posts"]["post"]
    assert publish["summary"] == "Publish a post"
    assert publish["description"] == "Publishes a post of the caller."
    assert publish["tags"] == ["publishing"]
    api_md = (project.model_dir / "API.md").read_text()
    assert "## Publishing" in api_md
    assert "Publish a post. Access" in api_md
    assert "Publishes a post of the caller." in api_md
