"""Recordings made in code, and what inference makes of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from harness.inference.behaviours.entities import Entities, build_entities
from harness.inference.behaviours.views import Views, learn_views
from harness.inference.behaviours.writes import Writes
from harness.inference.infer import infer
from harness.inference.model import ApiModel, Operation
from harness.inference.observe import Observation, observe
from harness.inference.paths.templates import Match, Templates
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import draft_entities
from harness.inference.state.world import World
from harness.testing import exchange
from harness.traffic.exchange import Exchange

CLOCK = 1_700_000_000.0


class Tape:
    """A recording that is written line by line: `tape.add("GET /books", 200, [])`."""

    def __init__(self, name: str = "tape") -> None:
        self.name = name
        self.exchanges: list[Exchange] = []

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def add(
        self,
        line: str,
        status: int | None,
        answer: Any = None,
        *,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Exchange:
        method, target = line.split(" ", 1)
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        made = exchange(
            len(self.exchanges) + 1,
            method,
            target,
            body,
            status,
            answer,
            {**sent, **(headers or {})},
        )
        self.exchanges.append(made)
        return made


class FixedTemplates:
    """Templates that are given, the more literal first."""

    def __init__(self, templates: Iterable[str]) -> None:
        ordered = sorted(templates, key=lambda each: each.count("{"))
        self._patterns = [
            (each, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", each))) for each in ordered
        ]

    def match(self, method: str, host: str, path: str) -> Match | None:
        for template, pattern in self._patterns:
            if found := pattern.fullmatch(path):
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                return Match(template, params)
        return None


def observations(*tapes: Tape, paths: Iterable[str]) -> list[Observation]:
    templates = cast("Templates", FixedTemplates(paths))
    found: list[Observation] = []
    for tape in tapes:
        found.extend(observe(tape.name, tape, templates, len(found)))
    return found


@dataclass
class Known:
    """Everything that is known of some tapes before operations are assembled."""

    world: World
    keys: ForeignKeys
    views: Views
    writes: Writes
    entities: Entities


def known(*tapes: Tape, paths: Iterable[str]) -> Known:
    world = world_of(*tapes, paths=paths)
    keys = ForeignKeys(world)
    views = learn_views(world, keys)
    writes = Writes(world, keys, views.columns)
    return Known(world, keys, views, writes, build_entities(world, keys, views, writes))


def world_of(*tapes: Tape, paths: Iterable[str]) -> World:
    seen = observations(*tapes, paths=paths)
    return World(seen, draft_entities(seen))


def model_of(*tapes: Tape) -> ApiModel:
    return infer(tapes, title="Library")


def at(model: ApiModel, line: str) -> Operation:
    """The operation of a method and path template."""
    return next(each for each in model.operations if f"{each.method} {each.path}" == line)
