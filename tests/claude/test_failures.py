"""How a conversation ends when something goes wrong, and what the session makes of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.builders import Ran
from harness.builders.claude import launcher
from harness.errors import SetupError
from tests.claude.conftest import Desk, cli_processes, kill_cli
from tests.claude.messages_api import Body, Fault, MessagesApi, Turn, say, use

pytestmark = pytest.mark.claude

LOOK = use("Read", file_path="app/main.py")


def test_it_is_done(desk: Desk) -> None:
    with MessagesApi([LOOK, say("done")]) as api:
        outcome = desk.run(api)

    assert outcome.summary == "claude: done after 2 turns"
    assert outcome.trouble is None
    assert desk.ends == ["done"]
    assert sum(tokens for tokens, _ in desk.record.spendings) == 240
    assert sum(usd for _, usd in desk.record.spendings) == pytest.approx(0.0016)
    assert "old = 1" in api.results(1)


def test_turns_are_bounded(desk: Desk) -> None:
    with MessagesApi(when_empty=LOOK) as api:
        desk.run(api, {"max_turns": 3})

    assert desk.ends == ["max turns"]
    assert len(api.asked) == 3
    assert "Read" in desk.record.notes[0]


@pytest.mark.parametrize("means", [{"tokens": 500}, {"usd": 0.02}])
def test_money_is_bounded(desk: Desk, means: dict[str, float]) -> None:
    with MessagesApi(when_empty=Turn(uses=LOOK.uses, input_tokens=300)) as api:
        desk.run(api, **means)

    assert desk.ends == ["budget"]
    assert 1 < len(api.asked) < 12


def test_time_is_bounded(desk: Desk) -> None:
    def slowly(_: Body) -> Turn:
        time.sleep(0.3)
        return LOOK

    with MessagesApi(when_empty=slowly) as api:
        desk.run(api, {"session_s": 1.0})

    assert desk.ends == ["out of time"]


def test_a_refused_key_ends_at_once(desk: Desk) -> None:
    began = time.monotonic()
    with MessagesApi(when_empty=Fault(status=401)) as api:
        outcome = desk.run(api, {"retries": 8, "pauses_s": (60.0,)})

    assert isinstance(outcome.trouble, SetupError)
    assert "ANTHROPIC_API_KEY" in outcome.trouble.problem
    assert "understudy resume" in outcome.trouble.do
    assert desk.ends == ["key refused"]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("status", [429, 529])
def test_waiting_does_not_count_as_work(desk: Desk, status: int) -> None:
    with MessagesApi([Fault(status=status, retry_after=2), LOOK, say("done")]) as api:
        desk.run(api, {"retries": 3, "session_s": 2.0})

    assert desk.ends == ["done"]
    assert str(status) in desk.record.waits[0][1]
    assert sum(seconds for seconds, _ in desk.record.waits) > 0.4


def test_an_overloaded_api_is_tried_again_in_the_same_conversation(desk: Desk) -> None:
    busy = Fault(status=529)
    with MessagesApi([LOOK, busy, say("done")]) as api:
        desk.run(api, {"pauses_s": (0.2,)})

    assert desk.ends == ["API error", "done"]
    assert len({name for name, _ in desk.record.ends}) == 1
    assert "Go on where you were" in str(api.asked[-1]["messages"])
    assert "old = 1" in str(api.asked[-1]["messages"])


def test_an_api_that_stays_away_ends_the_run(desk: Desk) -> None:
    with MessagesApi(when_empty=Fault(status=529)) as api:
        outcome = desk.run(api, {"pauses_s": (0.1, 0.1)})

    assert desk.ends == ["API error"] * 3
    assert outcome.trouble is not None
    assert "understudy resume" in outcome.trouble.do


@pytest.mark.parametrize("kind", ["hang", "stall"])
def test_a_silent_model_is_noticed(desk: Desk, kind: str) -> None:
    began = time.monotonic()
    with MessagesApi([LOOK, Fault(kind), say("done")]) as api:
        desk.run(api, {"model_silence_s": 5.0, "pauses_s": (0.1,)})

    assert desk.ends == ["stalled", "done"]
    assert time.monotonic() - began < 40


def test_a_broken_stream_is_mended(desk: Desk) -> None:
    with MessagesApi([LOOK, Fault("midstream"), say("done"), say("done")]) as api:
        desk.run(api, {"retries": 2})

    assert desk.ends[-1] == "done"


def test_a_crash_is_told_to_the_next_session(
    desk: Desk, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    with MessagesApi([LOOK], when_empty=Fault("hang")) as api:
        thread = threading.Thread(target=lambda: desk.run(api))
        thread.start()
        eventually(lambda: len(api.asked) > 1)
        kill_cli()
        thread.join(20)

    assert not thread.is_alive()
    assert desk.ends == ["crashed"]
    assert "Read" in desk.record.notes[0]


def test_the_same_failure_again_and_again_ends_the_run(desk: Desk) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with MessagesApi() as api:
        builder, context = desk.builder(api), desk.context()
        gone = replace(context.background, conversation=unknown)
        outcomes = [builder.run(replace(context, background=gone)) for _ in range(3)]

    assert [one.trouble is None for one in outcomes] == [True, True, False]
    assert "3 times the same way" in str(outcomes[2].trouble)
    assert api.asked == []


def test_without_its_cli_it_says_how_to_get_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(launcher, "find_spec", lambda _: None)
    with MessagesApi() as api, pytest.raises(SetupError, match="not installed") as error:
        desk.run(api)
    assert "--extra claude" in error.value.do


def test_a_cli_that_does_not_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_script", lambda home: home / "gone")
    with MessagesApi() as api:
        outcome = desk.run(api)
    assert desk.ends == ["no CLI"]
    assert "understudy doctor" in str(outcome.trouble and outcome.trouble.do)
    assert api.asked == []


def test_a_pause_ends_it_after_the_running_tool(desk: Desk) -> None:
    asked = threading.Event()

    class Shell:
        def run(self, command: str, *, timeout_s: float = 120.0) -> Ran:
            asked.set()
            time.sleep(1)
            (desk.folder / "app/main.py").write_text("new = 1\n")
            return Ran(0, "written")

    with MessagesApi([use("bash", command="sleep 1"), Fault("hang")]) as api:
        desk.run(api, shell=Shell(), stopping=asked.is_set)

    assert desk.ends == ["interrupted"]
    assert (desk.folder / "app/main.py").read_text() == "new = 1\n"
    assert cli_processes() == []


def test_a_cheaper_model_goes_first(desk: Desk) -> None:
    models = {"first_model": "claude-haiku-4-5", "model": "claude-opus-4-5"}
    with MessagesApi() as api:
        builder = desk.builder(api, **models)
        context = desk.context()
        for attempt in (1, 2):
            again = replace(context.background, attempt=attempt)
            builder.run(replace(context, background=again))

    assert [body["model"] for body in api.asked] == ["claude-haiku-4-5", "claude-opus-4-5"]
    assert [model for _, _, model in desk.record.prompts] == list(models.values())


def test_an_overloaded_model_gives_way_to_another(desk: Desk) -> None:
    def overloaded(body: Body) -> Turn | Fault:
        return say("done") if body["model"] == "claude-haiku-4-5" else Fault(status=529)

    with MessagesApi(when_empty=overloaded) as api:
        settings = {"model": "claude-opus-4-5", "fallback_model": "claude-haiku-4-5"}
        desk.run(api, {**settings, "retries": 4})

    assert desk.ends == ["done"]
    assert api.asked[-1]["model"] == "claude-haiku-4-5"


def test_turns_of_a_run_are_bounded(desk: Desk) -> None:
    with MessagesApi(when_empty=LOOK) as api:
        desk.run(api, turns=2)

    assert len(api.asked) == 2
