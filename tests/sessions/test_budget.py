import pytest

from harness.sessions import events as e
from harness.sessions.budget import Limits, Means, Usage, allowance, over_budget, used
from harness.sessions.journal import Entry


def entries(*timed: tuple[float, e.AnyEvent]) -> list[Entry]:
    return [Entry(n, at, "r", None, event) for n, (at, event) in enumerate(timed, start=1)]


def start() -> e.RunStarted:
    return e.RunStarted(run="r", pid=1, process="", builder="offline")


def end() -> e.RunEnded:
    return e.RunEnded(outcome="paused", detail="", exit_code=0)


def test_pauses_between_processes_do_not_count() -> None:
    told = entries((0, start()), (10, end()), (500, start()), (505, end()))
    assert used(told, "r").wall_s == 15


def test_a_crash_counts_until_the_last_event_before_it() -> None:
    told = entries((0, start()), (7, e.PauseRequested(source="x")), (100, start()), (103, end()))
    assert used(told, "r").wall_s == 10


def test_waiting_counts_as_wall_time_and_not_as_working_time() -> None:
    told = entries((0, start()), (60, e.Waited(seconds=50, reason="rate limit")), (70, end()))
    usage = used(told, "r")
    assert (usage.wall_s, usage.working_s) == (70, 20)


def test_only_coding_sessions_and_net_flips_count() -> None:
    told = entries(
        (0, start()),
        (1, e.SessionStarted(number=1, kind="initializer", builder="offline")),
        (2, e.SessionStarted(number=2, kind="coding", builder="offline")),
        (3, e.FeatureFlipped(feature="a", passes=True)),
        (3, e.FeatureFlipped(feature="b", passes=True)),
        (4, e.FeatureFlipped(feature="a", passes=False)),
    )
    usage = used(told, "r")
    assert (usage.sessions, usage.features) == (1, 1)


def test_other_runs_do_not_count() -> None:
    told = [Entry(1, 0.0, "other", None, e.Spent(tokens=5, usd=1.0))]
    assert used(told, "r").tokens == 0


@pytest.mark.parametrize(
    ("limits", "usage", "said"),
    [
        (Limits(sessions=2), Usage(sessions=2), "2 of 2 sessions"),
        (Limits(wall_s=60), Usage(wall_s=61), "61 of 60 seconds of wall time"),
        (Limits(usd=5), Usage(usd=4, dearest_session_usd=2), "1 US dollars are left"),
        (Limits(wall_s=60), Usage(wall_s=50, longest_session_s=20), "10 seconds of wall time"),
        (Limits(tokens=100), Usage(tokens=90, hungriest_session_tokens=20), "10 tokens are left"),
    ],
)
def test_a_session_that_does_not_fit_is_not_started(
    limits: Limits, usage: Usage, said: str
) -> None:
    assert said in (over_budget(limits, usage) or "")


def test_what_fits_is_started() -> None:
    assert over_budget(Limits(wall_s=60, usd=5), Usage(wall_s=10, longest_session_s=20)) is None
    assert over_budget(Limits(), Usage(sessions=99)) is None


def test_limits_survive_the_journal() -> None:
    limits = Limits(sessions=3, usd=1.5, session_tokens=10)
    assert Limits.of(limits.given()) == limits


def test_a_session_may_use_what_is_left_and_no_more_than_its_own_limit() -> None:
    usage = Usage(tokens=900, usd=1.0)
    assert allowance(Limits(), usage) == Means()
    assert allowance(Limits(tokens=1000, session_tokens=500, usd=9.0), usage) == Means(100, 8.0)
    limits = Limits(session_tokens=500, usd=9.0, session_usd=2.0, turns=40)
    assert allowance(limits, usage) == Means(500, 2.0, 40)
