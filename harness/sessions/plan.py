"""What the next session is for, and when there is nothing left to try."""

from dataclasses import dataclass, field

from harness.builders import Builder
from harness.features.feature import Feature, FeatureList


@dataclass(slots=True)
class Plan:
    """Slices of failing features for one builder after the other.

    First resource by resource, in the order of the list; then everything that fails at once;
    then the next builder. `size` is how many features a slice aims at: a resource is never split,
    and after work that could not be merged each resource is tried by itself.
    """

    builders: list[Builder]
    size: int
    stuck_after: int
    dry: int = 0
    widened: bool = False
    settled: bool = False
    """Whether everything was tried at once before: from then on nothing passes by accident."""
    _tried: set[str] = field(default_factory=set)
    _last: set[str] = field(default_factory=set)
    _alone: bool = False

    @property
    def builder(self) -> Builder:
        return self.builders[0]

    @property
    def attempt(self) -> int:
        """How often in a row sessions brought nothing, and this one."""
        return self.dry + 1

    def pass_over_to(self, name: str) -> None:
        """Leave out the builders before the one of this name, if there is one."""
        while len(self.builders) > 1 and self.builder.name != name:
            self._next_builder()

    @property
    def at_end(self) -> bool:
        return not self.builders

    def next_slice(self, features: FeatureList) -> list[Feature]:
        """Return failing features, those first that stand on nothing that fails."""
        failing = features.failing
        fresh = [item for item in failing if item.resource not in self._tried]
        if self.widened or not fresh:
            self.widened = self.settled = True
            return failing
        chosen: list[Feature] = []
        for resource in dict.fromkeys(item.resource for item in fresh):
            members = [item for item in fresh if item.resource == resource]
            if chosen and (self._alone or len(chosen) + len(members) > self.size):
                break
            chosen += members
        self._last = {item.resource for item in chosen}
        self._tried |= self._last
        return chosen

    def learn(self, *, gained: int, landed: bool, exhausted: bool) -> None:
        """Take a session's result into account."""
        if landed and gained:
            self.dry = 0
            return
        self.dry += 1
        if not landed and len(self._last) > 1 and not self.widened:
            self._tried -= self._last
            self._alone = True
        if self.widened and (exhausted or self.dry >= self.stuck_after):
            self._next_builder()

    def _next_builder(self) -> None:
        self.builders.pop(0)
        self.dry, self.widened, self._alone = 0, False, False
        self._tried.clear()
