"""`understudy import`: captures become recordings of a project."""

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.project import Project
from harness.traffic.importers import import_file
from harness.traffic.report import ImportReport
from harness.traffic.scope import Scope

_SUFFIXES = (".gz", ".har", ".flows", ".flow", ".mitm", ".db", ".traffic", ".json")
_LISTED = 5


def scope_of(project: Project) -> Scope:
    target = project.config.target
    return Scope(target.hosts, target.extra_hosts, target.denied_hosts)


def import_files(
    project: Project, files: Sequence[Path], *, keep_secrets: bool = False
) -> list[ImportReport]:
    """Import captures one after the other; one that keeps nothing is an error."""
    return [
        _import(project, path, recording_name(path), keep_secrets=keep_secrets) for path in files
    ]


def import_as(project: Project, path: Path, name: str) -> ImportReport:
    """Import one capture under a name, secrets replaced."""
    return _import(project, path, name, keep_secrets=False)


def _import(project: Project, path: Path, name: str, *, keep_secrets: bool) -> ImportReport:
    from harness.traffic.pseudonyms import Pseudonyms  # noqa: PLC0415

    destination = project.recording_path(name)
    destination.parent.mkdir(parents=True, exist_ok=True)
    pseudonyms = (
        None
        if keep_secrets
        else Pseudonyms(project.pseudonym_key(), personal=project.config.traffic.personal)
    )
    report = import_file(path, destination, scope_of(project), pseudonyms)
    if not report.kept:
        destination.unlink(missing_ok=True)
        raise UsageError(f"Nothing in {path} is in scope.", do=_what_was_there(project, report))
    return report


def _what_was_there(project: Project, report: ImportReport) -> str:
    hosts = ", ".join(host for host, _ in report.dropped_hosts.most_common(_LISTED))
    if hosts:
        return (
            f"It has traffic of {hosts}: set `hosts` under [target] in "
            f"{project.directory / 'understudy.toml'}, then import again."
        )
    return "Record the application while its API is used, then import that capture."


def recording_name(path: Path) -> str:
    """Return the name of a recording made from a file: the file's, without its suffixes."""
    name = path.name
    while (suffix := Path(name).suffix.lower()) in _SUFFIXES and Path(name).stem:
        name = name[: -len(suffix)]
    return name


def describe(report: ImportReport) -> str:
    """Say what became of a capture's entries."""
    messages = f", {report.messages} WebSocket messages" if report.messages else ""
    lines = [
        f"{report.name}: {report.kept - report.messages} of {report.entries} entries kept"
        f"{messages} ({', '.join(report.hosts) or 'no host'})"
    ]
    dropped = report.dropped.most_common()
    lines += [f"  left out: {count} times {reason}" for reason, count in dropped]
    lines += [f"  entry {item.entry}: {item.reason}" for item in report.skipped[:_LISTED]]
    if report.skipped_count > _LISTED:
        lines.append(f"  and {report.skipped_count - _LISTED} more entries that cannot be read")
    return "\n".join(lines + [f"  {note}" for note in report.notes])
