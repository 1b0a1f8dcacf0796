"""Attacks from inside: each must fail, and the sandbox must go on."""

from collections.abc import Iterator

import pytest

from security.sandbox import Sandbox, SandboxSpec
from tests.security.sandbox.attacks import ATTACKS, Attack, Place, place, trouble

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("machine")) as laid_out:
        yield laid_out


@pytest.fixture(scope="module")
def sandbox(where: Place) -> Iterator[Sandbox]:
    with Sandbox(SandboxSpec(root=where.root)) as opened:
        yield opened


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.name)
def test_an_attack_fails(attack: Attack, sandbox: Sandbox, where: Place) -> None:
    assert trouble(attack, sandbox, where) == ""
