"""A model that explores for an intent by itself."""

import json

import pytest

from harness.cli import main
from harness.sessions.command import log_entries, status_document
from tests.capture.driving import command
from tests.chat.conftest import Scene, answers
from tests.claude.messages_api import MessagesApi, say, use

pytestmark = [pytest.mark.browser, pytest.mark.claude]


def explore(scene: Scene, *options: str) -> tuple[int, str, str]:
    given = ["--explore", "Look at a post", "--headless", "--json"]
    always = ("--via", "browser", "--no-infer")
    with command("capture", scene.project.directory, *given, *always, *options) as process:
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def asked_for(api: MessagesApi, number: int) -> str:
    return str(api.asked[number]["messages"])


def test_it_goes_on_until_it_says_that_it_is_done(scene: Scene) -> None:
    script = [
        use("navigate", url=f"{scene.origin}/#/user/carol"),
        say("Shall I go on?"),
        use("done", summary="Carol has a page."),
        say("Goodbye."),
    ]
    with scene.model(script) as api:
        code, out, err = explore(scene)
    assert code == 0, err
    document = json.loads(out)
    assert document["intent"]["outcome"] == "done"
    assert document["intent"]["summary"] == "Carol has a page."
    assert document["intent"]["cost_usd"] > 0
    assert "GET /api/users/carol" in scene.board.calls
    assert "Look at a post" in asked_for(api, 0)
    assert "Nobody answers" in asked_for(api, 2)
    assert "call `done`" in str(api.asked[0]["system"])
    assert "Then stop now" in answers(api.asked[-1])[-1]
    assert "Shall I go on?" in err

    entries = log_entries(scene.project, None)
    assert [one["event"] for one in entries if one["event"] != "spent"] == [
        "chat_started",
        "prompted",
        "chat_ended",
    ]
    assert len({one["run"] for one in entries}) == 1
    began, ended = entries[0], entries[-1]
    assert began["text"] == "a model explores: Look at a post"
    assert ended["text"].startswith("it ended (done, 4 turns, ")
    assert ended["text"].endswith(": Carol has a page.")
    assert ended["usd"] == document["intent"]["cost_usd"]
    spent = [one["usd"] for one in entries if one["event"] == "spent"]
    assert sum(spent) == pytest.approx(ended["usd"])
    used = status_document(scene.project)["conversations"]
    assert used == {
        "count": 1,
        "tokens": ended["tokens"],
        "cost_usd": pytest.approx(ended["usd"], abs=1e-4),
    }


def test_a_model_and_a_budget_can_be_given(scene: Scene) -> None:
    options = ("--model", "claude-haiku-4-5", "--budget-usd", "0.000001")
    with scene.model([use("snapshot")] * 9) as api:
        code, out, err = explore(scene, *options)
    assert code == 3, err
    assert json.loads(out)["intent"]["outcome"] == "budget"
    assert api.asked[0]["model"] == "claude-haiku-4-5"


def test_its_turns_and_its_budget_are_bounded(scene: Scene) -> None:
    config = scene.project.directory / "understudy.toml"
    url = f'[target]\nurl = "{scene.origin}"\nhosts = ["{scene.origin.partition("//")[2]}"]\n'
    config.write_text(f"{url}[budget]\nsession_turns = 2\nusd = 100.0\n")
    with scene.model([use("snapshot")] * 9) as api:
        code, out, err = explore(scene)
    assert code == 0, err
    assert json.loads(out)["intent"]["outcome"] == "max turns"
    assert len(api.asked) == 2
    config.write_text(f"{url}[budget]\nusd = 0.000001\n")
    with scene.model([use("snapshot")] * 9):
        code, out, err = explore(scene)
    assert code == 3, err
    assert json.loads(out)["intent"]["outcome"] == "budget"


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        (["DIR", "--explore", "x"], "Set ANTHROPIC_API_KEY, or say --explore alone", 5),
        (["--explore", "DIR"], "capture DIR --explore, or", 2),
        (["DIR", "--explore", "--budget-usd", "2"], '--explore "INTENT"', 2),
    ],
)
def test_what_cannot_be_is_said(
    scene: Scene, capsys: pytest.CaptureFixture[str], options: list[str], says: str, code: int
) -> None:
    directory = str(scene.project.directory)
    given = [directory if each == "DIR" else each for each in options]
    scene.monkeypatch.setattr("sys.argv", ["understudy", "capture", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert says.replace("DIR", directory) in capsys.readouterr().err
