from harness.features.feature import FeatureList
from harness.sessions.judge import Verdict, failures, passing, why
from harness.testing import feature, verified

LISTED = FeatureList(
    [
        feature("create", ["r#1"], "notes"),
        feature("unknown", ["r#2"], "notes"),
        feature("login", ["r#3"], "users"),
        feature("only-errors", ["r#4"], "odd"),
        feature("wrong-method", ["r#5"], "fallbacks"),
    ]
)


def verdict(*exact: str, broken: str | None = None, failed: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        exact=frozenset(exact),
        succeeded=frozenset({"r#1", "r#3"}),
        mismatches={"r#1": "r#1 POST /notes: status is 404, recorded was 201"},
        failed_tests=failed,
        report=verified(len(exact), 5),
        broken=broken,
    )


def test_failures_count_only_where_something_succeeds() -> None:
    assert passing(LISTED, verdict("r#2", "r#3"), settled=False) == {"login"}
    assert passing(LISTED, verdict("r#1", "r#2"), settled=False) == {"create", "unknown"}


def test_a_resource_that_never_succeeded_counts_by_itself() -> None:
    assert passing(LISTED, verdict("r#4"), settled=False) == {"only-errors"}


def test_what_is_outside_counts_once_every_resource_is_there() -> None:
    assert "wrong-method" not in passing(LISTED, verdict("r#1", "r#5"), settled=False)
    assert "wrong-method" in passing(LISTED, verdict("r#1", "r#3", "r#5"), settled=False)


def test_in_the_end_everything_exact_counts() -> None:
    assert passing(LISTED, verdict("r#2", "r#5"), settled=True) == {"unknown", "wrong-method"}


def test_failures_name_what_differs_first() -> None:
    said = failures(LISTED, verdict(), {"create", "login"})
    assert said == (
        "create: r#1 POST /notes: status is 404, recorded was 201",
        "login: r#3 was not played",
    )


def test_why_work_is_not_merged() -> None:
    assert why(verdict(), frozenset()) == ""
    assert "1 features that passed fail now: create" in why(verdict(), {"create"})
    assert "tests/test_a.py::test_b" in why(verdict(failed=("tests/test_a.py::test_b",)), set())
    trace = "It ends while it starts\n  Traceback\n  ImportError: no x\nThe whole log is y."
    assert why(verdict(broken=trace), set()) == (
        "the backend does not run: It ends while it starts ImportError: no x"
    )
