"""All attacks in one sandbox, for other users: python -m tests.security.sandbox.attempts DIR."""

import json
import sys
from pathlib import Path

from security.sandbox import Sandbox
from tests.security.sandbox.attacks import ATTACKS, place, trouble


def attempt(base: Path) -> dict[str, str]:
    """Return what each attack achieved."""
    with place(base) as where, Sandbox(where.spec) as sandbox:
        return {attack.name: trouble(attack, sandbox, where) for attack in ATTACKS}


if __name__ == "__main__":
    print(json.dumps(attempt(Path(sys.argv[1]))))  # noqa: T201 - that is its answer
