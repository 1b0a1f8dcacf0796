"""What became of each entry of a capture: nothing vanishes silently."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that could not be read. `entry` counts from 1 in the file."""

    entry: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    """Counts of one import. `skipped` lists the first entries that could not be read."""

    name: str = ""
    kind: str = ""
    hosts: list[str] = field(default_factory=list)
    entries: int = 0
    kept: int = 0
    messages: int = 0
    unanswered: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_hosts: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    skipped_count: int = 0
    notes: list[str] = field(default_factory=list)

    def skip(self, entry: int, reason: str) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MAX_LISTED:
            self.skipped.append(Skipped(entry, reason))

    def drop(self, reason: str, host: str = "") -> None:
        self.dropped[reason] += 1
        if host:
            self.dropped_hosts[host] += 1

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def note_emptiness(self) -> None:
        if self.entries == 0:
            self.note("The capture is empty. Capture again, with some traffic in it.")
        elif self.kept == 0:
            self.note("Nothing in the capture is in scope. Name its API's host in [target] hosts.")

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "hosts": self.hosts,
            "entries": self.entries,
            "kept": self.kept,
            "messages": self.messages,
            "unanswered": self.unanswered,
            "dropped": dict(self.dropped),
            "dropped_hosts": dict(self.dropped_hosts.most_common(20)),
            "skipped": [{"entry": item.entry, "reason": item.reason} for item in self.skipped],
            "skipped_count": self.skipped_count,
            "notes": self.notes,
        }
