"""What the conditions of one operation may be about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.inference.model import Condition
from harness.inference.observe import Observation
from harness.inference.requests.request_facts import RequestFacts
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import Row
from harness.inference.state.world import World

Test = Callable[[Observation], bool]


@dataclass(frozen=True)
class LookupDraft:
    """A row that the path (or the body) addresses: `find` gives it before an observation."""

    name: str
    draft: Draft
    find: Callable[[Observation], Row | None] = field(compare=False)
    param: str | None = None


@dataclass
class Scene:
    """What the conditions of one operation may be about."""

    world: World
    keys: ForeignKeys
    lookups: list[LookupDraft]
    subject: str | None
    fields: Callable[[Observation], dict[str, Any]]
    inputs: dict[str, str]
    written: Draft | None
    request: RequestFacts | None
    link: LinkDraft | None
    schemes: set[str]
    param_types: dict[str, str]
    query_types: Mapping[str, str]
    primary: dict[int, str]
    stored: dict[int, dict[str, None]]


@dataclass(eq=False)
class Candidate:
    rank: float
    condition: Condition
    test: Test
    label: str
