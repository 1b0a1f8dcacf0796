"""Everything that the operations are assembled from."""

from dataclasses import dataclass, field

from harness.inference.behaviours.entities import Entities
from harness.inference.behaviours.views import Views
from harness.inference.behaviours.writes import Writes
from harness.inference.lists.samples import Columns
from harness.inference.requests.request_facts import RequestFacts
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.world import World

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
    columns: Columns = field(init=False)

    def __post_init__(self) -> None:
        self.columns = Columns(self.world, self.keys)
