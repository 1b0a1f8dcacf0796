from collections.abc import Callable

from harness.builders import Outcome, SessionContext
from harness.features.feature import FILE, FeatureList
from harness.repository import MAIN, git
from harness.sessions import events as e
from harness.sessions.budget import Limits
from harness.testing import ScriptedBuilder, makes_exact

from .conftest import Bench

Make = Callable[..., Bench]
SHAPE = {"users": ["rec#1", "rec#2"], "posts": ["rec#3", "rec#4"]}
EVERYTHING = [*SHAPE["users"], *SHAPE["posts"]]


def names(bench: Bench, revision: str = MAIN) -> dict[str, bool]:
    text = bench.workshop.repository.read(revision, FILE)
    assert text is not None
    return {item.id: item.passes for item in FeatureList.parse(text)}


def test_slices_go_resource_by_resource_until_all_pass(bench: Make) -> None:
    one = bench(SHAPE)
    builder = ScriptedBuilder([makes_exact("rec#1", "rec#2"), makes_exact(*EVERYTHING)])
    end = one.run(builder)
    assert (end.outcome, end.exit_code) == ("done", 0)
    assert [[item.resource for item in seen.slice] for seen in builder.seen] == [
        ["users", "users"],
        ["posts", "posts"],
    ]
    assert all(names(one).values())
    assert [s.outcome for s in one.events(e.SessionEnded)] == ["landed"] * 3
    assert not one.workshop.repository.dirty()


def test_every_green_step_is_a_commit_that_says_how_much_passes(bench: Make) -> None:
    one = bench(SHAPE)
    one.run([makes_exact("rec#1"), makes_exact(*EVERYTHING)], size=9)
    log = git(one.workshop.repository.folder, "log", "--format=%s|%b", MAIN)
    assert "1 of 4 features pass." in log
    assert "4 of 4 features pass." in log


def test_work_that_breaks_a_passing_feature_is_not_merged(bench: Make) -> None:
    one = bench(SHAPE)
    end = one.run([makes_exact("rec#1", "rec#2"), makes_exact("rec#1", "rec#3"), makes_exact(*"x")])
    assert end.outcome == "stuck"
    assert end.exit_code == 4
    assert names(one) == {"rec-1": True, "rec-2": True, "rec-3": False, "rec-4": False}
    regressions = one.events(e.Regressed)
    assert regressions[0] == e.Regressed(by_session=3, features=["rec-2"], landed=False)
    assert "stash/session-3" in one.workshop.repository.branches("stash/")


def test_broken_work_can_be_repaired_by_the_next_session(bench: Make) -> None:
    one = bench(SHAPE)
    end = one.run([makes_exact("rec#1", "rec#2"), makes_exact("rec#3"), makes_exact(*EVERYTHING)])
    assert end.outcome == "done"
    assert [s.outcome for s in one.events(e.SessionEnded)][2:] == ["regressed", "landed"]


def test_failing_tests_of_the_backend_keep_work_from_the_main_line(bench: Make) -> None:
    one = bench({"users": ["rec#1"]})
    one.judge.failed_tests = ("tests/test_users.py::test_it",)

    def repaired(session: SessionContext) -> Outcome:
        one.judge.failed_tests = ()
        return makes_exact("rec#1")(session)

    end = one.run([makes_exact("x"), repaired])
    assert end.outcome == "done"
    assert "tests/test_users.py::test_it" in one.events(e.SessionEnded)[1].summary


def test_a_changed_feature_list_is_put_back_and_reported(bench: Make) -> None:
    one = bench(SHAPE)

    def cheat(session: SessionContext) -> Outcome:
        path = session.folder / FILE
        path.write_text(path.read_text().replace('"passes": false', '"passes": true'))
        return makes_exact("rec#1")(session)

    one.run([cheat])
    assert names(one) == {"rec-1": True, "rec-2": False, "rec-3": False, "rec-4": False}
    assert one.events(e.Tampered) == [e.Tampered(what=FILE)]


def test_no_progress_goes_to_the_next_builder_and_then_ends_stuck(bench: Make) -> None:
    one = bench({"users": ["rec#1", "rec#2"]})
    second = ScriptedBuilder([makes_exact("rec#1")])
    end = one.run([], second)
    assert end.outcome == "stuck"
    assert end.reasons == ("rec-2: rec#2: $ is 1, recorded was 2",)
    assert names(one) == {"rec-1": True, "rec-2": False}
    assert len(second.seen) == 2


def test_stuck_after_n_sessions_that_change_things_for_nothing(bench: Make) -> None:
    one = bench({"users": ["rec#1"]})

    def fiddle(session: SessionContext) -> Outcome:
        (session.folder / f"note-{session.number}").write_text("x")
        return Outcome("fiddled")

    end = one.run([fiddle] * 9, stuck_after=3)
    assert end.outcome == "stuck"
    assert len(one.events(e.SessionStarted)) == 1 + 3


def test_session_budget(bench: Make) -> None:
    one = bench(SHAPE)
    end = one.run([makes_exact("rec#1"), makes_exact("rec#1", "rec#3")], limits=Limits(sessions=1))
    assert (end.outcome, end.exit_code) == ("budget", 3)
    assert "1 of 1 sessions" in end.detail
    assert sum(names(one).values()) == 1


def test_feature_budget(bench: Make) -> None:
    one = bench(SHAPE)
    end = one.run([makes_exact("rec#1", "rec#2"), makes_exact()], limits=Limits(features=2))
    assert end.outcome == "budget"
    assert sum(names(one).values()) == 2


