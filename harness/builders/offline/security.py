"""Who is asking: the dependencies that authenticate requests."""

from collections import Counter
from dataclasses import dataclass, field

from harness.builders.offline import names
from harness.builders.offline.backend import Backend, check_of
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.plans import AUTH_CHECKS
from harness.inference.model import Operation

DEFAULT_ERROR = "NotAuthenticatedError"
Combination = tuple[bool, str, str, str]


@dataclass(slots=True)
class Guard:
    """A function that authenticates, and the errors that it answers with ("" for none)."""

    function: str
    alias: str
    required: bool
    missing: str
    wrong: str
    gone: str


@dataclass
class Security:
    """The guards of a backend, one for each combination of answers that was observed."""

    backend: Backend
    errors: ErrorRegistry
    guards: dict[Combination, Guard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        secured = [item for item in self.backend.operations if item.auth != "none"]
        popular = Counter(self._combination(item) for item in secured)
        first = {item: next(o for o in secured if self._combination(o) == item) for item in popular}
        taken: set[str] = set()
        for combination, _ in popular.most_common():
            base = "current_user" if combination[0] else "optional_user"
            name = base
            if name in taken:
                name = f"{base}_to_{names.snake(first[combination].id)}"
            name = names.unique(name, taken)
            required, missing, wrong, gone = combination
            self.guards[combination] = Guard(
                name, names.pascal(name), required, missing, wrong, gone
            )

    def dependency(self, operation: Operation) -> str:
        return self.guards[self._combination(operation)].alias

    def function(self, operation: Operation) -> str:
        return self.guards[self._combination(operation)].function

    def failures(self, operation: Operation) -> list[str]:
        """Return the errors that the guard of an operation can raise."""
        if operation.auth == "none":
            return []
        guard = self.guards[self._combination(operation)]
        return [name for name in (guard.missing, guard.wrong, guard.gone) if name]

    @property
    def needs_default(self) -> bool:
        return any(DEFAULT_ERROR in combination for combination in self.guards) and all(
            error.name != DEFAULT_ERROR for error in self.errors
        )

    def _combination(self, operation: Operation) -> Combination:
        missing, wrong, gone = (self._error(operation, kind) for kind in AUTH_CHECKS)
        required = operation.auth == "required"
        if required:
            missing = missing or wrong or self._usual("unauthenticated")
            wrong = wrong or missing
            gone = gone or wrong
        else:
            missing = ""
        return required, missing, wrong, gone

    def _error(self, operation: Operation, kind: str) -> str:
        check = check_of(operation, kind)
        return self.errors.of(check.response).name if check and check.response else ""

    def _usual(self, kind: str) -> str:
        found = Counter(self._error(item, kind) for item in self.backend.operations)
        del found[""]
        return found.most_common(1)[0][0] if found else DEFAULT_ERROR
