"""A backend that is wrong in any single way is less faithful than the one that is not."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.builders.offline import generate
from harness.inference.infer import infer
from harness.traffic.store import Recording
from harness.verify.postgres import PostgresServer
from harness.verify.replay import Judged, ReplayResult, replay
from harness.verify.variant import variant
from harness.verify.verify import Case, migrated_template, verify_backend
from tests.e2e.mutations import MUTATIONS, Mutation
from tests.e2e.warm import serving
from tests.verify.lookup import look_up

pytestmark = pytest.mark.e2e

RECORDINGS = Path(__file__).parent.parent.parent / "projects" / "conduit" / "recordings"


@dataclass
class Laboratory:
    """The generated backend, one server for all copies of it, and what it gets right."""

    backend: Path
    case: Case
    postgres: PostgresServer
    exact: frozenset[int] = frozenset()

    def replayed(self, directory: Path, name: str) -> ReplayResult:
        """Replay against a backend until it gets wrong what the original backend gets right."""
        self.postgres.create_database(name, migrated_template(directory, self.postgres))
        with serving(directory, self.postgres.url(name)) as base_url:
            result = replay(
                self.case.exchanges,
                base_url,
                seed=self.case.seed,
                until=lambda judged: self.is_worse(judged),
            )
        self.postgres.drop_database(name)
        return result

    def is_worse(self, judged: Judged) -> bool:
        return not judged.exact and judged.seq in self.exact

    def try_out(self, mutation: Mutation, directory: Path) -> bool:
        """Return whether a mutation is noticed."""
        shutil.copytree(self.backend, directory)
        mutation.apply(directory)
        name = "mutant_" + "".join(c if c.isalnum() else "_" for c in mutation.name.lower())
        return any(self.is_worse(item) for item in self.replayed(directory, name).judged)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    recordings = [Recording(path) for path in sorted(RECORDINGS.glob("journeys.*"))]
    model = infer(recordings, title="Conduit")
    backend = tmp_path_factory.mktemp("generated") / "backend"
    for path, text in generate(model).items():
        (backend / path).parent.mkdir(parents=True, exist_ok=True)
        (backend / path).write_text(text)
    with PostgresServer() as postgres:
        made = Laboratory(backend, Case("journeys", list(recordings[0])), postgres)
        result = made.replayed(backend, "unchanged")
        made.exact = frozenset(item.seq for item in result.judged if item.exact)
        yield made


@pytest.fixture(scope="module")
def trials(
    laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[bool]]]:
    """All mutations under way, two at a time."""
    root = tmp_path_factory.mktemp("mutants")
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {
            mutation.name: pool.submit(laboratory.try_out, mutation, root / str(number))
            for number, mutation in enumerate(MUTATIONS)
        }


def test_the_unchanged_backend_is_faithful(laboratory: Laboratory) -> None:
    result = laboratory.replayed(laboratory.backend, "again")
    assert [item for item in result.judged if laboratory.is_worse(item)] == []
    assert len(laboratory.exact) == len(result.judged)


def test_the_unchanged_backend_answers_the_variant(laboratory: Laboratory) -> None:
    found = variant(laboratory.case, "salt")
    report = verify_backend(laboratory.backend, [found.case], postgres=laboratory.postgres).report
    assert [one.line() for one in report.mismatches] == []
    assert report.exact == len(laboratory.exact)
    assert found.share > 0.9


def test_a_table_of_recorded_requests_does_not_answer_the_variant(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    recorded = laboratory.case
    cheat = look_up(shutil.copytree(laboratory.backend, tmp_path / "cheat"), recorded.exchanges)
    cases = [replace(recorded, name="known"), replace(variant(recorded, "salt").case, name="fresh")]
    known, fresh = verify_backend(cheat, cases, postgres=laboratory.postgres).report.recordings
    assert known.exact == known.exchanges
    assert fresh.exact < fresh.exchanges / 4


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[item.name for item in MUTATIONS])
def test_every_mutation_is_noticed(mutation: Mutation, trials: dict[str, Future[bool]]) -> None:
    assert trials[mutation.name].result()
