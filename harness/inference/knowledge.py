"""Everything that the operations are assembled from."""

from dataclasses import dataclass, field

from harness.inference.entities import Entities
from harness.inference.keys import ForeignKeys
from harness.inference.list_samples import Columns
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
    columns: Columns = field(init=False)

    def __post_init__(self) -> None:
        self.columns = Columns(self.world, self.keys)
