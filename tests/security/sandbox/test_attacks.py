"""Attacks from inside: each must fail, and the sandbox must go on."""

import json
import os
from collections.abc import Iterator

import pytest

from security.sandbox import Sandbox
from tests.security.sandbox.attacks import ATTACKS, Attack, FirstLayerAlone, Place, place, trouble
from tests.security.sandbox.ordinary_user import ordinary_user

pytestmark = pytest.mark.sandbox
_NAMES = [attack.name for attack in ATTACKS]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("machine")) as laid_out:
        yield laid_out


@pytest.fixture(scope="module", params=[Sandbox, FirstLayerAlone], ids=["both layers", "first"])
def sandbox(request: pytest.FixtureRequest, where: Place) -> Iterator[Sandbox]:
    with request.param(where.spec) as opened:
        yield opened


@pytest.mark.parametrize("attack", ATTACKS, ids=_NAMES)
def test_an_attack_fails(attack: Attack, sandbox: Sandbox, where: Place) -> None:
    assert trouble(attack, sandbox, where) == ""


if os.geteuid() == 0:

    @pytest.fixture(scope="module")
    def achieved() -> Iterator[dict[str, str]]:
        with ordinary_user() as user:
            module = "tests.security.sandbox.attempts"
            yield json.loads(user.run(module, str(user.home / "machine")))

    @pytest.mark.parametrize("name", _NAMES)
    def test_an_attack_fails_for_an_ordinary_user_too(name: str, achieved: dict[str, str]) -> None:
        assert achieved[name] == ""
