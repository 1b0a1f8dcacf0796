"""All attacks for other users: python -m tests.security.sandbox.attempts DIR."""

import json
import sys
from pathlib import Path

from security.sandbox import Sandbox
from tests.security.sandbox.attacks import ATTACKS, FirstLayerAlone, place, trouble


def attempt(base: Path) -> dict[str, str]:
    """Return what each attack achieved: against both layers, and against the first one alone."""
    achieved = dict.fromkeys((attack.name for attack in ATTACKS), "")
    with place(base) as where:
        for kind in (Sandbox, FirstLayerAlone):
            with kind(where.spec) as sandbox:
                for attack in ATTACKS:
                    achieved[attack.name] += trouble(attack, sandbox, where)
    return achieved


if __name__ == "__main__":
    print(json.dumps(attempt(Path(sys.argv[1]))))  # noqa: T201 - that is its answer
