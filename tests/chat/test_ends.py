"""How conversations are paused and how they end."""

import fcntl
import os
import pty
import subprocess
import termios
import threading
import time
from collections.abc import Callable

import pytest

from harness.cli import main
from harness.sessions.command import log_entries, status_document
from harness.sessions.report import status_text
from tests.capture.driving import command
from tests.chat.conftest import Scene, answers
from tests.claude.messages_api import Body, Fault, Turn, say, use

pytestmark = [pytest.mark.browser, pytest.mark.claude]


CTRL_C = b"\x03"


def own_terminal() -> None:
    """Make the standard input of a new process the terminal that Ctrl+C is pressed on."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def until(happened: Callable[[], bool]) -> None:
    latest = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < latest
        time.sleep(0.02)


def test_a_person_takes_the_browser_while_the_model_works(scene: Scene) -> None:
    keyboard, terminal = pty.openpty()
    shown: list[str] = []

    def typed(line: str, answer: str, then: Turn) -> Callable[[Body], Turn]:
        """Return an item that types a line and waits for the answer before the model goes on."""

        def item(_: Body) -> Turn:
            os.write(keyboard, f"{line}\n".encode())
            until(lambda: any(answer in each for each in shown))
            return then

        return item

    script = [
        use("snapshot"),
        typed("/pause", "is yours", use("snapshot")),
        typed("Are you there?", "is at work", use("tabs", action="list")),
        typed("/resume", "model's again", use("snapshot")),
        say("I see."),
        Fault("hang"),
    ]
    options = {"stdin": terminal, "start_new_session": True, "preexec_fn": own_terminal}
    with (
        scene.model(script) as api,
        command("chat", scene.project.directory, "--headless", **options) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        reading = threading.Thread(target=shown.extend, args=(process.stderr,))
        reading.start()
        os.write(keyboard, b"Look around\n")
        assert process.stdout.readline() == "I see.\n"
        before, *paused, after = answers(api.asked[-1])
        until(lambda: len(api.asked) == len(script))
        os.write(keyboard, CTRL_C)
        out = process.stdout.read()
        reading.join(60)
        assert process.wait(60) == 0, shown
    os.close(keyboard)
    os.close(terminal)
    assert "[ref=" in before
    assert all("The person has the browser" in one for one in paused)
    assert "[ref=" in after
    assert "understudy run" in out
    assert len(scene.project.recordings()) == 1


def test_a_key_that_is_refused_ends_it_and_the_recording_is_kept(scene: Scene) -> None:
    with scene.model([Fault(status=401)] * 20):
        said = scene.chat("Hello", "/flows")
    assert said.code == 5
    assert "refuses the key in ANTHROPIC_API_KEY" in said.err
    assert log_entries(scene.project, None)[-1]["outcome"] == "key refused"
    assert "GET /api/posts -> 401" not in said.out
    assert len(scene.project.recordings()) == 1


def test_what_a_killed_one_used_is_in_the_journal(scene: Scene) -> None:
    script = [say("One."), Fault("hang")]
    with (
        scene.model(script) as api,
        command("chat", scene.project.directory, "--headless", stdin=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("Hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == "One.\n"
        process.stdin.write("More\n")
        process.stdin.flush()
        until(lambda: len(api.asked) == len(script))
        process.kill()
        process.wait(30)
    events = [one["event"] for one in log_entries(scene.project, None)]
    assert events[:2] == ["chat_started", "prompted"]
    assert "chat_ended" not in events
    document = status_document(scene.project)
    assert document["conversations"]["tokens"] > 0
    said = status_text(document, scene.project.directory)
    assert "Nothing ran here yet" in said
    assert f"conversations  1, ${document['conversations']['cost_usd']:.2f}" in said


def test_the_budget_bounds_all_messages(scene: Scene) -> None:
    with scene.model([say("One.")]) as api:
        said = scene.chat("Hello", "More", options=["--budget-usd", "0.000001"])
    assert said.code == 0, said.err
    assert "The budget is spent" in said.err
    assert len(api.asked) == 1


def test_without_a_key_it_says_so(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["understudy", "chat", str(scene.project.directory)]
    scene.monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    said = capsys.readouterr().err
    assert "ANTHROPIC_API_KEY" in said
    assert "understudy capture" in said
