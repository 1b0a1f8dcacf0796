import pytest

from harness.inference.behaviours.conditions import fits


@pytest.mark.parametrize(
    ("value", "kind", "fitting"),
    [
        ("7", "integer", True),
        ("seven", "integer", False),
        ("7.5", "number", True),
        ("true", "boolean", True),
        ("maybe", "boolean", False),
        ("6f1d0c1e-4a7b-4c0e-9d2f-0123456789ab", "uuid", True),
        ("6f1d", "uuid", False),
        ("anything", "string", True),
    ],
)
def test_whether_a_parameter_is_of_its_type(value: str, kind: str, *, fitting: bool) -> None:
    assert fits(value, kind) is fitting
