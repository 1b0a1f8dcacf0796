"""The proof tells a sandbox from none."""

import pytest

from security.sandbox import NoSandbox, Sandbox, prove

pytestmark = pytest.mark.sandbox


def test_the_sandbox_holds() -> None:
    assert {one.attempt: one.held for one in prove(Sandbox)} == {
        "a write outside": True,
        "a read of a planted secret": True,
        "a connection out": True,
    }


def test_without_one_the_attempts_succeed() -> None:
    held = {one.attempt: one.held for one in prove(NoSandbox)}
    assert not held["a read of a planted secret"]
    assert not held["a connection out"]
