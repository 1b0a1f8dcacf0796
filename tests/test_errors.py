from harness import errors


def test_exit_codes() -> None:
    codes = {
        errors.UnderstudyError: 1,
        errors.UsageError: 2,
        errors.ConfigError: 2,
        errors.TrafficError: 2,
        errors.BudgetSpent: 3,
        errors.Stuck: 4,
        errors.SetupError: 5,
    }
    assert {kind: kind.exit_code for kind in codes} == codes


def test_a_message_says_what_to_do() -> None:
    error = errors.UsageError("no such thing", do="Make one.")
    assert str(error) == "no such thing\nMake one."
    assert (error.problem, error.do) == ("no such thing", "Make one.")
    assert str(errors.UsageError("just wrong")) == "just wrong"
