"""Print what the held-out variant of a project's recordings changes, and who still answers it.

    python -m benchmarks.variant [PROJECT] [--salt SALT]

Without a project, projects/conduit. The backend is generated from the recordings; beside it stands
one that looks recorded requests up in a table. Nothing runs in a sandbox.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.project import Project
from harness.sessions.replay_judge import cases
from harness.verify.postgres import PostgresServer
from harness.verify.variant import variant
from harness.verify.verify import Case, verify_backend
from tests.e2e.workbench import learned, write_backend
from tests.verify.lookup import look_up

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("project", type=Path, nargs="?", default=ROOT / "projects" / "conduit")
    parser.add_argument("--salt", default="salt")
    options = parser.parse_args()
    model = learned(options.project)
    recorded = cases(Project.open(options.project), model)
    variants = [variant(case, options.salt) for case in recorded]
    fresh = [one.case for one in variants]
    for one in variants:
        print(f"{one.case.name}: {one.fresh} of {one.chosen} texts fresh, {one.share:.0%}")
    with tempfile.TemporaryDirectory() as place, PostgresServer() as postgres:
        backend = write_backend(model, Path(place) / "backend")
        compared("generated", backend, recorded, fresh, postgres)
        for case, other in zip(recorded, fresh, strict=True):
            cheat = shutil.copytree(backend, Path(place) / f"table-{case.name}")
            look_up(cheat, case.exchanges)
            compared(f"table of {case.name}", cheat, [case], [other], postgres)


def compared(
    name: str,
    backend: Path,
    recorded: Sequence[Case],
    fresh: Sequence[Case],
    postgres: PostgresServer,
) -> None:
    """Print how many exchanges a backend answers exactly, as recorded and in the variant."""
    known = verify_backend(backend, recorded, postgres=postgres)
    found = verify_backend(backend, fresh, postgres=postgres)
    both = len(known.exact & found.exact)
    total = known.report.exchanges
    print(f"{name}: {len(known.exact)} of {total} exact, {both} of these in the variant")
    for exchange in sorted(known.exact - found.exact)[:3] if name == "generated" else ():
        print(f"  {found.mismatches[exchange]}")


if __name__ == "__main__":
    main()
