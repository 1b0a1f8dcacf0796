"""The API model of a project and the features that follow from it, made again when stale."""

import hashlib
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import harness.inference
import harness.traffic.framings
from harness.errors import UsageError
from harness.features.derive import derive
from harness.features.feature import FeatureList, write_whole
from harness.inference.model import ApiModel, Finding
from harness.project import DESCRIPTIONS_NAME, Project
from harness.sessions.events import Inferred, PhaseStarted
from harness.sessions.journal import Journal
from harness.traffic.exchange import Exchange
from harness.traffic.framings.recordings import TranslatedRecording
from harness.traffic.scope import Scope
from harness.traffic.store import Recording
from harness.verify.replay import reason_to_leave_out

_STAMP = "model.stamp"
_BLOCK = 1 << 20
_UNMATCHED = f"{DESCRIPTIONS_NAME} describes it, and the recordings do not show it."


def require_recordings(project: Project) -> Sequence[Recording]:
    """Return the recordings; raise UsageError where there are none."""
    recordings = project.recordings()
    if not any(len(recording) for recording in recordings):
        raise UsageError(
            f"{project.directory} has no recording to learn from.",
            do=f"Bring traffic in with `understudy import {project.directory} FILE` "
            "(a HAR or mitmproxy flow file).",
        )
    _require_target(project, recordings)
    return recordings


def _require_target(project: Project, recordings: Sequence[Recording]) -> None:
    """Raise UsageError when understudy.toml wants none of the hosts that were recorded."""
    target = project.config.target
    scope = Scope(target.hosts, target.extra_hosts, target.denied_hosts)
    recorded = sorted({host for recording in recordings for host in _hosts(recording)})
    if not recorded or any(scope.host_verdict(host) is None for host in recorded):
        return
    raise UsageError(
        f"The recordings of {project.directory} have traffic of {', '.join(recorded)} only, "
        f"and understudy.toml asks for {', '.join(target.hosts)}.",
        do="Correct `hosts` under [target] there, or import a capture of that host.",
    )


def _hosts(recording: Recording) -> Iterable[str]:
    listed = recording.meta.get("hosts", "")
    return listed.split(",") if listed else {exchange.request.host for exchange in recording}


def learn(project: Project, journal: Journal | None = None) -> ApiModel:
    """Return the project's API model; infer it when the recordings changed since it was written."""
    require_recordings(project)
    model_path, stamp_path = project.model_dir / "model.json", project.state_dir / _STAMP
    stamp = _stamp(project)
    if model_path.is_file() and stamp_path.is_file() and stamp_path.read_text() == stamp:
        return ApiModel.model_validate_json(model_path.read_bytes())
    if journal:
        journal.append(PhaseStarted(name="infer", detail="the API model from the recordings"))
    began = time.monotonic()
    model = infer_and_write(project)
    project.state_dir.mkdir(parents=True, exist_ok=True)
    write_whole(stamp_path, stamp)
    if journal:
        journal.append(
            Inferred(
                operations=len(model.operations),
                entities=len(model.entities),
                exchanges=sum(len(recording) for recording in project.recordings()),
                seconds=round(time.monotonic() - began, 3),
            )
        )
    return model


def infer_and_write(project: Project) -> ApiModel:
    """Infer the API model and write its documents into the project's model folder."""
    from harness.inference.infer import infer  # noqa: PLC0415 - heavy, and often not needed

    recordings = project.recordings()
    model = infer(recordings, title=project.title)
    model.findings += [finding for each in recordings for finding in _message_findings(each)]
    if not model.operations:
        hosts = ", ".join(sorted({e.request.host for r in project.recordings() for e in r}))
        raise UsageError(
            f"Nothing in the recordings of {project.directory} is traffic of an API.",
            do="Check `hosts` in understudy.toml against the recorded hosts: "
            f"{hosts or 'there are none'}.",
        )
    _write(model, project)
    return model


def _message_findings(recording: TranslatedRecording) -> Iterable[Finding]:
    """What the WebSocket messages of a recording leave open."""
    for note in recording.translation.notes:
        evidence = [f"{recording.name}#{seq}" for seq in note.evidence]
        yield Finding(level=note.level, where=note.where, detail=note.detail, evidence=evidence)


def _write(model: ApiModel, project: Project) -> None:
    import yaml  # noqa: PLC0415

    from harness.inference.documents import descriptions  # noqa: PLC0415
    from harness.inference.documents.markdown import markdown  # noqa: PLC0415
    from harness.inference.documents.openapi import document as openapi  # noqa: PLC0415

    folder, described = project.model_dir, openapi(model)
    said = descriptions.read(project.descriptions_path)
    model.findings += [
        Finding(level="warning", where=one.operation, detail=_UNMATCHED)
        for one in descriptions.apply(described, said)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
    write_whole(folder / "openapi.yaml", text)
    write_whole(folder / "API.md", markdown(model, described))
    write_whole(folder / "model.json", model.model_dump_json(indent=1) + "\n")


def judged(recording: Recording, hosts: list[str]) -> list[Exchange]:
    """Return the exchanges of a recording that a replay judges."""
    return [
        exchange
        for exchange in recording
        if reason_to_leave_out(exchange) is None and (not hosts or exchange.request.host in hosts)
    ]


def list_features(project: Project, model: ApiModel) -> FeatureList:
    """Derive the features of a project; raise UsageError when there is nothing to build."""
    features = derive(
        model, [(item.name, judged(item, model.hosts)) for item in project.recordings()]
    )
    if not len(features):
        raise UsageError(
            f"The recordings of {project.directory} show no behaviour that could be built.",
            do="Record traffic that the application answers (server errors teach nothing).",
        )
    return features


def _stamp(project: Project) -> str:
    """Return what the model depends on: recordings, spec, configuration, our own inference."""
    digest = hashlib.sha256()
    paths = [*(item.path for item in project.recordings())]
    paths += [project.spec_path, project.descriptions_path]
    readers = (harness.inference, harness.traffic.framings)
    code = sorted(path for each in readers for path in Path(each.__path__[0]).rglob("*.py"))
    for path in [*paths, *code]:
        if path.is_file():
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
    digest.update(project.config.target.model_dump_json().encode())
    return digest.hexdigest()


def relearn(project: Project) -> ApiModel:
    """Infer the API model whether it is stale or not."""
    (project.state_dir / _STAMP).unlink(missing_ok=True)
    return learn(project)


def describe_model(model: ApiModel, project: Project) -> dict[str, Any]:
    """Return what `infer` says."""
    findings = [item.model_dump() for item in model.findings]
    paths = [str(project.model_dir / name) for name in ("openapi.yaml", "API.md", "model.json")]
    counts = {
        "endpoints": len(model.endpoints),
        "operations": len(model.operations),
        "entities": len(model.entities),
        "links": len(model.links),
    }
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    told = [f"  {item.level}: {item.where}: {item.detail}" for item in model.findings]
    text = "\n".join([f"{model.title}: {counted}", *told, f"written to {project.model_dir}"])
    return {"title": model.title, **counts, "files": paths, "findings": findings, "text": text}
