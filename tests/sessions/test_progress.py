import io

from harness.sessions import events as e
from harness.sessions.journal import Entry
from harness.sessions.progress import LiveProgress, Progress, progress


def told(shown: Progress) -> None:
    happened = [
        e.FeaturesWritten(total=4, definition="x"),
        e.SessionStarted(
            number=2, kind="coding", builder="offline", resources=["users"], slice=["a"]
        ),
        e.ToolRan(name="generate", detail="users, 9 files"),
        e.PhaseStarted(name="verify", detail="its own tests, and the replay"),
        e.FeatureFlipped(feature="a", passes=True),
        e.Landed(commit="0123456789abcdef", passing=["a", "b"]),
    ]
    for number, event in enumerate(happened, start=1):
        shown(Entry(number, 0.0, "r", None, event))


def test_without_a_terminal_there_is_a_plain_line_an_event() -> None:
    stream = io.StringIO()
    with progress(stream) as shown:
        told(shown)
    lines = [line.partition("] ")[2] for line in stream.getvalue().splitlines()]
    assert lines == [
        "feature list: 4 features, 0 pass",
        "session 2, coding: users (1 feature)",
        "generate: users, 9 files",
        "verify: its own tests, and the replay",
        "landed 0123456789: 2 features pass",
    ]


def test_the_live_line_has_count_session_phase_and_step() -> None:
    shown = Progress(io.StringIO())
    told(shown)
    assert shown.status().partition(" · ")[2] == (
        "2 of 4 features · session 2 (coding) users · verify · its own tests, and the replay"
    )


def test_on_a_terminal_events_scroll_by_above_the_live_line() -> None:
    stream = io.StringIO()
    shown = LiveProgress(stream)
    with shown.shown():
        told(shown)
    assert "landed 0123456789: 2 features pass\n" in stream.getvalue()