def test_money_budget_counts_what_builders_report(bench: Make) -> None:
    one = bench(SHAPE)

    def spend(session: SessionContext) -> Outcome:
        session.record.spent(1000, 0.6)
        return makes_exact("rec#1")(session)

    end = one.run([spend, spend], limits=Limits(usd=1.0))
    assert end.outcome == "budget"
    assert "0.4 US dollars are left" in end.detail
    assert one.events(e.SessionEnded)[1].usd == 0.6


def test_pause_lands_what_is_green_and_a_second_run_goes_on(bench: Make) -> None:
    one = bench(SHAPE)

    def ask(session: SessionContext) -> Outcome:
        one.control.ask("test")
        return makes_exact("rec#1", "rec#2")(session)

    end = one.run([ask])
    assert (end.outcome, end.exit_code) == ("paused", 0)
    assert sum(names(one).values()) == 2
    again = Bench(one.folder, SHAPE)
    builder = ScriptedBuilder([makes_exact(*EVERYTHING)])
    assert again.run(builder).outcome == "done"
    assert [item.id for item in builder.seen[0].slice] == ["rec-3", "rec-4"]
    again.journal.close()


def test_second_request_stops_at_once_and_stashes(bench: Make) -> None:
    one = bench(SHAPE)

    def stop(session: SessionContext) -> Outcome:
        makes_exact("rec#1")(session)
        one.control.ask("test")
        one.control.ask("test")
        raise AssertionError

    end = one.run([stop])
    assert (end.outcome, end.exit_code) == ("paused", 0)
    assert sum(names(one).values()) == 0
    kept = one.workshop.repository.read("stash/session-2", "exact.txt")
    assert kept == "rec#1\n"
    assert one.events(e.SessionEnded)[-1].outcome == "stopped"


def test_edits_by_hand_are_committed_and_verified(bench: Make) -> None:
    one = bench(SHAPE)
    one.run([makes_exact("rec#1", "rec#2")], limits=Limits(sessions=1))
    backend = one.workshop.repository.folder
    (backend / "exact.txt").write_text("rec#1\n")
    again = Bench(one.folder, SHAPE)
    again.run([], limits=Limits(sessions=1))
    assert names(again) == {"rec-1": True, "rec-2": False, "rec-3": False, "rec-4": False}
    assert again.events(e.Regressed) == [e.Regressed(by_session=0, features=["rec-2"], landed=True)]
    assert len(again.events(e.KeptByHand)) == 1
    again.journal.close()


def test_features_that_went_are_dropped_and_new_ones_are_built(bench: Make) -> None:
    one = bench(SHAPE)
    one.run([makes_exact(*EVERYTHING)], size=9)
    again = Bench(one.folder, {"users": ["rec#1"], "tags": ["rec#9"]})
    end = again.run([makes_exact("rec#1", "rec#9")])
    assert end.outcome == "done"
    assert names(again) == {"rec-1": True, "rec-9": True}
    assert again.events(e.FeaturesWritten)[-1].dropped == 3
    again.journal.close()


def test_a_builder_that_fails_ends_its_session_and_not_the_run(bench: Make) -> None:
    one = bench(SHAPE)

    def fail(session: SessionContext) -> Outcome:
        raise KeyError(session.number)

    end = one.run([fail, makes_exact("rec#3", "rec#4"), makes_exact(*EVERYTHING)])
    assert end.outcome == "done"
    (failed,) = one.events(e.BuilderFailed)
    assert failed.error == "KeyError(2)"
    assert "in fail" in failed.trace


def test_after_work_that_cannot_be_merged_resources_are_tried_one_by_one(bench: Make) -> None:
    one = bench({"a": ["rec#1"], "b": ["rec#2"], "c": ["rec#3"]})
    one.judge.failed_tests = ("tests/test_b.py::test_it",)

    def repaired(session: SessionContext) -> Outcome:
        one.judge.failed_tests = ()
        return makes_exact("rec#1")(session)

    builder = ScriptedBuilder([makes_exact("rec#9"), repaired, makes_exact("rec#1", "rec#2")])
    one.run(builder, size=9)
    assert [[item.resource for item in seen.slice] for seen in builder.seen[:4]] == [
        ["a", "b", "c"],
        ["a"],
        ["b"],
        ["c"],
    ]


def test_when_nothing_else_is_left_what_gains_more_than_it_loses_is_kept(bench: Make) -> None:
    one = bench({"users": ["rec#1", "rec#2", "rec#3"]})
    trade = makes_exact("rec#2", "rec#3")
    end = one.run([makes_exact("rec#1"), trade])
    assert end.outcome == "stuck"
    assert names(one) == {"rec-1": False, "rec-2": True, "rec-3": True}
    assert one.events(e.Regressed) == [e.Regressed(by_session=3, features=["rec-1"], landed=True)]


def test_what_a_person_commits_during_a_session_is_merged_and_verified_again(bench: Make) -> None:
    one = bench({"users": ["rec#1"]})

    def meanwhile(session: SessionContext) -> Outcome:
        (session.repository / "mine.txt").write_text("first\n")
        git(session.repository, "add", "mine.txt")
        git(session.repository, "commit", "-m", "Mine")
        (session.repository / "mine.txt").write_text("second\n")
        (session.repository / "README.md").write_text("Mine, too.\n")
        (session.folder / "README.md").write_text("The builder's.\n")
        return makes_exact("rec#1")(session)

    assert one.run([meanwhile]).outcome == "done"
    assert one.workshop.repository.read(MAIN, "mine.txt") == "second\n"
    assert one.workshop.repository.read(MAIN, "README.md") == "Mine, too.\n"
    assert one.workshop.repository.read(MAIN, "exact.txt") == "rec#1\n"
    assert not one.workshop.repository.dirty()
