"""Everything that the operations are assembled from."""

from dataclasses import dataclass

from harness.inference.entities import Entities
from harness.inference.keys import ForeignKeys
from harness.inference.request_facts import RequestFacts
from harness.inference.views import Views
from harness.inference.world import World
from harness.inference.writes import Writes

Key = tuple[str, str]
"""Method and path template."""


@dataclass
class Knowledge:
    world: World
    keys: ForeignKeys
    views: Views
    writes: Writes
    entities: Entities
    requests: dict[Key, RequestFacts]
    schemes: set[str]
