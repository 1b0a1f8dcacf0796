"""`understudy watch`: what a new recording shows that the API model does not say yet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.checking import verify_project
from harness.features.feature import FILE, Feature, FeatureList
from harness.importing import import_as, recording_name
from harness.inference.changes import ModelChange, changes
from harness.inference.model import ApiModel
from harness.project import Project
from harness.sessions.learning import learn, list_features, require_recordings
from harness.sessions.runner import Options, run_project

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _Known:
    """What a project knows: its model and features."""

    model: ApiModel
    features: FeatureList

    @classmethod
    def of(cls, project: Project) -> "_Known":
        model = learn(project)
        return cls(model, list_features(project, model))


def watch_project(project: Project, file: Path, *, accept_risk: bool = False) -> dict[str, Any]:
    """Compare a new recording with the API model, and take it in where it shows something new.

    With a backend, the recording is replayed first. If it is taken in, everything is replayed and
    the feature list is brought up to date: features come in, and those that fail now are reopened.
    """
    require_recordings(project)
    built = (project.backend_dir / FILE).is_file() and (project.backend_dir / "app").is_dir()
    before = _Known.of(project)
    passing = _listed(project).passing if built else frozenset()
    differing = _differing(project, file, accept_risk=accept_risk) if built else {}
    name = _free_name(project, recording_name(file))
    try:
        report = import_as(project, file, name)
        after = _Known.of(project)
        found = changes(before.model, after.model, name)
        added = [each for each in after.features if each.id not in before.features]
        kept = bool(found or added or differing)
        if kept and built:
            run_project(project, Options(check=True, accept_risk=accept_risk))
    except BaseException:
        _forget(project, name)
        raise
    if not kept:
        _forget(project, name)
        learn(project)
    now = _listed(project).passing if built else frozenset()
    reopened = [each for each in after.features if each.id in passing - now]
    return {
        "recording": name if kept else None,
        "exchanges": report.kept,
        "changes": [each.as_dict() for each in found],
        "features": {
            "new": [_brief(each, name) for each in added],
            "reopened": [_brief(each, name) for each in reopened],
        },
        "differing": differing,
        "text": _text(file, name if kept else None, found, added, reopened, differing),
    }


def _listed(project: Project) -> FeatureList:
    return FeatureList.parse((project.backend_dir / FILE).read_text(encoding="utf-8"))


def _differing(project: Project, file: Path, *, accept_risk: bool) -> dict[str, int]:
    """Return how many exchanges of each endpoint the backend answers another way."""
    report = verify_project(project, [file], accept_risk=accept_risk)
    return {
        each["endpoint"]: each["exchanges"] - each["exact"]
        for each in report["endpoints"]
        if each["exact"] < each["exchanges"]
    }


def _free_name(project: Project, name: str) -> str:
    taken = {each.name for each in project.recordings()}
    numbered = (f"{name}-{count}" for count in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)


def _forget(project: Project, name: str) -> None:
    project.recording_path(name).unlink(missing_ok=True)


def _brief(feature: Feature, recording: str) -> dict[str, Any]:
    shown = [each for each in feature.acceptance.exchanges if each.startswith(f"{recording}#")]
    return {"id": feature.id, "description": feature.description, "evidence": shown[:5]}


def _text(
    file: Path,
    name: str | None,
    found: list[ModelChange],
    added: list[Feature],
    reopened: list[Feature],
    differing: dict[str, int],
) -> str:
    if name is None:
        return f"{file} shows nothing that is not known; it was not kept."
    lines = [f"{file} is the recording {name} now."]
    lines += _section("changes", [f"{each.kind}: {each.where}: {each.detail}" for each in found])
    lines += _section("new features", [f"{each.id}: {each.description}" for each in added])
    lines += _section("reopened features", [f"{e.id}: {e.description}" for e in reopened])
    told = [f"{endpoint}: {count} exchanges" for endpoint, count in differing.items()]
    lines += _section("answered another way by the clone", told)
    return "\n".join(lines)


def _section(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"    and {len(items) - _SHOWN} more (--json)"] if len(items) > _SHOWN else []
    return [f"  {title}: {len(items)}", *(f"    {each}" for each in items[:_SHOWN]), *more]
