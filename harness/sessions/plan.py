"""What the next session is for, and when there is nothing left to try."""

from dataclasses import dataclass, field

from harness.builders import Builder
from harness.features.feature import Feature, FeatureList


@dataclass(slots=True)
class Plan:
    """Slices of failing features for one builder after the other.

    First resource by resource, in the order of the list; then everything that fails at once;
    then the next builder. `size` is how many features a slice aims at, a resource is never split.
    """

    builders: list[Builder]
    size: int
    stuck_after: int
    dry: int = 0
    widened: bool = False
    _tried: set[str] = field(default_factory=set)

    @property
    def builder(self) -> Builder:
        return self.builders[0]

    @property
    def at_end(self) -> bool:
        return not self.builders

    def next_slice(self, features: FeatureList) -> list[Feature]:
        """Return failing features, those first that stand on nothing that fails."""
        failing = features.failing
        fresh = [item for item in failing if item.resource not in self._tried]
        if self.widened or not fresh:
            self.widened = True
            return failing
        chosen: list[Feature] = []
        for resource in dict.fromkeys(item.resource for item in fresh):
            members = [item for item in fresh if item.resource == resource]
            if chosen and len(chosen) + len(members) > self.size:
                break
            chosen += members
        self._tried |= {item.resource for item in chosen}
        return chosen

    def learn(self, *, gained: int, landed: bool, exhausted: bool) -> None:
        """Take a session's result into account."""
        progress = landed and gained > 0
        self.dry = 0 if progress else self.dry + 1
        if progress:
            return
        last_slice = self.widened
        if not landed:
            self.widened = True
        if last_slice and (exhausted or self.dry >= self.stuck_after):
            self._next_builder()

    def _next_builder(self) -> None:
        self.builders.pop(0)
        self.dry, self.widened = 0, False
        self._tried.clear()
