"""How many exchanges a second replay plays against a backend, and what a verification takes.

    python -m benchmarks.replay_speed [PROJECT]

Without a project that has a backend, the small backend of the tests plays the original.
"""

import sys
import time
from pathlib import Path

from harness.features.routes import label_of
from harness.project import Project
from harness.sessions.learning import learn
from harness.sessions.replay_judge import cases
from harness.verify.backend import BackendProcess
from harness.verify.postgres import PostgresServer
from harness.verify.replay import replay
from harness.verify.report import FidelityReport
from harness.verify.verify import Case, migrated_template, verify_backend
from tests.verify.recorder import Recorder, tell_story

ROOT = Path(__file__).parent.parent
NOTES = ROOT / "tests" / "fixtures" / "notes_backend"


def main() -> None:
    project = Project.open(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "projects" / "conduit")
    with PostgresServer() as postgres:
        if (project.backend_dir / "app").is_dir():
            measure_project(project, postgres)
        else:
            measure_notes(postgres)


def measure_project(project: Project, postgres: PostgresServer) -> None:
    model = learn(project)
    played = cases(project, model)

    def verified(chosen: list[Case]) -> FidelityReport:
        return verify_backend(
            project.backend_dir, chosen, postgres=postgres, label=label_of(model)
        ).report

    for attempt in ("with migrations", "migrated before"):
        began = time.perf_counter()
        report = verified(played)
        wall = time.perf_counter() - began
        print(
            f"{attempt}: {report.exchanges} exchanges of {len(played)} recordings in {wall:.2f} s, "
            f"fidelity {report.fidelity:.2%}"
        )
    for case in played:
        report = verified([case])
        print(f"{case.name} alone: {report.exchanges / report.seconds:.0f} exchanges a second")


def measure_notes(postgres: PostgresServer) -> None:
    template = migrated_template(NOTES, postgres)
    for name in ("original", "clone"):
        postgres.create_database(name, template)
    with BackendProcess(NOTES, postgres.url("original")) as original:
        original.wait_ready()
        recorder = Recorder(original.base_url)
        tell_story(recorder)
        for number in range(400):
            recorder.send("GET", f"/notes?offset={number % 3}")
        recorder.close()
    with BackendProcess(NOTES, postgres.url("clone")) as clone:
        clone.wait_ready()
        result = replay(recorder.exchanges, clone.base_url)
    exact = sum(item.exact for item in result.judged)
    print(f"{len(result.judged)} exchanges, {exact} exact")
    print(f"{len(result.judged) / result.seconds:.0f} exchanges a second")


if __name__ == "__main__":
    main()
