"""Who is told what because of an operation, where every recorded time agrees.

Every audience that the grammar can express is a candidate; each write strikes out those that differ
from the clients which were told. Of those left the narrowest is taken: those who know a row that
the write names, before those who said who they are, before everybody.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.inference.model import Finding, LiveEvent, Operation
from harness.traffic.framings.pushed import KEYS, Told, Write
from harness.traffic.framings.recipes import Recipe, Sample, Taken, find, learn, make, places
from harness.traffic.framings.rest import NOTHING
from harness.traffic.framings.spaces import parts_of
from harness.traffic.framings.verbs import parse_name

_SHOWN = 5
_PARAMETER = re.compile(r"\\\{[^}]+\\\}")
_NAMES_ROW = re.compile(r"(id|Id|_key|slug|uuid)$")


@dataclass(frozen=True, slots=True)
class _Audience:
    """Those who know a key, those who are signed in, or all; and whether the writer is told too."""

    key: Taken | None
    writer: bool
    signed: bool

    def fits(self, write: Write, told: Sequence[Told], usual: Any) -> bool:
        """Whether those were told; where nobody was, `usual` is the space they would be in."""
        if write.by is None and not self.writer:
            return False
        for space in [each.space for each in told] or [usual]:
            group = [each.to for each in told if each.space == space]
            if sorted(group) != sorted(self._expected(write, space)):
                return False
        return True

    def _expected(self, write: Write, space: Any) -> set[int]:
        if self.key is None:
            there = set(write.present)
        else:
            there = set(write.aware.get(str(find(write.source, self.key.path)), ()))
        if self.signed:
            there &= write.signed
        if space:
            joined = write.joined.items()
            inside = {one for one, spaces in joined if any(parts_of(s) == space for s in spaces)}
            there &= inside
        return there if self.writer else there - {write.by}


def learn_events(
    writes: Sequence[tuple[str, Write]],
    operations: list[Operation],
    findings: list[Finding],
    *,
    subscribed: bool = False,
) -> list[LiveEvent]:
    """Return what one socket's clients are told, in the order of the operations.

    Where they have `subscribed` to it, the writer is told too, unless that is contradicted. What is
    told, but not understood, is a finding.
    """
    writers = (True, False) if subscribed else (False, True)
    return [event for each in operations for event in _events(each, writes, writers, findings)]


def _events(
    operation: Operation,
    seen: Iterable[tuple[str, Write]],
    writers: Sequence[bool],
    findings: list[Finding],
) -> Iterator[LiveEvent]:
    pattern = re.compile(_PARAMETER.sub("[^/]+", re.escape(operation.path)))
    writes = [
        (recording, write)
        for recording, write in seen
        if write.method == operation.method and pattern.fullmatch(write.path)
    ]
    names = dict.fromkeys(told.name for _, write in writes for told in write.told)
    for name in names:
        told = [(write, [t for t in write.told if t.name == name]) for _, write in writes]
        if _is_private(name, told):
            continue
        recipe = _recipe(operation, told)
        audience = None if recipe is None else _audience(operation, told, recipe, writers)
        evidence = [f"{recording}#{write.seq}" for recording, write in writes][:_SHOWN]
        if recipe is not None and audience is not None:
            yield LiveEvent(
                operation=operation.id,
                name=name,
                told=recipe,
                key=audience.key,
                writer=audience.writer,
                signed=audience.signed,
                evidence=evidence,
            )
            continue
        open_ = "what it says" if recipe is None else "who is told"
        findings.append(
            Finding(
                level="warning",
                where=f"{operation.method} {operation.path}",
                detail=f"nothing explains {open_} of `{name}`: clients of the clone are not told",
                evidence=evidence,
            )
        )


def _is_private(name: str, told: Sequence[tuple[Write, list[Told]]]) -> bool:
    """Whether an event only ever answers the writer, as far as others could have been told."""
    if any(each.to != write.by for write, group in told for each in group):
        return False
    watched = any(group and write.present - {write.by} for write, group in told)
    return watched or parse_name(name).verb is None


def _recipe(operation: Operation, told: Sequence[tuple[Write, list[Told]]]) -> Recipe | None:
    samples = [
        Sample(_source(operation, write), {"space": each.space, "arguments": list(each.arguments)})
        for write, group in told
        for each in group
    ]
    return learn(samples)


def _source(operation: Operation, write: Write) -> dict[str, Any]:
    """What events are made of: of the path, the parameters alone."""
    segments = zip(operation.path.strip("/").split("/"), write.source["path"], strict=True)
    path = [value if name.startswith("{") else NOTHING for name, value in segments]
    return {**write.source, "path": path}


def _audience(
    operation: Operation,
    told: Sequence[tuple[Write, list[Told]]],
    recipe: Recipe,
    writers: Sequence[bool],
) -> _Audience | None:
    spaces = [find(make(recipe, _source(operation, write)), ["space"]) for write, _ in told]
    spaced = any(each.space for _, group in told for each in group)
    keys: list[Taken | None] = [None] if spaced else [*_keys(operation, told), None]
    for key in keys:
        for signed, writer in product((True, False), writers):
            audience = _Audience(key, writer, signed)
            if all(
                audience.fits(write, group, space)
                for (write, group), space in zip(told, spaces, strict=True)
            ):
                return audience
    return None


def _keys(operation: Operation, told: Sequence[tuple[Write, list[Told]]]) -> Iterator[Taken]:
    """Yield the places of keys: parameters of the path first, then members named like keys."""
    for index, segment in enumerate(operation.path.strip("/").split("/")):
        if segment.startswith("{"):
            yield Taken(("path", index))
    for path in places([Sample(write.source, None) for write, _ in told]):
        name = path[-1]
        if path[0] == "path" or not isinstance(name, str):
            continue
        if name in KEYS or _NAMES_ROW.search(name):
            yield Taken(path)
