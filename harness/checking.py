"""`understudy verify`: how faithful the backend is to recordings, learned from or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.features.routes import Routes, label_of
from harness.importing import recording_name, scope_of
from harness.inference.model import ApiModel
from harness.project import Project
from harness.sessions.learning import learn, require_recordings
from harness.sessions.replay_judge import cases
from harness.traffic.exchange import Exchange
from harness.traffic.framings.translate import translate
from harness.traffic.importers import ImportReport, load
from harness.traffic.scope import Scope
from harness.verify.confined import runner as runner_of
from harness.verify.postgres import PostgresServer
from harness.verify.verify import Case, verify_backend

_SHOWN = 20


def verify_project(
    project: Project, files: Sequence[Path], *, accept_risk: bool = False
) -> dict[str, Any]:
    """Replay the project's recordings, or these files, against its backend in a sandbox."""
    require_backend(project)
    runner = runner_of(accept_risk=accept_risk)
    require_recordings(project)
    model = learn(project)
    played = [case_of(project, model, path) for path in files] or cases(project, model)
    with PostgresServer() as postgres:
        verification = verify_backend(
            project.backend_dir,
            played,
            postgres=postgres,
            label=label_of(model),
            logs=project.state_dir / "logs",
            runner=runner,
        )
    return verification.report.model_dump(mode="json")


def require_backend(project: Project) -> None:
    if not (project.backend_dir / "app").is_dir():
        raise UsageError(
            f"{project.directory} has no backend yet.",
            do=f"Build it with `understudy run {project.directory}`.",
        )


def case_of(project: Project, model: ApiModel, path: Path) -> Case:
    """Return a file's traffic as a case, its values as they are, in memory only."""
    exchanges = exchanges_of(project, model, path)
    capture = Capture(recording_name(path), exchanges)
    return Case(capture.name, exchanges, seed_of(project, model, capture))


@dataclass(frozen=True, slots=True)
class Capture:
    """A file's traffic in memory, as a recording: named, and iterated as often as asked."""

    name: str
    exchanges: list[Exchange]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)


def seed_of(project: Project, model: ApiModel, capture: Capture) -> dict[str, Any]:
    """Return the state in which a recording starts that the model was not learned from."""
    from harness.builders.offline import seed_document  # noqa: PLC0415 - as heavy as inference
    from harness.inference.seed import seed_state  # noqa: PLC0415 - as heavy as inference

    known = project.recordings()
    if capture.name in {each.name for each in known}:
        capture = replace(capture, name=f"{capture.name} as a file")
    return seed_document(model, seed_state(model, capture, known))


def exchanges_of(project: Project, model: ApiModel, path: Path) -> list[Exchange]:
    """Return a file's exchanges with the application; raise UsageError where there are none.

    The application may have been recorded under another host: then its paths tell.
    """
    exchanges, report = _load(path, scope_of(project))
    known = {item.partition(":")[0] for item in model.hosts}
    kept = [e for e in exchanges if e.request.host.partition(":")[0] in known or not known]
    if not kept:
        elsewhere, _ = _load(path, Scope(denied_hosts=project.config.target.denied_hosts))
        routes = Routes(model)
        known_paths = sum(bool(routes.methods(each.request.path)) for each in elsewhere)
        kept = elsewhere if known_paths * 2 > len(elsewhere) else []
    if not kept:
        hosts = {e.request.host for e in exchanges} | set(report.dropped_hosts)
        dropped = ", ".join(sorted(hosts)) or "none"
        raise UsageError(
            f"{path} has no traffic of {', '.join(model.hosts) or 'this application'}.",
            do=f"It has traffic of: {dropped}. Set `hosts` under [target] in understudy.toml.",
        )
    return kept


def _load(path: Path, scope: Scope) -> tuple[list[Exchange], ImportReport]:
    exchanges, report = load(path, scope)
    return list(translate(exchanges).apply(exchanges)), report


def report_text(document: dict[str, Any]) -> str:
    """Return the fidelity report for people."""
    lines = [f"  {'recording':<24}{'exchanges':>10}{'status':>8}{'shape':>8}{'exact':>8}"]
    lines += [
        f"  {item['name']:<24}{item['exchanges']:>10}{item['status']:>8}"
        f"{item['shape']:>8}{item['exact']:>8}"
        for item in [*document["recordings"], {**document, "name": "all"}]
    ]
    lines += ["", f"  fidelity {document['fidelity']:.2%}"]
    for item in document["mismatches"][:_SHOWN]:
        lines.append(
            f"  {item['exchange']} {item['endpoint']} {item['level']} at {item['path']}: "
            f"expected {item['expected']!r}, got {item['actual']!r}"[:300]
        )
    if len(document["mismatches"]) > _SHOWN:
        lines.append(f"  and {len(document['mismatches']) - _SHOWN} more differences (--json)")
    if document["left_out"]:
        lines.append(f"  {len(document['left_out'])} exchanges left out (--json lists them)")
    return "\n".join(lines)
