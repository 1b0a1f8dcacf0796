"""What is held against a backend on a variant, and what is not."""

import pytest

from harness.testing import exchange
from harness.verify.replay import plain_label
from harness.verify.report import FidelityReport, Mismatch
from harness.verify.variant.judging import right
from harness.verify.verify import Case, Verification

NAMES = ("Ada", "Grace", "Alan")
CASE = Case(
    "rec",
    [
        exchange(
            number,
            "POST",
            "/parcels",
            {"sender": name},
            201,
            {
                "id": number,
                "sender": name,
                "label": name[::-1].upper(),
                "weight": number * 100,
                "unit": "g",
                "note": f"of {name}",
            },
        )
        for number, name in enumerate(NAMES, 1)
    ],
)


def judged(*mismatches: tuple[str, str, object, object]) -> bool:
    """Whether an exchange with these mismatches (level, path, expected, actual) is right."""
    told = [
        Mismatch(
            exchange="rec#2",
            endpoint="POST /parcels",
            level=level,  # type: ignore[arg-type]
            path=path,
            expected=expected,
            actual=actual,
        )
        for level, path, expected, actual in mismatches
    ]
    report = FidelityReport.of({}).model_copy(update={"mismatches": told})
    found = Verification(report, frozenset({"rec#1"}), frozenset(), {})
    assert "rec#1" in right([CASE], found, plain_label)
    return "rec#2" in right([CASE], found, plain_label)


@pytest.mark.parametrize(
    ("path", "expected", "actual"),
    [
        ("$.label", "ECARG", "IKYCG"),
        ("$.label", "ASU", "USA"),
        ("$.weight", 200, 300),
    ],
)
def test_what_nobody_can_know_is_excused(path: str, expected: object, actual: object) -> None:
    assert judged(("exact", path, expected, actual))


@pytest.mark.parametrize(
    ("level", "path", "expected", "actual"),
    [
        ("exact", "$.sender", "Gcyki", "Grace"),
        ("exact", "$.note", "of Gcyki", "of Grace"),
        ("exact", "$.unit", "g", "kg"),
        ("exact", "$.label", "ECARG", None),
        ("exact", "$.weight", 200, "200"),
        ("exact", "$.else", "a", "b"),
        ("shape", "$.label", "ECARG", 1),
        ("status", "status", 201, 500),
    ],
)
def test_what_clients_sent_is_not(level: str, path: str, expected: object, actual: object) -> None:
    assert not judged((level, path, expected, actual))
    assert not judged((level, path, expected, actual), ("exact", "$.label", "ECARG", "IKYCG"))


def test_too_many_differences_are_not_excused() -> None:
    assert not judged(*[("exact", "$.label", "ECARG", "IKYCG")] * 20)
